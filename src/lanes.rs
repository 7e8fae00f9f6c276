//! Many messages at once: a stream uses a fraction of a core, and a lane beside it costs little.
//!
//! The scheduler runs on the caller's thread, without queues and timers. Its parts:
//!
//! - A *kernel* ([`crate::kernel`]) advances as many states as it has lanes by the same number of blocks.
//!   `select` takes the one that costs least per live lane; the remaining lanes go to the
//!   next best, down to a single lane.
//! - A *job* is a state and the whole blocks to advance it by, in the caller's memory. `schedule` gives
//!   every lane a job, the longest first, runs all lanes for as long as the shortest of them lasts, and
//!   gives the lanes that are done the next jobs. The short jobs come last and fill the lanes up; when
//!   none are left, narrower kernels finish the live ones.
//! - An *end* is the part that must be copied: a message's last bytes and their padding, or the block that
//!   a stream had begun. Ends wait until every lane has one and then run at once, so that they
//!   never hold up the jobs. A message of up to two blocks consists of an end alone.
//!
//! Messages of one length stay in step without a schedule: their blocks run, then their ends.
//!
//! `messages` makes jobs and ends of whole messages, `streams` of data for [`Hasher`]s; `hash` is
//! their interface to a hash function. Nothing is allocated: messages are sorted in windows on the
//! stack, and lanes stay busy between two windows.

#[cfg(feature = "internals")]
pub(crate) mod cases;
pub(crate) mod messages;
mod schedule;
pub(crate) mod select;
mod streams;

use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::hasher::iterated::IteratedHash;
use crate::hasher::{Hasher, Parts, State, digest, digest_keyed};
use crate::kernel::functions::FEW;
use crate::kernel::table::{Cost, CostBasis, Kernel};
use crate::kernel::tier::Tier;
use crate::lanes::messages::{DigestSlot, Task};
use crate::lanes::select::{AllowedKernels, Dispatcher};

/// The most lanes that a kernel over 32-bit words has.
const NARROW: usize = 64;

/// The most lanes that a kernel over 64-bit words or of a sponge has.
const WIDE: usize = 16;

/// Evaluates `$body` with the hash of an algorithm and the most lanes of its kernels; `None` if it has no
/// kernels.
macro_rules! with_hash {
    ($algorithm:expr, |$hash:ident, $lanes:ident| $body:expr) => {
        with_hash!(@ $algorithm, $lanes, |$hash| $body)
    };
    ($algorithm:expr, |$hash:ident| $body:expr) => {
        with_hash!(@ $algorithm, _, |$hash| $body)
    };
    (@ $algorithm:expr, $lanes:tt, |$hash:ident| $body:expr) => {
        match &$algorithm.spec().core {
            $crate::algorithm::Core::Narrow(merkle) => {
                const $lanes: usize = $crate::lanes::NARROW;
                let $hash = *merkle;
                Some($body)
            }
            $crate::algorithm::Core::Wide(merkle) => {
                const $lanes: usize = $crate::lanes::WIDE;
                let $hash = *merkle;
                Some($body)
            }
            $crate::algorithm::Core::Sponge(sponge) => {
                const $lanes: usize = $crate::lanes::WIDE;
                let $hash = sponge;
                Some($body)
            }
            $crate::algorithm::Core::External(_) => None,
        }
    };
}
#[cfg(feature = "internals")]
pub(crate) use with_hash;

/// Evaluates `$body` with the kernels of `$hash` for a batch of `$count` in up to `$lanes` lanes.
/// A small batch gets fewer lanes, which take less time to set up.
macro_rules! with_kernels {
    ($hash:expr, $lanes:expr, $count:expr, |$kernels:ident| $body:expr) => {{
        let allowed = AllowedKernels::new($hash);
        if $count <= FEW && allowed.has_within(FEW) {
            let $kernels = &Dispatcher::<_, FEW>::new($hash, allowed);
            $body
        } else {
            let $kernels = &Dispatcher::<_, $lanes>::new($hash, allowed);
            $body
        }
    }};
}

