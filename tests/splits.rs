//! A digest does not depend on how the message is divided, nor endless output on how it is read.

mod common;

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use common::{block_len, extendable, noise, oracle, oracle_xof, pattern};
use hsum::{Algorithm, HashFunction, Hasher, MultiHasher, digest, hash_reader};

/// Asserts that `hasher` has the digest that the oracle computes for `message`.
#[track_caller]
fn check(hasher: Hasher, message: &[u8]) {
    let (function, len) = (hasher.hash_function(), message.len());
    let expected = oracle(function, message);
    assert_eq!(hasher.finalize().as_bytes(), expected, "{function}: {len} bytes");
}

/// Returns lengths up to two blocks: the edges of blocks and of the padding's length field (8 or
/// 16 bytes), and a few between them.
fn edges(block: usize) -> Vec<usize> {
    let near = |p: usize| p - 2..=p + 1;
    let ends = [block, 2 * block].into_iter().flat_map(|end| [end, end - 8, end - 16]);
    let multiples = (0..2 * block).step_by(7);
    let points: BTreeSet<usize> = ends.flat_map(near).chain(multiples).chain(0..=2).collect();
    points.into_iter().collect()
}

/// Checks messages of every length in `points`, divided in three at every pair of `points`, and
/// returns the number of checks.
fn check_three_parts(algorithm: Algorithm, points: &[usize]) -> usize {
    let longest = points.last().copied().unwrap_or(0);
    let message = noise(algorithm as u64, longest);
    let expected: Vec<Vec<u8>> =
        points.iter().map(|len| oracle(algorithm, &message[..*len])).collect();
    let mut checked = 0;
    for (a, first) in points.iter().enumerate() {
        for (b, second) in points.iter().enumerate().skip(a) {
            for (c, len) in points.iter().enumerate().skip(b) {
                let mut hasher = Hasher::new(algorithm);
                hasher.update(&message[..*first]);
                hasher.update(&message[*first..*second]);
                hasher.update(&message[*second..*len]);
                assert_eq!(
                    hasher.finalize().as_bytes(),
                    expected[c],
                    "{algorithm}: {first}, {second}, {len}"
                );
                checked += 1;
            }
        }
    }
    checked
}

#[test]
fn messages_divided_in_three_at_every_edge_hash_alike() {
    for algorithm in Algorithm::ALL {
        let points = edges(block_len(*algorithm));
        let n = points.len();
        assert!(n >= 25, "{algorithm}: {points:?}");
        assert_eq!(check_three_parts(*algorithm, &points), n * (n + 1) * (n + 2) / 6);
    }
}

/// BLAKE3 builds its tree from chunks of 1,024 bytes.
#[test]
fn messages_divided_in_three_at_the_edges_of_blake3_chunks_hash_alike() {
    let near = |p: usize| [p.saturating_sub(64), p.saturating_sub(1), p, p + 1, p + 64];
    let points: BTreeSet<usize> = (0..=4096).step_by(1024).flat_map(near).collect();
    check_three_parts(Algorithm::Blake3, &points.into_iter().collect::<Vec<_>>());
}

#[test]
#[ignore = "takes a minute: every division of every length up to two blocks and a byte"]
fn messages_divided_in_three_anywhere_hash_alike() {
    for algorithm in Algorithm::ALL {
        let points: Vec<usize> = (0..=2 * block_len(*algorithm) + 1).collect();
        check_three_parts(*algorithm, &points);
    }
}

#[test]
fn single_bytes_and_empty_updates_hash_alike() {
    for algorithm in Algorithm::ALL {
        let message = pattern(2 * block_len(*algorithm) + 1);
        let mut hasher = Hasher::new(*algorithm);
        for (len, byte) in message.iter().enumerate() {
            hasher.update(&[]);
            check(hasher.clone(), &message[..len]);
            hasher.update(&[*byte]);
            hasher.update(&[]);
        }
        check(hasher, &message);
    }
}

