//! HMAC, PBKDF2 and HKDF by RustCrypto's crates, with their test vectors and those of RFCs.

use digest::block_api::EagerHash;
use digest::dev::{MacTestVector, MacTruncSide, mac_test, reset_mac_test};
use hkdf::GenericHkdf;
use hmac::{Hmac, HmacReset, KeyInit, Mac, SimpleHmac, SimpleHmacReset};
use hsum::rustcrypto::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
use hsum::{Algorithm, Key};
use pbkdf2::pbkdf2_hmac;

use crate::common::noise;
use crate::for_each_fixed;

macro_rules! hmac_test {
    ($($name:ident: $hash:ty, $truncated:ident;)*) => {$(
        #[test]
        fn $name() {
            digest::dev::blobby::parse_into_structs!(
                include_bytes!(concat!("data/", stringify!($name), ".blb"));
                static VECTORS: &[MacTestVector { key, input, tag }];
            );
            assert!(VECTORS.len() > 2);
            for (i, vector) in VECTORS.iter().enumerate() {
                let side = MacTruncSide::$truncated;
                assert_eq!(mac_test::<Hmac<$hash>>(vector, side), Ok(()), "Hmac, {i}");
                assert_eq!(reset_mac_test::<HmacReset<$hash>>(vector, side), Ok(()), "HmacReset, {i}");
                assert_eq!(mac_test::<SimpleHmac<$hash>>(vector, side), Ok(()), "SimpleHmac, {i}");
                let result = reset_mac_test::<SimpleHmacReset<$hash>>(vector, side);
                assert_eq!(result, Ok(()), "SimpleHmacReset, {i}");
            }
        }
    )*};
}
hmac_test! {
    hmac_md5_rfc2104: Md5, None;
    hmac_sha224_rfc4231: Sha224, None;
    hmac_sha256_rfc4231: Sha256, None;
    hmac_sha384_rfc4231: Sha384, None;
    hmac_sha512_rfc4231: Sha512, None;
    hmac_sha1_wycheproof: Sha1, Left;
    hmac_sha256_wycheproof: Sha256, Left;
    hmac_sha384_wycheproof: Sha384, Left;
    hmac_sha512_wycheproof: Sha512, Left;
}

/// `hmac` on these hashers, `hmac` on RustCrypto's, and this crate's own HMAC.
#[test]
fn tags_of_every_function_agree() {
    fn agree<Ours, Theirs>(algorithm: Algorithm)
    where
        Ours: EagerHash,
        Theirs: digest::Digest + digest::block_api::BlockSizeUser,
    {
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 143, 144, 145, 1_000] {
            let (secret, message) = (noise(7, len), noise(8, 3 * len));
            let ours = Hmac::<Ours>::new_from_slice(&secret).unwrap();
            let tag = ours.chain_update(&message).finalize().into_bytes();
            let theirs = SimpleHmac::<Theirs>::new_from_slice(&secret).unwrap();
            let expected = theirs.chain_update(&message).finalize().into_bytes();
            assert_eq!(tag[..], expected[..], "{algorithm}, {len} bytes");
            let key = Key::new(algorithm, &secret).unwrap();
            assert!(key.verify(&message, &tag).is_ok(), "{algorithm}, {len} bytes");
        }
    }
    for_each_fixed!(agree);
}

fn assert_derives<D: EagerHash>(password: &str, salt: &str, rounds: u32, expected: &str) {
    let mut key = vec![0; expected.len() / 2];
    pbkdf2_hmac::<D>(password.as_bytes(), salt.as_bytes(), rounds, &mut key);
    assert_eq!(hex::encode(key), expected, "{password}, {salt}, {rounds}");
}

#[test]
fn pbkdf2_of_rfc_6070() {
    for (password, salt, rounds, expected) in [
        ("password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        ("password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        ("password", "salt", 4_096, "4b007901b765489abead49d926f721d065a429c1"),
        (
            "passwordPASSWORDpassword",
            "saltSALTsaltSALTsaltSALTsaltSALTsalt",
            4_096,
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
        ),
        ("pass\0word", "sa\0lt", 4_096, "56fa6aa75548099dcc37d7f03425e0c3"),
    ] {
        assert_derives::<Sha1>(password, salt, rounds, expected);
    }
}

/// RFC 7914, section 11.
#[test]
fn pbkdf2_of_rfc_7914() {
    assert_derives::<Sha256>(
        "passwd",
        "salt",
        1,
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
         49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    );
    assert_derives::<Sha256>(
        "Password",
        "NaCl",
        80_000,
        "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
         a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
    );
}

/// From `tests/pbkdf2.rs` of `pbkdf2` 0.13.0, without the rounds that take longest.
#[test]
fn pbkdf2_of_the_crate() {
    const LONG: (&str, &str) = ("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt");
    assert_derives::<Sha256>("password", "salt", 1, "120fb6cffcf8b32c43e7225256c4f837a86548c9");
    assert_derives::<Sha256>("password", "salt", 2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8e");
    assert_derives::<Sha256>("password", "salt", 4_096, "c5e478d59288c841aa530db6845c4c8d962893a0");
    assert_derives::<Sha256>(LONG.0, LONG.1, 4_096, "348c89dbcbd32b2f32d814b8116e84cf2b17347e");
    assert_derives::<Sha512>("password", "salt", 1, "867f70cf1ade02cff3752599a3a53dc4af34c7a6");
    assert_derives::<Sha512>("password", "salt", 2, "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e");
    assert_derives::<Sha512>("password", "salt", 4_096, "d197b1b33db0143e018b12f3d1d1479e6cdebdcc");
    assert_derives::<Sha512>(LONG.0, LONG.1, 4_096, "8c0511f4c6e597c6ac6315d8f0362e225f3c5014");
}

#[derive(Clone, Copy)]
struct HkdfVector {
    ikm: &'static [u8],
    salt: &'static [u8],
    info: &'static [u8],
    prk: &'static [u8],
    okm: &'static [u8],
}

fn hkdf_test<H: hkdf::HmacImpl>(vectors: &[HkdfVector]) {
    assert!(vectors.len() > 2);
    for vector in vectors {
        let salt = (!vector.salt.is_empty()).then_some(vector.salt);
        let (prk, hkdf) = GenericHkdf::<H>::extract(salt, vector.ikm);
        assert_eq!(prk[..], *vector.prk);
        let mut okm = vec![0; vector.okm.len()];
        hkdf.expand(vector.info, &mut okm).unwrap();
        assert_eq!(okm, vector.okm);
    }
}

macro_rules! hkdf_test {
    ($($name:ident: $hash:ty;)*) => {$(
        #[test]
        fn $name() {
            digest::dev::blobby::parse_into_structs!(
                include_bytes!(concat!("data/", stringify!($name), ".blb"));
                static VECTORS: &[HkdfVector { ikm, salt, info, prk, okm }];
            );
            hkdf_test::<Hmac<$hash>>(VECTORS);
            hkdf_test::<SimpleHmac<$hash>>(VECTORS);
        }
    )*};
}
hkdf_test! {
    hkdf_sha1_rfc5869: Sha1;
    hkdf_sha256_rfc5869: Sha256;
}