/// Hashes `messages`, several at once, and puts the digests into `out` in the same order.
///
/// The digests are those of [`digest()`], for any number of messages of any lengths. Nothing is
/// allocated, except for BLAKE2, BLAKE3 and SM3, which have no lanes.
///
/// ```
/// use hsum::{Algorithm, digest, digest_many};
///
/// let messages: [&[u8]; 3] = [b"one", b"", b"three"];
/// let mut digests = [digest(Algorithm::Sha256, b""); 3];
/// digest_many(Algorithm::Sha256, &messages, &mut digests);
/// assert_eq!(digests[2], digest(Algorithm::Sha256, b"three"));
/// ```
///
/// # Panics
/// If `messages` and `out` differ in length.
pub fn digest_many(function: impl Into<HashFunction>, messages: &[&[u8]], out: &mut [Digest]) {
    assert_eq!(messages.len(), out.len(), "as many digests as messages");
    let function = function.into();
    if messages.iter().any(|message| has_parts(function, message)) {
        for (message, out) in messages.iter().zip(out) {
            *out = digest_in_parts(function, message);
        }
        return;
    }
    let in_lanes = with_hash!(function.algorithm(), |hash, LANES| {
        let is_faster = select::is_faster_in_lanes(hash, messages, 0);
        if is_faster {
            run_in_lanes::<_, LANES>(Task::new(hash, function, messages), out);
        }
        is_faster
    });
    if in_lanes != Some(true) {
        for (message, out) in messages.iter().zip(out) {
            *out = digest(function, message);
        }
    }
}

/// Computes the tags of [`sign_many`](crate::sign_many) from the hashers of the padded keys.
pub(crate) fn sign_many(
    inner: &Hasher,
    outer: &Hasher,
    messages: &[&[u8]],
    out: &mut [impl DigestSlot],
) {
    macro_rules! in_lanes {
        ($inner:ident, $outer:ident, $lanes:ident) => {
            if select::is_faster_in_lanes($inner.hash, messages, 1) {
                let task = Task::new($inner.hash, inner.hash_function(), messages);
                return run_in_lanes::<_, $lanes>(task.keyed($inner.state, $outer.state), out);
            }
        };
    }
    match (&inner.state, &outer.state) {
        (State::Narrow(i), State::Narrow(o)) => in_lanes!(i, o, NARROW),
        (State::Wide(i), State::Wide(o)) => in_lanes!(i, o, WIDE),
        (State::Sponge(i), State::Sponge(o)) => in_lanes!(i, o, WIDE),
        _ => {}
    }
    for (message, out) in messages.iter().zip(out) {
        *out.slot() = digest_keyed(inner, outer, message);
    }
}

#[inline(never)] // so that callers which hash one by one do not lay out the lanes
fn run_in_lanes<H: IteratedHash, const N: usize>(task: Task<H>, out: &mut [impl DigestSlot]) {
    with_kernels!(task.hash, N, task.messages.len(), |kernels| task.run(kernels, out));
}

/// Appends to each hasher the bytes beside it, to several hashers at once.
///
/// The result is that of [`Hasher::update`] for one after the other. The hashers may be of different
/// algorithms; those of one algorithm share lanes. It is faster from about 4 KiB per hasher.
///
/// ```
/// use hsum::{Algorithm, Hasher, digest, update_many};
///
/// let mut hashers = [const { Algorithm::Md5 }; 4].map(Hasher::new);
/// let [a, b, c, d] = &mut hashers;
/// update_many(&mut [(a, &[1; 5000]), (b, &[2; 5000]), (c, &[3; 70]), (d, &[])]);
/// assert_eq!(hashers.map(Hasher::finalize)[1], digest(Algorithm::Md5, &[2; 5000]));
/// ```
pub fn update_many(batch: &mut [(&mut Hasher, &[u8])]) {
    match batch.iter_mut().any(|(hasher, _)| hasher.parts().is_some()) {
        true => update_in_parts(batch),
        false => update_whole(batch),
    }
}

/// Appends to hashers, none of which is of a multipart form.
fn update_whole(batch: &mut [(&mut Hasher, &[u8])]) {
    let mut seen = 0_u32;
    for first in 0..batch.len() {
        let algorithm = batch[first].0.algorithm();
        let bit = 1 << algorithm as u32;
        if seen & bit == 0 {
            seen |= bit;
            update_group(algorithm, &mut batch[first..]);
        }
    }
}

fn update_group(algorithm: Algorithm, batch: &mut [(&mut Hasher, &[u8])]) {
    let group = batch.iter().filter(|(hasher, _)| hasher.algorithm() == algorithm);
    let in_lanes = group.take(2).count() == 2
        && with_hash!(algorithm, |hash, LANES| {
            with_kernels!(hash, LANES, batch.len(), |kernels| streams::update(
                kernels, hash, batch
            ));
        })
        .is_some();
    if !in_lanes {
        let group = batch.iter_mut().filter(|(hasher, _)| hasher.algorithm() == algorithm);
        group.for_each(|(hasher, data)| hasher.update(data));
    }
}

/// The number of parts hashed at once, enough for all lanes of every kernel.
const GROUP: usize = 64;

/// Returns `true` if the function is a multipart form, and `message` has the length of a part or more.
fn has_parts(function: HashFunction, message: &[u8]) -> bool {
    function.part_len().is_some_and(|len| message.len() as u64 >= len)
}

