//! Batches of messages for benchmarks.

/// Returns messages of equal length at different offsets within a page, as programs have them.
pub(crate) fn even(data: &[u8], count: usize, len: usize) -> Vec<&[u8]> {
    (0..count).map(|i| &data[i * (len + 192) % (data.len() - len)..][..len]).collect()
}

/// Returns 1000 messages of 64 B to 64 KiB, log-uniform.
pub(crate) fn uneven(data: &[u8]) -> Vec<&[u8]> {
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    (0..1000)
        .map(|_| {
            let len = 64.0 * 1024_f64.powf(random() as f64 / (1_u64 << 31) as f64);
            &data[random() % (data.len() - (64 << 10))..][..len as usize]
        })
        .collect()
}
