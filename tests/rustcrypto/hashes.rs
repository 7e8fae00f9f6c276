//! Digests, outputs and properties of the hashers.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::process::Command;

use digest::block_api::{AlgorithmName, BlockSizeUser, EagerHash};
use digest::common::hazmat::SerializableState;
use digest::const_oid::AssociatedOid;
use digest::dev::{TestVector, fixed_reset_test, xof_reset_test};
use digest::typenum::Unsigned;
use digest::zeroize::ZeroizeOnDrop;
use digest::{
    CollisionResistance, Digest, ExtendableOutputReset, FixedOutputReset, HashMarker, Update,
    XofReader,
};
use hsum::Algorithm;
use hsum::simd::Tier;

use crate::common::noise;
use crate::vectors::{Kind, cases};
use crate::{for_each_extendable, for_each_fixed};

/// The known answers of an algorithm, each with its name.
fn known(algorithm: Algorithm) -> impl Iterator<Item = (String, TestVector)> {
    let cases = cases(Kind::Hash).into_iter().filter(move |case| case.algorithm == algorithm);
    cases.map(|case| {
        (case.name, TestVector { input: case.message.leak(), output: case.expected.leak() })
    })
}

#[test]
fn answers_are_known() {
    fn fixed<Ours: FixedOutputReset + Clone + Default + HashMarker, Theirs>(algorithm: Algorithm) {
        for (name, vector) in known(algorithm) {
            assert_eq!(fixed_reset_test::<Ours>(&vector), Ok(()), "{name}");
        }
    }
    for_each_fixed!(fixed);

    fn extendable<Ours: ExtendableOutputReset + Default + Debug + Clone, Theirs>(a: Algorithm) {
        for (name, vector) in known(a) {
            assert_eq!(xof_reset_test::<Ours>(&vector), Ok(()), "{name}");
        }
    }
    for_each_extendable!(extendable);
}

#[test]
fn digests_of_every_length_and_split_agree() {
    fn agree<Ours: Digest + Clone, Theirs: Digest>(algorithm: Algorithm) {
        let message = noise(1, 300);
        let expected: Vec<_> = (0..=300).map(|len| Theirs::digest(&message[..len])).collect();
        let mut head = Ours::new();
        for split in 0..=300 {
            for len in split..=300 {
                let digest = head.clone().chain_update(&message[split..len]).finalize();
                assert_eq!(digest[..], expected[len][..], "{algorithm}, {split} of {len} bytes");
            }
            head.update(message.get(split..=split).unwrap_or_default());
        }
    }
    for_each_fixed!(agree);
}

#[test]
fn long_messages_agree() {
    fn agree<Ours: Digest, Theirs: Digest>(algorithm: Algorithm) {
        let message = noise(2, 70_000);
        let expected = Theirs::digest(&message);
        for piece in [63, 64, 65, 1_000, 4_096, 65_537, 70_000] {
            let mut hasher = Ours::new();
            message.chunks(piece).for_each(|bytes| hasher.update(bytes));
            assert_eq!(hasher.finalize()[..], expected[..], "{algorithm}, pieces of {piece} bytes");
        }
    }
    for_each_fixed!(agree);
}

#[test]
fn endless_outputs_agree() {
    fn agree<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: ExtendableOutputReset<Reader: Clone> + Default + Clone,
        Theirs: ExtendableOutputReset + Default,
    {
        for len in (0..=340).chain([5_000]) {
            let message = noise(3, len);
            let mut expected = [0; 700];
            Theirs::default().chain(&message).finalize_xof().read(&mut expected);

            let mut hasher = Ours::default();
            let (head, tail) = message.split_at(len / 3);
            hasher.update(head);
            hasher.update(tail);
            for piece in [1, 8, 100, 136, 167, 168, 169, 700] {
                let mut reader = hasher.clone().finalize_xof();
                let mut out = [0; 700];
                for bytes in out.chunks_mut(piece) {
                    reader.read(bytes);
                    // A clone reads on from the same place.
                    reader = reader.clone();
                }
                assert_eq!(out, expected, "{algorithm}, {len} bytes read by {piece}");
            }
        }
    }
    for_each_extendable!(agree);
}

/// Runs the other tests once for each tier. States are those of RustCrypto's types on each, so a state of one tier
/// can be restored on another.
#[test]
fn every_tier_agrees() {
    for tier in Tier::ALL.iter().filter(|tier| tier.is_available()) {
        let tests = ["hashes::", "states::", "--skip", "every_tier"];
        let program = std::env::current_exe().unwrap();
        let run = Command::new(program).env("HSUM_TIER", tier.name()).args(tests).output().unwrap();
        let text = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "tier {tier}:\n{text}");
        assert!(!text.contains("running 0 tests"), "tier {tier}:\n{text}");
    }
}

