//! Throughput of one message: each algorithm at four sizes, by hsum and by another crate, and several
//! algorithms of the same message.

use std::hint::black_box;

use crc_fast::CrcAlgorithm;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{KeyInit, Mac};
use hsum::{Algorithm, Key, MultiHasher};
use sha2::Digest;
use shake::{ExtendableOutput, Update, XofReader};

const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, 1 << 20];

/// Returns the one-shot function of RustCrypto's crate, or of the BLAKE3 team's.
fn rival(algorithm: Algorithm) -> fn(&[u8]) {
    fn fixed<D: Digest>(data: &[u8]) {
        black_box(D::digest(data));
    }
    fn extendable<D: Default + Update + ExtendableOutput, const N: usize>(data: &[u8]) {
        let mut out = [0; N];
        let mut hasher = D::default();
        hasher.update(data);
        hasher.finalize_xof().read(&mut out);
        black_box(out);
    }
    match algorithm {
        Algorithm::Md5 => fixed::<md5::Md5>,
        Algorithm::Sha1 => fixed::<sha1::Sha1>,
        Algorithm::Sha224 => fixed::<sha2::Sha224>,
        Algorithm::Sha256 => fixed::<sha2::Sha256>,
        Algorithm::Sha384 => fixed::<sha2::Sha384>,
        Algorithm::Sha512 => fixed::<sha2::Sha512>,
        Algorithm::Sha512_224 => fixed::<sha2::Sha512_224>,
        Algorithm::Sha512_256 => fixed::<sha2::Sha512_256>,
        Algorithm::Sha3_224 => fixed::<sha3::Sha3_224>,
        Algorithm::Sha3_256 => fixed::<sha3::Sha3_256>,
        Algorithm::Sha3_384 => fixed::<sha3::Sha3_384>,
        Algorithm::Sha3_512 => fixed::<sha3::Sha3_512>,
        Algorithm::Shake128 => extendable::<shake::Shake128, 32>,
        Algorithm::Shake256 => extendable::<shake::Shake256, 64>,
        Algorithm::Sm3 => fixed::<sm3::Sm3>,
        Algorithm::Blake2b => fixed::<blake2::Blake2b512>,
        Algorithm::Blake2s => fixed::<blake2::Blake2s256>,
        Algorithm::Blake3 => |data| {
            black_box(blake3::hash(data));
        },
        Algorithm::Crc32c => |data| {
            black_box(crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, data));
        },
        Algorithm::Crc64Nvme => |data| {
            black_box(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, data));
        },
        other => panic!("{other} has no crate to compare with: add one"),
    }
}

fn digests(criterion: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        let mut group = criterion.benchmark_group(algorithm.name());
        let crates = rival(*algorithm);
        for size in SIZES {
            let data = vec![0x5a; size];
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_with_input(BenchmarkId::new("hsum", size), &data, |b, data| {
                b.iter(|| hsum::digest(*algorithm, black_box(data)));
            });
            group.bench_with_input(BenchmarkId::new("crate", size), &data, |b, data| {
                b.iter(|| crates(black_box(data)));
            });
        }
        group.finish();
    }
}

/// Measures HMAC-SHA-256 with a prepared key on both sides.
fn hmac_sha256(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hmac-sha256");
    let key = Key::new(Algorithm::Sha256, &[7; 32]).expect("SHA-256 has an HMAC");
    let prepared = hmac::Hmac::<sha2::Sha256>::new_from_slice(&[7; 32]).expect("any length");
    for size in SIZES {
        let data = vec![0x5a; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::new("hsum", size), &data, |b, data| {
            b.iter(|| key.sign(black_box(data)));
        });
        group.bench_with_input(BenchmarkId::new("crate", size), &data, |b, data| {
            b.iter(|| prepared.clone().chain_update(black_box(data)).finalize());
        });
    }
    group.finish();
}

/// Measures several functions of one message in the cache, and the crates one after the other.
fn several(criterion: &mut Criterion) {
    use Algorithm::{Md5, Sha1, Sha256};
    let sets: [&[Algorithm]; 4] =
        [&[Md5, Sha1], &[Md5, Sha256], &[Sha1, Sha256], &[Md5, Sha1, Sha256]];
    for set in sets {
        let names: Vec<&str> = set.iter().map(|algorithm| algorithm.name()).collect();
        let mut group = criterion.benchmark_group(names.join("+"));
        let data = vec![0x5a; 16 << 10];
        group.throughput(Throughput::Bytes(data.len() as u64));
        group.bench_function("hsum", |b| {
            b.iter(|| {
                let mut hasher = MultiHasher::new(set.iter().copied());
                hasher.update(black_box(&data));
                hasher.finalize()
            });
        });
        group.bench_function("crates", |b| {
            b.iter(|| set.iter().for_each(|algorithm| rival(*algorithm)(black_box(&data))));
        });
        group.finish();
    }
}

criterion_group!(benches, digests, several, hmac_sha256);
criterion_main!(benches);