#[test]
fn a_clone_is_independent_of_the_original() {
    for algorithm in Algorithm::ALL {
        let block = block_len(*algorithm);
        for len in edges(block) {
            let head = noise(1, len);
            for tail in [1, block - 1, block, block + 1] {
                let (left, right) = (noise(2, tail), noise(3, tail));
                let mut one = Hasher::new(*algorithm);
                one.update(&head);
                let mut other = one.clone();
                one.update(&left);
                other.update(&right);
                check(one, &[&head[..], &left].concat());
                check(other, &[&head[..], &right].concat());
            }
        }
    }
}

#[test]
fn a_reset_hasher_is_like_new() {
    for algorithm in Algorithm::ALL {
        let block = block_len(*algorithm);
        let message = pattern(block + 3);
        for len in edges(block) {
            let mut hasher = Hasher::new(*algorithm);
            hasher.update(&noise(4, len));
            hasher.reset();
            assert_eq!(hasher.hash_function(), (*algorithm).into());
            hasher.update(&message);
            check(hasher, &message);
        }
    }
}

#[test]
fn digests_of_every_length_are_right_after_a_reset_too() {
    let message = pattern(300);
    let mut checked = 0;
    for algorithm in Algorithm::ALL {
        for len in 0..=65 {
            let is_valid = match algorithm.has_variable_len() {
                true => (1..=algorithm.max_len()).contains(&len),
                false => len == algorithm.default_len(),
            };
            let function = HashFunction::new(*algorithm, len);
            assert_eq!(function.is_some(), is_valid, "{algorithm}: {len}");
            let Some(function) = function else { continue };
            assert_eq!(digest(function, b"").as_bytes().len(), len);
            let mut hasher = Hasher::new(function);
            hasher.update(b"something else");
            hasher.reset();
            message.chunks(17).for_each(|piece| hasher.update(piece));
            check(hasher, &message);
            checked += 1;
        }
    }
    // 15 algorithms have one length; SHAKE128, SHAKE256, BLAKE2b and BLAKE3 have 64, BLAKE2s 32.
    assert_eq!(checked, 15 + 4 * 64 + 32);
}

#[test]
fn hashers_are_writers() {
    for algorithm in Algorithm::ALL {
        for len in edges(block_len(*algorithm)) {
            let message = noise(5, len);
            let mut hasher = Hasher::new(*algorithm);
            assert_eq!(hasher.write(&message).unwrap(), len, "the whole message");
            hasher.flush().unwrap();
            check(hasher, &message);
            let mut hasher = Hasher::new(*algorithm);
            io::copy(&mut &message[..], &mut hasher).unwrap();
            check(hasher, &message);
        }
    }
    let mut hasher = Hasher::new(Algorithm::Sha256);
    write!(hasher, "{}-x", 12).unwrap();
    assert_eq!(hasher.finalize(), digest(Algorithm::Sha256, b"12-x"));
}

/// The pieces are shorter and longer than the 16 KiB that `MultiHasher` hashes at a time.
#[test]
fn all_functions_in_one_pass_agree_with_each_alone() {
    let message = noise(6, 100_000);
    let functions: Vec<HashFunction> = Algorithm::ALL.iter().map(|a| (*a).into()).collect();
    let expected: Vec<_> = functions.iter().map(|f| digest(*f, &message)).collect();
    for piece in [1_000, 16_383, 16_384, 16_385, 65_536, 100_000] {
        let mut hasher = MultiHasher::new(functions.clone());
        message.chunks(piece).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.clone().finalize(), expected, "pieces of {piece}");
        hasher.write_all(b"x").unwrap();
        assert_ne!(hasher.finalize(), expected);
    }
    assert!(MultiHasher::new(Vec::<HashFunction>::new()).finalize().is_empty());
}

/// A reader whose reads have the given maximum lengths and are interrupted in between.
struct Choppy<'a> {
    data: &'a [u8],
    lengths: std::iter::Cycle<std::slice::Iter<'static, usize>>,
    interrupt: bool,
}

