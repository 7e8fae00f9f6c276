//! The list of implementations that hsum is compared with, for one message and for many.

use aws_lc_rs::{digest as aws, hmac as aws_hmac};
use hsum::{Algorithm, Key};
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::pkey::PKey;
use ring::{digest as ring_digest, hmac as ring_hmac};
use sha2::Digest;

/// One library's implementation of a function, prepared for many messages.
pub struct Rival {
    /// The library: `openssl`.
    pub name: &'static str,
    /// Computes the digest or tag of a message.
    pub run: Run,
}

/// A function from a message to its digest or tag.
pub type Run = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

fn rival(name: &'static str, run: impl FnMut(&[u8]) -> Vec<u8> + 'static) -> Rival {
    Rival { name, run: Box::new(run) }
}

/// Returns every implementation of `algorithm`, hsum first.
pub fn digests(algorithm: Algorithm) -> Vec<Rival> {
    let mut rivals =
        vec![rival("hsum", move |data| hsum::digest(algorithm, data).as_bytes().to_vec())];
    if let Some(theirs) = openssl_digest(algorithm) {
        let len = algorithm.default_len();
        let endless = matches!(algorithm, Algorithm::Shake128 | Algorithm::Shake256);
        let mut context = MdCtx::new().expect("memory");
        rivals.push(rival("openssl", move |data| {
            let mut out = vec![0; len];
            context.digest_init(&theirs).expect("cannot fail");
            context.digest_update(data).expect("cannot fail");
            match endless {
                true => context.digest_final_xof(&mut out).expect("cannot fail"),
                false => drop(context.digest_final(&mut out).expect("cannot fail")),
            }
            out
        }));
    }
    if let Some(theirs) = aws_digest(algorithm) {
        rivals.push(rival("aws-lc", move |data| aws::digest(theirs, data).as_ref().to_vec()));
    }
    if let Some(theirs) = ring_digest(algorithm) {
        rivals.push(rival("ring", move |data| ring_digest::digest(theirs, data).as_ref().to_vec()));
    }
    let of_crate: Option<fn(&[u8]) -> Vec<u8>> = match algorithm {
        Algorithm::Md5 => Some(|data| md5::Md5::digest(data).to_vec()),
        Algorithm::Sha256 => Some(|data| sha2::Sha256::digest(data).to_vec()),
        Algorithm::Sha512 => Some(|data| sha2::Sha512::digest(data).to_vec()),
        Algorithm::Blake3 => Some(|data| blake3::hash(data).as_bytes().to_vec()),
        _ => None,
    };
    if let Some(run) = of_crate {
        rivals.push(rival("crate", run));
    }
    rivals
}

/// One library's function for many messages at once.
pub struct Batch {
    /// The library: `md5-many`.
    pub name: &'static str,
    /// Computes the digest of each message.
    pub run: RunMany,
}

/// A function of messages and 64 bytes for each digest.
pub type RunMany = Box<dyn FnMut(&[&[u8]], &mut [[u8; 64]])>;

/// Returns every library that hashes many messages of `algorithm` at once, hsum first.
pub fn batches(algorithm: Algorithm) -> Vec<Batch> {
    fn batch<D: AsRef<[u8]> + Clone + 'static>(
        name: &'static str,
        empty: D,
        run: impl Fn(&[&[u8]], &mut [D]) + 'static,
    ) -> Batch {
        let mut digests = Vec::new();
        let run = move |messages: &[&[u8]], out: &mut [[u8; 64]]| {
            digests.resize(messages.len(), empty.clone());
            run(messages, &mut digests);
            for (out, digest) in out.iter_mut().zip(&digests) {
                let digest = digest.as_ref();
                out[..digest.len()].copy_from_slice(digest);
            }
        };
        Batch { name, run: Box::new(run) }
    }
    let empty = hsum::digest(algorithm, b"");
    let ours = move |messages: &[&[u8]], out: &mut [hsum::Digest]| {
        hsum::digest_many(algorithm, messages, out);
    };
    let mut all = vec![batch("hsum", empty, ours)];
    match algorithm {
        Algorithm::Md5 => {
            let engine = md5_many::Md5Many::new();
            let run = move |messages: &[&[u8]], out: &mut [_]| engine.hash_many(messages, out);
            all.push(batch("md5-many", [0; 16], run));
        }
        Algorithm::Sha256 => all.push(batch("tape-sha256", [0; 32], tape_sha256::hash_many)),
        _ => {}
    }
    all
}