/// Accepts what crates ask of a hash function: `hmac`, `pbkdf2`, `rsa`, `ecdsa` and others.
fn accept<D>()
where
    D: EagerHash + AssociatedOid + FixedOutputReset + SerializableState + ZeroizeOnDrop,
    D: Debug + Send + Sync + Unpin + 'static,
{
}

fn accept_extendable<D>()
where
    D: ExtendableOutputReset<Reader: ZeroizeOnDrop + Clone + Send + Sync> + HashMarker + Clone,
    D: AssociatedOid + SerializableState + ZeroizeOnDrop + Debug + Send + Sync + Unpin + 'static,
{
}

/// The name that `AlgorithmName` writes.
struct Name<D>(PhantomData<D>);

impl<D: AlgorithmName> fmt::Display for Name<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        D::write_alg_name(f)
    }
}

#[test]
fn properties_are_those_of_the_crates() {
    fn fixed<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: EagerHash + AssociatedOid + FixedOutputReset + SerializableState + ZeroizeOnDrop,
        Ours: AlgorithmName + Debug + Default + Send + Sync + Unpin + 'static,
        Theirs: Digest + BlockSizeUser + AssociatedOid + Debug + Default,
    {
        accept::<Ours>();
        assert_eq!(Ours::OID, Theirs::OID, "{algorithm}");
        assert_eq!(Ours::BlockSize::USIZE, Theirs::BlockSize::USIZE, "{algorithm}");
        assert_eq!(Ours::BlockSize::USIZE, algorithm.block_len().unwrap(), "{algorithm}");
        assert_eq!(Ours::OutputSize::USIZE, Theirs::OutputSize::USIZE, "{algorithm}");
        let mut hasher = Ours::default();
        Digest::update(&mut hasher, b"secret");
        assert_eq!(format!("{hasher:?}"), format!("{:?}", Theirs::default()));
        assert_eq!(Name::<Ours>(PhantomData).to_string(), format!("{algorithm:?}"));
    }
    for_each_fixed!(fixed);

    fn extendable<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: ExtendableOutputReset<Reader: ZeroizeOnDrop + Clone + Send + Sync> + HashMarker,
        Ours: AssociatedOid + SerializableState + ZeroizeOnDrop + CollisionResistance,
        Ours: AlgorithmName + Debug + Default + Clone + Send + Sync + Unpin + 'static,
        Theirs: CollisionResistance + Debug + Default,
    {
        accept_extendable::<Ours>();
        type Strength<D> = <D as CollisionResistance>::CollisionResistance;
        assert_eq!(Strength::<Ours>::USIZE, Strength::<Theirs>::USIZE, "{algorithm}");
        assert_eq!(format!("{:?}", Ours::default()), format!("{:?}", Theirs::default()));
        assert_eq!(Name::<Ours>(PhantomData).to_string(), format!("{algorithm:?}"));
    }
    for_each_extendable!(extendable);

    // The `shake` crate has no identifiers; these are from NIST's register.
    assert_eq!(hsum::rustcrypto::Shake128::OID.to_string(), "2.16.840.1.101.3.4.2.11");
    assert_eq!(hsum::rustcrypto::Shake256::OID.to_string(), "2.16.840.1.101.3.4.2.12");
}

/// Returns the bytes of a value before and after its drop.
fn bytes_around_drop<T>(value: T) -> [Vec<u8>; 2] {
    let mut place = Box::new(MaybeUninit::new(value));
    let read = |place: &MaybeUninit<T>| {
        let start: *const u8 = place.as_ptr().cast();
        // SAFETY: the bytes are inside the box.
        (0..size_of::<T>()).map(|i| unsafe { start.add(i).read_volatile() }).collect()
    };
    let before = read(&place);
    // SAFETY: the value is initialized, and not used again.
    unsafe { place.assume_init_drop() };
    [before, read(&place)]
}

#[test]
fn drop_wipes_the_state_and_the_unfinished_block() {
    fn wipe<Ours: Default + Update + SerializableState, Theirs>(algorithm: Algorithm) {
        let hasher = Ours::default().chain([0xa5; 235]);
        let saved = hasher.serialize();
        let [before, after] = bytes_around_drop(hasher);
        for (secret, name) in [(&saved[..16], "state"), (&[0xa5; 16], "block")] {
            let is_in = |bytes: &[u8]| bytes.windows(16).any(|window| window == secret);
            assert!(is_in(&before) && !is_in(&after), "{algorithm}: {name}");
        }
    }
    for_each_fixed!(wipe);
    for_each_extendable!(wipe);
}
