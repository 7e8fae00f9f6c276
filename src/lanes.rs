//! Many messages at once: a stream uses a fraction of a core, and a lane beside it costs little.
//!
//! The scheduler runs on the caller's thread, without queues and timers. Its parts:
//!
//! - A *kernel* ([`crate::kernel`]) advances as many states as it has lanes by the same number of blocks.
//!   `select` takes the one that costs least per live lane; the lanes that it leaves over go to the
//!   next best, down to a single lane.
//! - A *job* is a state and the whole blocks to advance it by, in the caller's memory. `schedule` gives
//!   every lane a job, the longest first, runs all lanes for as long as the shortest of them lasts, and
//!   gives the lanes that are done the next jobs. The short jobs come last and fill the lanes up; when
//!   none are left, ever narrower kernels finish the live ones.
//! - An *end* is the part that must be copied: a message's last bytes and their padding, or the block that
//!   a stream had begun. Ends wait until every lane has one and then run at once, so that they
//!   never hold up the jobs. A message of up to two blocks consists of an end alone.
//!
//! `messages` makes jobs and ends of whole messages, `streams` of data for [`Hasher`]s; `family` is
//! their interface to a hash function. Nothing is allocated: messages are sorted in windows on the
//! stack, and lanes stay busy between two windows.

#[cfg(feature = "internals")]
pub(crate) mod cases;
mod family;
pub(crate) mod messages;
mod schedule;
pub(crate) mod select;
mod streams;

use crate::algorithm::{Algorithm, Core, HashFunction};
use crate::digest::Digest;
use crate::hasher::{Hasher, State, digest, digest_keyed};
use crate::kernel::functions::{FEW, KECCAK};
use crate::kernel::table::Kernel;
use crate::kernel::tier::Tier;
use crate::lanes::family::Family;
use crate::lanes::messages::{DigestSlot, Task};
use crate::lanes::select::{AllowedKernels, Dispatcher};
use crate::lanes::streams::Group;

/// The most lanes that a kernel over 32-bit words has.
const NARROW: usize = 64;

/// The most lanes that a kernel over 64-bit words or of a sponge has.
const WIDE: usize = 16;

