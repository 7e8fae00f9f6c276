//! SHA-512 of one stream: rounds in scalars, and the message schedule of the sixteen rounds to
//! come in vectors of two words, in between.

use std::arch::x86_64::*;

use super::super::sha512::K;

/// With AVX2 and BMI2.
pub(crate) fn avx2(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn inner(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
        compress(state, blocks);
    }
    let (state, blocks) = only(states, inputs);
    // SAFETY: kernels of a tier are listed only where `Tier::is_available` has detected it.
    unsafe { inner(state, blocks) }
}

/// With AVX-512's rotates and three-input logic besides.
pub(crate) fn avx512(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2")]
    fn inner(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
        compress(state, blocks);
    }
    let (state, blocks) = only(states, inputs);
    // SAFETY: as above.
    unsafe { inner(state, blocks) }
}

fn only<'a, 'b>(
    states: &'a mut [[u64; 8]],
    inputs: &[&'b [[u8; 128]]],
) -> (&'a mut [u64; 8], &'b [[u8; 128]]) {
    match (states, inputs) {
        ([state], [blocks]) => (state, blocks),
        _ => panic!("one stream"),
    }
}

/// Expressions of intrinsics that the callers above have enabled.
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: the callers are compiled with these instructions and run where they are
        // detected; the pointers are those of references to at least sixteen bytes.
        unsafe { $($body)* }
    };
}

/// Keeps what has been stored to `words` in memory: as vector elements, the compiler would move
/// each word to a scalar register by two instructions instead of adding it from memory.
#[inline(always)]
fn store(words: &mut [u64; 16]) {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) words, options(nostack, preserves_flags));
    }
}

#[inline(always)]
fn compress(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
    let swap = simd!(_mm_set_epi64x(0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607));
    for block in blocks {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        // b ^ c of the round to come is a ^ b of this one, of which `majority` is made.
        let mut b_xor_c = b ^ c;
        let mut w = simd!([_mm_setzero_si128(); 8]);
        // W + K of the sixteen rounds at hand.
        let mut sums = [0u64; 16];
        for i in 0..8 {
            simd! {
                let words = _mm_loadu_si128(block[16 * i..][..16].as_ptr().cast());
                w[i] = _mm_shuffle_epi8(words, swap);
                let k = _mm_loadu_si128(K[0][2 * i..][..2].as_ptr().cast());
                let sum = _mm_add_epi64(w[i], k);
                _mm_storeu_si128(sums[2 * i..][..2].as_mut_ptr().cast(), sum);
            }
        }
        store(&mut sums);
        macro_rules! round {
            ($t:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                $h = $h.wrapping_add(sums[$t]);
                let sigma1 = $e.rotate_right(14) ^ $e.rotate_right(18) ^ $e.rotate_right(41);
                // The two halves of `choose` have no bit in common.
                $h = $h.wrapping_add($g & !$e).wrapping_add($e & $f).wrapping_add(sigma1);
                $d = $d.wrapping_add($h);
                let sigma0 = $a.rotate_right(28) ^ $a.rotate_right(34) ^ $a.rotate_right(39);
                let a_xor_b = $a ^ $b;
                $h = $h.wrapping_add($b ^ (a_xor_b & b_xor_c)).wrapping_add(sigma0);
                b_xor_c = a_xor_b;
            };
        }
        // W of rounds t + 16 and t + 17, at t = 2i.
        macro_rules! schedule {
            ($i:expr, $k:expr) => {
                simd! {
                    let x = _mm_alignr_epi8::<8>(w[($i + 1) % 8], w[$i]);
                    let sigma0 = xor3(rotr::<1, 63>(x), rotr::<8, 56>(x), _mm_srli_epi64::<7>(x));
                    let middle = _mm_alignr_epi8::<8>(w[($i + 5) % 8], w[($i + 4) % 8]);
                    let x = w[($i + 7) % 8];
                    let sigma1 = xor3(rotr::<19, 45>(x), rotr::<61, 3>(x), _mm_srli_epi64::<6>(x));
                    let sum = _mm_add_epi64(_mm_add_epi64(w[$i], middle), sigma0);
                    w[$i] = _mm_add_epi64(sum, sigma1);
                    let k = _mm_loadu_si128($k[2 * $i..][..2].as_ptr().cast());
                    let sum = _mm_add_epi64(w[$i], k);
                    _mm_storeu_si128(sums[2 * $i..][..2].as_mut_ptr().cast(), sum);
                }
            };
        }
        macro_rules! rounds {
            ($after:ident, $k:expr) => {
                rounds!($after, $k, 0 1 2 3);
                rounds!($after, $k, 4 5 6 7);
            };
            ($after:ident, $k:expr, $i:literal $j:literal $l:literal $m:literal) => {
                round!(2 * $i, a b c d e f g h);
                round!(2 * $i + 1, h a b c d e f g);
                $after!($i, $k);
                round!(2 * $j, g h a b c d e f);
                round!(2 * $j + 1, f g h a b c d e);
                $after!($j, $k);
                round!(2 * $l, e f g h a b c d);
                round!(2 * $l + 1, d e f g h a b c);
                $after!($l, $k);
                round!(2 * $m, c d e f g h a b);
                round!(2 * $m + 1, b c d e f g h a);
                $after!($m, $k);
            };
        }
        macro_rules! nothing {
            ($i:expr, $k:expr) => {};
        }
        for k in &K[1..] {
            rounds!(schedule, k);
            store(&mut sums);
        }
        rounds!(nothing, ());
        let _ = b_xor_c;
        for (word, sum) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(sum);
        }
    }
}

#[inline(always)]
fn xor3(x: __m128i, y: __m128i, z: __m128i) -> __m128i {
    simd!(_mm_xor_si128(_mm_xor_si128(x, y), z))
}

/// One instruction where there is one; `L` is 64 − `R`.
#[inline(always)]
fn rotr<const R: i32, const L: i32>(x: __m128i) -> __m128i {
    simd!(_mm_or_si128(_mm_srli_epi64::<R>(x), _mm_slli_epi64::<L>(x)))
}
