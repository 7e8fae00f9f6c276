//! `digest_many` by algorithm, tier, number and length of messages, and on messages of very uneven
//! lengths.
//!
//! `cargo bench --bench lanes -- sha256/avx512` selects benchmarks. Tiers without a kernel of the
//! algorithm are left out; `auto` is the default choice of kernels.

mod batches;

use std::hint::black_box;
use std::time::Duration;

use batches::{even, uneven};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hsum::internals::{KERNEL_ALGORITHMS, kernels, with_tier};
use hsum::simd::{Tier, tiers};
use hsum::{Algorithm, Digest, digest, digest_many};

fn lanes(c: &mut Criterion) {
    let data = vec![0x5a; 1 << 21];
    for algorithm in KERNEL_ALGORITHMS {
        let has = |tier: &Tier| kernels(algorithm).iter().any(|(of, _)| of == tier);
        for tier in tiers().filter(has).map(Some).chain([None]) {
            let name = tier.map_or("auto", Tier::name);
            let mut group = c.benchmark_group(format!("{algorithm}/{name}"));
            group.warm_up_time(Duration::from_millis(100));
            group.measurement_time(Duration::from_millis(400)).sample_size(20);
            for count in [1, 4, 16, 64] {
                for len in [64, 1024, 16 * 1024] {
                    let messages = even(&data, count, len);
                    bench(&mut group, algorithm, tier, format!("{count}x{len}"), &messages);
                }
            }
            bench(&mut group, algorithm, tier, "uneven".into(), &uneven(&data));
        }
    }
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn bench(
    group: &mut Group<'_>,
    algorithm: Algorithm,
    tier: Option<Tier>,
    id: String,
    messages: &[&[u8]],
) {
    let mut digests: Vec<Digest> = vec![digest(algorithm, b""); messages.len()];
    let bytes = messages.iter().map(|message| message.len() as u64).sum();
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function(BenchmarkId::from_parameter(id), |bencher| {
        let mut run = || {
            bencher.iter(|| digest_many(algorithm, black_box(messages), black_box(&mut digests)))
        };
        match tier {
            Some(tier) => with_tier(tier, run),
            None => run(),
        }
    });
}

criterion_group!(benches, lanes);
criterion_main!(benches);
