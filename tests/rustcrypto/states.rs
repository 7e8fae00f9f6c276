//! Serialized states.

use digest::common::hazmat::{SerializableState, SerializedState};
use digest::{Digest, ExtendableOutput, Update, XofReader};
use hsum::Algorithm;

use crate::common::noise;
use crate::{for_each_extendable, for_each_fixed};

/// Restores a hasher from bytes.
fn restore<D: SerializableState>(bytes: &[u8]) -> Result<D, ()> {
    D::deserialize(&SerializedState::<D>::try_from(bytes).expect("the length")).map_err(|_| ())
}

#[test]
fn states_of_every_length_are_restored() {
    fn fixed<Ours: Digest + SerializableState, Theirs: Digest>(algorithm: Algorithm) {
        let message = noise(4, 700);
        let expected = Theirs::digest(&message);
        for len in 0..300 {
            let saved = Ours::new().chain_update(&message[..len]).serialize();
            let restored = Ours::deserialize(&saved).unwrap().chain_update(&message[len..]);
            assert_eq!(restored.finalize()[..], expected[..], "{algorithm} after {len} bytes");
        }
    }
    for_each_fixed!(fixed);

    fn extendable<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: ExtendableOutput + Update + Default + SerializableState,
        Theirs: ExtendableOutput + Update + Default,
    {
        let message = noise(4, 700);
        let mut expected = [0; 400];
        Theirs::default().chain(&message).finalize_xof().read(&mut expected);
        for len in 0..350 {
            let saved = Ours::default().chain(&message[..len]).serialize();
            let mut out = [0; 400];
            let restored = Ours::deserialize(&saved).unwrap().chain(&message[len..]);
            restored.finalize_xof().read(&mut out);
            assert_eq!(out, expected, "{algorithm} after {len} bytes");
        }
    }
    for_each_extendable!(extendable);
}

/// Not guaranteed by either side, but it lets a program change the crate while it has states on disk.
#[test]
fn states_of_hashes_with_words_are_those_of_the_crates() {
    fn same<Ours: Digest + SerializableState, Theirs: Digest + SerializableState>(a: Algorithm) {
        if a.name().starts_with("sha3") {
            // The crate absorbs unfinished blocks.
            return;
        }
        for len in 0..300 {
            let message = noise(5, len);
            let ours = Ours::new().chain_update(&message).serialize();
            let theirs = Theirs::new().chain_update(&message).serialize();
            assert_eq!(ours[..], theirs[..], "{a} after {len} bytes");
        }
    }
    for_each_fixed!(same);
}

#[test]
fn damaged_states_are_rejected_or_harmless() {
    fn damage<Ours: Digest + SerializableState, Theirs>(algorithm: Algorithm) {
        let saved = Ours::new().chain_update(noise(6, 1_000)).serialize();
        let mut rejected = 0;
        for at in 0..saved.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = saved.clone();
                damaged[at] = value;
                match restore::<Ours>(&damaged) {
                    Ok(hasher) => drop(hasher.chain_update([7; 500]).finalize()),
                    Err(()) => rejected += 1,
                }
            }
        }
        assert!(rejected > 0, "{algorithm}");
    }
    for_each_fixed!(damage);
    fn damage_extendable<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: Default + Update + ExtendableOutput + SerializableState,
    {
        let saved = Ours::default().chain(noise(6, 1_000)).serialize();
        // The byte after the state counts those of the unfinished block, which zeros follow.
        for (at, value) in [(200, 0xff), (200, 200), (saved.len() - 1, 1)] {
            let mut damaged = saved.clone();
            damaged[at] = value;
            assert!(restore::<Ours>(&damaged).is_err(), "{algorithm}: {value} at {at}");
        }
    }
    for_each_extendable!(damage_extendable);
}

/// The number of blocks is kept modulo 2^64 (2^128 with words of 64 bits), the length in bits too.
#[test]
fn counters_wrap_as_the_length_does() {
    fn wrap<Ours: Digest + SerializableState, Theirs: Digest + SerializableState>(a: Algorithm) {
        // SHA-3 has no counter, and SM3's is its crate's.
        let Some((words, counter, block)) = (match a {
            Algorithm::Md5 => Some((16, 8, 64)),
            Algorithm::Sha1 => Some((20, 8, 64)),
            _ if a.name().starts_with("sha3") || a == Algorithm::Sm3 => None,
            _ if a.block_len() == Some(64) => Some((32, 8, 64)),
            _ => Some((64, 16, 128)),
        }) else {
            return;
        };
        let at = words..words + counter;
        // The length in bits has as many bytes as the number of blocks.
        let wraps_at = (u128::MAX >> (128 - 8 * counter)) / (8 * block) + 1;
        for blocks in [u128::MAX, u128::MAX - 1, wraps_at - 1] {
            let mut saved = Ours::new().serialize();
            saved[at.clone()].copy_from_slice(&blocks.to_le_bytes()[..counter]);
            // Two blocks and a bit more.
            let hasher = restore::<Ours>(&saved).unwrap().chain_update([9; 300]);
            let mut saved = hasher.serialize();
            // The same length modulo the field's size, which the crates count without overflow.
            let blocks = blocks.wrapping_add(300 / block) % wraps_at;
            saved[at.clone()].copy_from_slice(&blocks.to_le_bytes()[..counter]);
            let expected = restore::<Theirs>(&saved).unwrap().finalize();
            assert_eq!(hasher.finalize()[..], expected[..], "{a}");
        }
    }
    for_each_fixed!(wrap);
}
