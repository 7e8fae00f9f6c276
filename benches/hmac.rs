//! Signing payloads of 64 B to 4 KiB: `sign_many`, `Key::sign`, and the `hmac` crate.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{KeyInit, Mac, SimpleHmac};
use hsum::{Algorithm, Key, sign_many};

const COUNT: usize = 256;

fn sign(c: &mut Criterion) {
    let data = vec![0x5a; 1 << 21];
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha3_256] {
        let key = Key::new(algorithm, b"a key of some 32 bytes, as usual").unwrap();
        let mut group = c.benchmark_group(format!("hmac/{algorithm}"));
        group.warm_up_time(Duration::from_millis(100));
        group.measurement_time(Duration::from_millis(400)).sample_size(20);
        for len in [64, 256, 1024, 4096] {
            let messages: Vec<&[u8]> = (0..COUNT).map(|i| &data[i * (len + 8)..][..len]).collect();
            let mut tags = vec![key.sign(b""); COUNT];
            group.throughput(Throughput::Bytes((COUNT * len) as u64));
            group.bench_function(BenchmarkId::new("many", len), |bencher| {
                bencher.iter(|| sign_many(&key, black_box(&messages), black_box(&mut tags)));
            });
            group.bench_function(BenchmarkId::new("one by one", len), |bencher| {
                bencher.iter(|| {
                    for (message, tag) in black_box(&messages).iter().zip(&mut tags) {
                        *tag = key.sign(message);
                    }
                });
            });
            if algorithm == Algorithm::Sha256 {
                let mac = SimpleHmac::<sha2::Sha256>::new_from_slice(b"a key of some 32 bytes");
                let mac = mac.unwrap();
                group.bench_function(BenchmarkId::new("hmac crate", len), |bencher| {
                    bencher.iter(|| {
                        for message in black_box(&messages) {
                            black_box(mac.clone().chain_update(message).finalize());
                        }
                    });
                });
            }
        }
    }
}

criterion_group!(benches, sign);
criterion_main!(benches);