/// Hashes a message; its parts side by side if the function is a multipart form.
fn digest_in_parts(function: HashFunction, message: &[u8]) -> Digest {
    let mut hash = Hasher::new(function);
    let len = function.part_len().and_then(|len| usize::try_from(len).ok());
    let (Some(len), Some(parts)) = (len, hash.parts()) else {
        return digest(function, message);
    };
    let of_part = function.of_part();
    let mut digests = [Digest::zeroed(of_part); GROUP];
    let (complete, last) = message.split_at(message.len() - message.len() % len);
    for group in complete.chunks(len.saturating_mul(GROUP)) {
        let messages: Vec<&[u8]> = group.chunks(len).collect();
        let digests = &mut digests[..messages.len()];
        digest_many(of_part, &messages, digests);
        digests.iter().for_each(|digest| parts.push(digest));
    }
    hash.update(last);
    hash.finalize()
}

/// Appends to each hasher the bytes beside it, part by part.
fn update_in_parts(batch: &mut [(&mut Hasher, &[u8])]) {
    let mut done = vec![0; batch.len()];
    loop {
        let mut pieces: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(batch.len());
        for ((hasher, data), done) in batch.iter_mut().zip(&mut done) {
            let left = &data[*done..];
            let piece = &left[..hasher.piece_len(left)];
            *done += piece.len();
            if !piece.is_empty() {
                pieces.push((hasher.of_piece(piece.len()), piece));
            }
        }
        if pieces.is_empty() {
            return;
        }
        update_whole(&mut pieces);
        for (hasher, _) in batch.iter_mut() {
            hasher.parts().into_iter().for_each(Parts::complete_full);
        }
    }
}

/// The properties by which a kernel is chosen.
#[derive(Clone, Copy)]
pub(crate) struct KernelInfo {
    pub(crate) tier: Tier,
    pub(crate) lanes: usize,
    /// Cycles for one block in every lane.
    pub(crate) cycles: u32,
    pub(crate) basis: CostBasis,
}

impl<F: ?Sized> From<&Kernel<F>> for KernelInfo {
    fn from(kernel: &Kernel<F>) -> Self {
        let Cost { cycles, basis } = kernel.cost;
        Self { tier: kernel.tier, lanes: kernel.lanes, cycles, basis }
    }
}

/// Returns every kernel of the algorithm that may run.
pub(crate) fn kernels(algorithm: Algorithm) -> Vec<KernelInfo> {
    let infos = with_hash!(algorithm, |hash| {
        AllowedKernels::new(hash).iter().map(|(_, kernel)| kernel.into()).collect()
    });
    infos.unwrap_or_default()
}

/// Returns the fewest lanes at which the kernels are within 3 % of their best throughput.
#[cfg(feature = "fs")]
pub(crate) fn efficient_lanes(algorithm: Algorithm) -> usize {
    let kernels = kernels(algorithm);
    let cost = |kernel: &KernelInfo| f64::from(kernel.cycles) / kernel.lanes as f64;
    let best = kernels.iter().map(cost).fold(f64::INFINITY, f64::min);
    let good = kernels.iter().filter(|kernel| cost(kernel) <= best * 1.03);
    good.map(|kernel| kernel.lanes).min().unwrap_or(1)
}

/// Returns the kernel of the algorithm that runs while `live` lanes are live.
pub(crate) fn chosen(algorithm: Algorithm, live: usize) -> Option<KernelInfo> {
    with_hash!(algorithm, |hash| match live {
        1 if !select::is_restricted() => hash.kernels().single_in_lanes().into(),
        _ => AllowedKernels::new(hash).best(live).1.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_kernel_costs_least_per_live_lane() {
        for &algorithm in Algorithm::ALL {
            for live in 1..=NARROW {
                let cost =
                    |kernel: &KernelInfo| f64::from(kernel.cycles) / kernel.lanes.min(live) as f64;
                let Some(chosen) = chosen(algorithm, live) else { continue };
                for other in kernels(algorithm) {
                    let (tier, lanes) = (other.tier.name(), other.lanes);
                    let message = format!("{algorithm}, {live} live: {tier} x{lanes}");
                    assert!(cost(&chosen) <= cost(&other), "{message}");
                }
            }
        }
    }

    #[test]
    fn no_kernel_has_more_lanes_than_the_scheduler() {
        for &algorithm in Algorithm::ALL {
            let most = with_hash!(algorithm, |_hash, LANES| LANES);
            for kernel in kernels(algorithm) {
                assert!(Some(kernel.lanes) <= most, "{algorithm} {}", kernel.tier.name());
            }
        }
    }
}
