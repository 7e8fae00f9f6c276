//! Throughput of one message at four sizes: hsum beside OpenSSL, AWS-LC and ring.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hsum::Algorithm;
use hsum_rivals::{Rival, digests, hmac_sha256};

/// The sizes of `benches/stream.rs`.
const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, 1 << 20];

fn compare(criterion: &mut Criterion, name: &str, mut rivals: Vec<Rival>) {
    if rivals.len() < 2 {
        return;
    }
    let mut group = criterion.benchmark_group(name);
    for size in SIZES {
        let data = vec![0x5a; size];
        group.throughput(Throughput::Bytes(size as u64));
        for Rival { name, run } in &mut rivals {
            group.bench_with_input(BenchmarkId::new(*name, size), &data, |b, data| {
                b.iter(|| run(black_box(data)));
            });
        }
    }
    group.finish();
}

fn all(criterion: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        compare(criterion, algorithm.name(), digests(*algorithm));
    }
    compare(criterion, "hmac-sha256", hmac_sha256(&[7; 32]));
}

criterion_group!(benches, all);
criterion_main!(benches);