/// Evaluates `$body` with the kernels of `$family` for a batch of `$count` in up to `$lanes` lanes.
/// A small batch does not pay for setting up lanes for a large one.
macro_rules! with_lanes {
    ($family:expr, $lanes:expr, $count:expr, |$kernels:ident| $body:expr) => {{
        let allowed = AllowedKernels::new($family);
        if $count <= FEW && allowed.has_within(FEW) {
            let $kernels = &Dispatcher::<_, FEW>::new($family, allowed);
            $body
        } else {
            let $kernels = &Dispatcher::<_, $lanes>::new($family, allowed);
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
    match &function.algorithm().spec().core {
        Core::Narrow(merkle) if select::is_faster_in_lanes(*merkle, messages, 0) => {
            run_in_lanes::<_, NARROW>(Task::new(*merkle, function, messages), out);
        }
        Core::Wide(merkle) if select::is_faster_in_lanes(*merkle, messages, 0) => {
            run_in_lanes::<_, WIDE>(Task::new(*merkle, function, messages), out);
        }
        Core::Sponge(sponge) if select::is_faster_in_lanes(sponge, messages, 0) => {
            run_in_lanes::<_, WIDE>(Task::new(sponge, function, messages), out);
        }
        _ => {
            for (message, out) in messages.iter().zip(out) {
                *out = digest(function, message);
            }
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
    let function = inner.hash_function();
    match (&inner.state, &outer.state) {
        (State::Narrow(i), State::Narrow(o))
            if select::is_faster_in_lanes(i.merkle, messages, 1) =>
        {
            run_in_lanes::<_, NARROW>(
                Task::new(i.merkle, function, messages).keyed(i.words, o.words),
                out,
            );
        }
        (State::Wide(i), State::Wide(o)) if select::is_faster_in_lanes(i.merkle, messages, 1) => {
            run_in_lanes::<_, WIDE>(
                Task::new(i.merkle, function, messages).keyed(i.words, o.words),
                out,
            );
        }
        (State::Sponge(i), State::Sponge(o))
            if select::is_faster_in_lanes(i.sponge, messages, 1) =>
        {
            run_in_lanes::<_, WIDE>(
                Task::new(i.sponge, function, messages).keyed(i.state, o.state),
                out,
            );
        }
        _ => {
            for (message, out) in messages.iter().zip(out) {
                *out.slot() = digest_keyed(inner, outer, message);
            }
        }
    }
}

fn run_in_lanes<F: Family, const N: usize>(task: Task<F>, out: &mut [impl DigestSlot]) {
    with_lanes!(task.family, N, task.messages.len(), |kernels| task.run(kernels, out));
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
    let mut group = batch.iter().filter(|(hasher, _)| hasher.algorithm() == algorithm);
    macro_rules! in_lanes {
        ($family:expr, $lanes:expr, $kind:ident) => {{
            let stream: fn(&mut State) -> Option<&mut _> = |state| match state {
                State::$kind(stream) => Some(stream),
                _ => None,
            };
            let group = &Group { algorithm, stream };
            with_lanes!($family, $lanes, batch.len(), |kernels| {
                streams::update(kernels, $family, group, batch)
            })
        }};
    }
    match &algorithm.spec().core {
        _ if group.by_ref().take(2).count() < 2 => update_each(algorithm, batch),
        Core::Narrow(merkle) => in_lanes!(*merkle, NARROW, Narrow),
        Core::Wide(merkle) => in_lanes!(*merkle, WIDE, Wide),
        Core::Sponge(sponge) => in_lanes!(sponge, WIDE, Sponge),
        Core::External(_) => update_each(algorithm, batch),
    }
}

fn update_each(algorithm: Algorithm, batch: &mut [(&mut Hasher, &[u8])]) {
    for (hasher, data) in batch.iter_mut().filter(|(hasher, _)| hasher.algorithm() == algorithm) {
        hasher.update(data);
    }
}

/// Evaluates `$body` with the allowed kernels of `$algorithm`, if it has kernels.
macro_rules! allowed {
    ($algorithm:expr, |$allowed:ident| $body:expr) => {
        match &$algorithm.spec().core {
            Core::Narrow(merkle) => {
                let $allowed = AllowedKernels::new(*merkle);
                $body
            }
            Core::Wide(merkle) => {
                let $allowed = AllowedKernels::new(*merkle);
                $body
            }
            Core::Sponge(sponge) => {
                let $allowed = AllowedKernels::new(sponge);
                $body
            }
            Core::External(_) => Default::default(),
        }
    };
}

/// The properties by which a kernel is chosen.
#[derive(Clone, Copy)]
pub(crate) struct KernelInfo {
    pub(crate) tier: Tier,
    pub(crate) lanes: usize,
    /// Cycles for one block in every lane.
    pub(crate) cycles: u32,
}

impl<F: ?Sized> From<&Kernel<F>> for KernelInfo {
    fn from(kernel: &Kernel<F>) -> Self {
        Self { tier: kernel.tier, lanes: kernel.lanes, cycles: kernel.cost }
    }
}

/// Returns every kernel of the algorithm that may run.
pub(crate) fn kernels(algorithm: Algorithm) -> Vec<KernelInfo> {
    allowed!(algorithm, |allowed| allowed.iter().map(|(_, kernel)| kernel.into()).collect())
}

/// Returns the kernel of the algorithm that runs while `live` lanes are live.
pub(crate) fn chosen(algorithm: Algorithm, live: usize) -> Option<KernelInfo> {
    if live == 1 && !select::is_restricted() {
        return match &algorithm.spec().core {
            Core::Narrow(merkle) => Some(merkle.kernels.single().into()),
            Core::Wide(merkle) => Some(merkle.kernels.single().into()),
            Core::Sponge(_) => Some(KECCAK.single().into()),
            Core::External(_) => None,
        };
    }
    allowed!(algorithm, |allowed| Some(allowed.best(live).1.into()))
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
            let most = match algorithm.spec().core {
                Core::Narrow(_) => NARROW,
                _ => WIDE,
            };
            for kernel in kernels(algorithm) {
                assert!(kernel.lanes <= most, "{algorithm} {}", kernel.tier.name());
            }
        }
    }
}