/// Returns every HMAC-SHA-256 with `secret`, with a prepared key where the library supports that.
pub fn hmac_sha256(secret: &[u8]) -> Vec<Rival> {
    let ours = Key::new(Algorithm::Sha256, secret).expect("SHA-256 has an HMAC");
    // The crate cannot copy a context that holds the key, so the key is prepared for each message.
    let theirs = PKey::hmac(secret).expect("any key");
    let sha256 = Md::fetch(None, "SHA256", None).expect("every OpenSSL has it");
    let mut context = MdCtx::new().expect("memory");
    let aws_key = aws_hmac::Key::new(aws_hmac::HMAC_SHA256, secret);
    let ring_key = ring_hmac::Key::new(ring_hmac::HMAC_SHA256, secret);
    vec![
        rival("hsum", move |data| ours.sign(data).into_bytes()),
        rival("openssl", move |data| {
            let mut tag = vec![0; 32];
            context.digest_sign_init(Some(&sha256), &theirs).expect("cannot fail");
            context.digest_sign(data, Some(&mut tag)).expect("cannot fail");
            context.reset().expect("cannot fail");
            tag
        }),
        rival("aws-lc", move |data| aws_hmac::sign(&aws_key, data).as_ref().to_vec()),
        rival("ring", move |data| ring_hmac::sign(&ring_key, data).as_ref().to_vec()),
    ]
}

/// Looks up a function of OpenSSL 3, which takes longer than hashing a short message.
fn openssl_digest(algorithm: Algorithm) -> Option<Md> {
    let name = match algorithm {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha1 => "SHA1",
        Algorithm::Sha224 => "SHA224",
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha384 => "SHA384",
        Algorithm::Sha512 => "SHA512",
        Algorithm::Sha512_224 => "SHA512-224",
        Algorithm::Sha512_256 => "SHA512-256",
        Algorithm::Sha3_224 => "SHA3-224",
        Algorithm::Sha3_256 => "SHA3-256",
        Algorithm::Sha3_384 => "SHA3-384",
        Algorithm::Sha3_512 => "SHA3-512",
        Algorithm::Shake128 => "SHAKE128",
        Algorithm::Shake256 => "SHAKE256",
        Algorithm::Blake2b => "BLAKE2B-512",
        Algorithm::Blake2s => "BLAKE2S-256",
        _ => return None,
    };
    Md::fetch(None, name, None).ok()
}

fn aws_digest(algorithm: Algorithm) -> Option<&'static aws::Algorithm> {
    Some(match algorithm {
        Algorithm::Sha1 => &aws::SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha224 => &aws::SHA224,
        Algorithm::Sha256 => &aws::SHA256,
        Algorithm::Sha384 => &aws::SHA384,
        Algorithm::Sha512 => &aws::SHA512,
        Algorithm::Sha512_256 => &aws::SHA512_256,
        Algorithm::Sha3_256 => &aws::SHA3_256,
        Algorithm::Sha3_384 => &aws::SHA3_384,
        Algorithm::Sha3_512 => &aws::SHA3_512,
        _ => return None,
    })
}

fn ring_digest(algorithm: Algorithm) -> Option<&'static ring_digest::Algorithm> {
    Some(match algorithm {
        Algorithm::Sha1 => &ring_digest::SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => &ring_digest::SHA256,
        Algorithm::Sha384 => &ring_digest::SHA384,
        Algorithm::Sha512 => &ring_digest::SHA512,
        Algorithm::Sha512_256 => &ring_digest::SHA512_256,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_libraries_agree_on_batches() {
        let message: Vec<u8> = (0..=250).cycle().take(5000).collect();
        let messages: Vec<&[u8]> = (0..300).map(|i| &message[..i * i % 4999]).collect();
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let run = |batch: &mut Batch| {
                let mut out = vec![[0; 64]; messages.len()];
                (batch.run)(&messages, &mut out);
                out
            };
            let mut all = batches(algorithm);
            assert_eq!(run(&mut all[0]), run(&mut all[1]), "{}", all[1].name);
        }
    }

    /// Checks that all digests agree, and returns the number of comparisons.
    fn check(mut rivals: Vec<Rival>) -> usize {
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 1000, 100_000] {
            let message: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let expected = (rivals[0].run)(&message);
            for rival in &mut rivals {
                assert_eq!((rival.run)(&message), expected, "{}: {len}", rival.name);
            }
        }
        rivals.len() - 1
    }

    #[test]
    fn all_libraries_agree() {
        let compared: usize = Algorithm::ALL.iter().map(|a| check(digests(*a))).sum();
        // 16 by OpenSSL 3, 9 by AWS-LC, 5 by ring, 4 by crates.
        assert_eq!(compared, 34);
        assert_eq!(check(hmac_sha256(b"key")), 3);
        assert_eq!(check(hmac_sha256(&[7; 100])), 3);
    }
}