impl Read for Choppy<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = self.lengths.next().copied().unwrap_or(1).min(out.len());
        self.data.read(&mut out[..len])
    }
}

#[test]
fn short_and_interrupted_reads_are_continued() {
    let message = noise(7, 40_000);
    for algorithm in Algorithm::ALL {
        let lengths = [1, 63, 64, 65, 1000, 127, 128, 129].iter().cycle();
        let reader = Choppy { data: &message, lengths, interrupt: false };
        let read = hash_reader(*algorithm, reader).unwrap();
        assert_eq!(read.as_bytes(), oracle(*algorithm, &message), "{algorithm}");
    }
}

#[test]
fn the_error_of_a_reader_is_returned() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _out: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    let reader = (&b"some of it"[..]).chain(Failing);
    let error = hash_reader(Algorithm::Md5, reader).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn output_does_not_depend_on_how_it_is_read() {
    for algorithm in extendable() {
        // A block of output has 64 bytes in BLAKE3 and the rate in SHAKE.
        let rate = block_len(algorithm);
        let longest = 2 * rate + 1;
        let message = pattern(rate + 5);
        let expected = oracle_xof(algorithm, &message, 2 * longest + rate);
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&message);
        for first in 0..=longest {
            for second in 0..=longest {
                let mut reader = hasher.clone().finalize_xof().unwrap();
                let mut out = vec![0; first + second + 1];
                let (a, rest) = out.split_at_mut(first);
                let (b, c) = rest.split_at_mut(second);
                reader.fill(a);
                reader.read_exact(b).unwrap();
                reader.fill(c);
                assert!(out == expected[..out.len()], "{algorithm}: {first}, {second}, 1");
            }
        }
    }
}

#[test]
fn only_extendable_functions_have_endless_output() {
    let has_output = |a: &&Algorithm| Hasher::new(**a).finalize_xof().is_some();
    let found: Vec<_> = Algorithm::ALL.iter().filter(has_output).copied().collect();
    assert_eq!(found, [Algorithm::Shake128, Algorithm::Shake256, Algorithm::Blake3]);
    assert_eq!(found, extendable().collect::<Vec<_>>());
}

/// Hashes `len` zero bytes, read from a sparse file.
fn digest_of_sparse_file(algorithm: Algorithm, len: u64) -> String {
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(len).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    hash_reader(algorithm, BufReader::with_capacity(1 << 20, file)).unwrap().to_string()
}

/// Longer than 2^32 bits. The expected digests are sha256sum's and md5sum's.
#[test]
fn a_file_of_512_mib_and_a_byte_has_the_right_digest() {
    let len = (512 << 20) + 1;
    assert_eq!(
        digest_of_sparse_file(Algorithm::Sha256, len),
        "7c40fe5ce847740d0f0d0cdde3949d6585804cdec3ae61a15b923165699c8137"
    );
    assert_eq!(digest_of_sparse_file(Algorithm::Md5, len), "ea3b62c6b93cb3625a1fd76777985f5a");
}

/// Longer than 2^32 bytes. The expected digests are those of the GNU tools.
#[test]
#[ignore = "takes half a minute, and 4 GiB of disk if files cannot be sparse"]
fn a_file_of_4_gib_and_a_byte_has_the_right_digest() {
    let len = (4 << 30) + 1;
    assert_eq!(
        digest_of_sparse_file(Algorithm::Sha256, len),
        "fbb82f7b353676bb562eb82157fcf0ea42c36492ca13ee56dbf82c08b6802c5c"
    );
    assert_eq!(digest_of_sparse_file(Algorithm::Md5, len), "f18c798ff5d450dfe4d3acdc12b621ff");
    assert_eq!(
        digest_of_sparse_file(Algorithm::Sha512, len),
        "89fdc1f5c95f86d177144bc417b3513a669dae7f60c9e57fc2b39e0bfcd6dbb9\
         efdf6b339d1762fe3f5e7914f1b64abb6a97a2ceec1bbb2a381e3eb0d3c43781"
    );
}
