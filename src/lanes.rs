//! Many messages at once: a stream uses a fraction of a core, a lane beside it costs little.
//!
//! The scheduler belongs to the caller's thread; there are no queues and no timers. Its parts:
//!
//! - A *kernel* advances as many states as it has lanes by equally many blocks
//!   ([`crate::kernel::simd`]). For so many live lanes, `select` takes the one that costs least
//!   for each of them; what it leaves over, the next one takes, a single lane if need be.
//! - A *job* is a state and the whole blocks to advance it by, where the caller has them.
//!   `schedule` gives every lane a job, the longest first, runs all lanes for the shortest rest
//!   among them, and gives the lanes whose jobs ended the next ones. The short jobs come last and
//!   fill the lanes up; when none are left, ever narrower kernels run out what is live.
//! - An *end* is what must be copied: a message's last bytes and their padding, or the block that
//!   a stream had begun. Ends wait until every lane has one and then run at once, so that they
//!   never hold up the jobs. A message of up to two blocks is nothing but an end.
//!
//! `messages` makes jobs and ends of whole messages, `streams` of what [`Hasher`]s are given;
//! `family` is what both need to know of a hash function. Nothing is allocated: messages are
//! sorted in windows on the stack, and lanes do not run dry between two windows.

mod family;
mod messages;
mod schedule;
pub(crate) mod select;
mod streams;

use crate::algorithm::{Algorithm, Core, HashFunction};
use crate::digest::Digest;
use crate::hasher::{Hasher, State, digest, digest_keyed};
use crate::kernel::functions::{FEW, KECCAK};
use crate::kernel::table::Kernel;
use crate::kernel::tier::Tier;
use family::Family;
use messages::{Midstates, Task};
use select::{Allowed, Kernels};
use streams::Group;

/// Lanes for words of 32 bits, and for words of 64 bits and sponges: no kernel has more.
const NARROW: usize = 64;
const WIDE: usize = 16;

/// Where a digest goes: itself, or within a tag.
pub(crate) trait Place {
    fn place(&mut self) -> &mut Digest;
}

impl Place for Digest {
    fn place(&mut self) -> &mut Digest {
        self
    }
}

/// `$body`, with the kernels of `$family` for a batch of `$count` in up to `$lanes` lanes.
macro_rules! with_lanes {
    ($family:expr, $lanes:expr, $count:expr, |$kernels:ident| $body:expr) => {{
        let allowed = Allowed::new($family);
        if $count <= FEW && allowed.fit(FEW) {
            let $kernels = &Kernels::<_, FEW>::new($family, allowed);
            $body
        } else {
            let $kernels = &Kernels::<_, $lanes>::new($family, allowed);
            $body
        }
    }};
}

/// The digests of `messages`, each at its place in `out`: as [`digest()`] of one after the other,
/// but several at once.
///
/// Any number of messages, of any lengths. Allocates nothing, except with BLAKE2 and BLAKE3,
/// which have no lanes.
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
/// Unless `messages` and `out` have one length.
pub fn digest_many(function: impl Into<HashFunction>, messages: &[&[u8]], out: &mut [Digest]) {
    assert_eq!(messages.len(), out.len(), "as many digests as messages");
    let function = function.into();
    match &function.algorithm().spec().core {
        Core::Narrow(merkle) if select::pays(*merkle, messages, 0) => {
            digest_in_lanes::<_, NARROW>(*merkle, function, messages, out);
        }
        Core::Wide(merkle) if select::pays(*merkle, messages, 0) => {
            digest_in_lanes::<_, WIDE>(*merkle, function, messages, out);
        }
        Core::Sponge(sponge) if select::pays(sponge, messages, 0) => {
            digest_in_lanes::<_, WIDE>(sponge, function, messages, out);
        }
        _ => {
            for (message, out) in messages.iter().zip(out) {
                *out = digest(function, message);
            }
        }
    }
}

fn digest_in_lanes<F: Family, const N: usize>(
    family: &F,
    function: HashFunction,
    messages: &[&[u8]],
    out: &mut [impl Place],
) {
    let task = Task { family, function, messages, keyed: None };
    with_lanes!(family, N, messages.len(), |kernels| task.run(kernels, out));
}

/// [`Key::sign_many`](crate::sign_many), from the hashers that have taken in the padded keys.
pub(crate) fn sign_many(
    inner: &Hasher,
    outer: &Hasher,
    messages: &[&[u8]],
    out: &mut [impl Place],
) {
    let function = inner.hash_function();
    match (&inner.state, &outer.state) {
        (State::Narrow(i), State::Narrow(o)) if select::pays(i.merkle, messages, 1) => {
            sign_in_lanes::<_, NARROW>(i.merkle, function, [i.words, o.words], messages, out);
        }
        (State::Wide(i), State::Wide(o)) if select::pays(i.merkle, messages, 1) => {
            sign_in_lanes::<_, WIDE>(i.merkle, function, [i.words, o.words], messages, out);
        }
        (State::Sponge(i), State::Sponge(o)) if select::pays(i.sponge, messages, 1) => {
            sign_in_lanes::<_, WIDE>(i.sponge, function, [i.state, o.state], messages, out);
        }
        _ => {
            for (message, out) in messages.iter().zip(out) {
                *out.place() = digest_keyed(inner, outer, message);
            }
        }
    }
}

fn sign_in_lanes<F: Family, const N: usize>(
    family: &F,
    function: HashFunction,
    [inner, outer]: [F::State; 2],
    messages: &[&[u8]],
    out: &mut [impl Place],
) {
    let task = Task { family, function, messages, keyed: Some(Midstates { inner, outer }) };
    with_lanes!(family, N, messages.len(), |kernels| task.run(kernels, out));
}

/// Appends to each hasher the bytes beside it: as [`Hasher::update`] of one after the other, but
/// several at once.
///
/// The hashers may be of several algorithms; those of one algorithm share lanes. It pays from
/// some 4 KiB for each.
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

/// Calls `$body` with the allowed kernels of `$algorithm`, if it has lanes.
macro_rules! allowed {
    ($algorithm:expr, |$allowed:ident| $body:expr) => {
        match &$algorithm.spec().core {
            Core::Narrow(merkle) => {
                let $allowed = Allowed::new(*merkle);
                $body
            }
            Core::Wide(merkle) => {
                let $allowed = Allowed::new(*merkle);
                $body
            }
            Core::Sponge(sponge) => {
                let $allowed = Allowed::new(sponge);
                $body
            }
            Core::External(_) => Default::default(),
        }
    };
}

/// A kernel: its tier, its lanes, and the cycles of one block in all of them.
pub(crate) type Facts = (Tier, usize, u32);

fn facts<F: ?Sized>(kernel: &Kernel<F>) -> Facts {
    (kernel.tier, kernel.lanes, kernel.cost)
}

/// Every kernel of the algorithm that may run.
pub(crate) fn kernels(algorithm: Algorithm) -> Vec<Facts> {
    allowed!(algorithm, |allowed| allowed.iter().map(|(_, kernel)| facts(kernel)).collect())
}

/// The kernel of the algorithm that runs while so many lanes are live.
pub(crate) fn chosen(algorithm: Algorithm, live: usize) -> Option<Facts> {
    if live == 1 && !select::restricted() {
        return match &algorithm.spec().core {
            Core::Narrow(merkle) => Some(facts(merkle.kernels.single())),
            Core::Wide(merkle) => Some(facts(merkle.kernels.single())),
            Core::Sponge(_) => Some(facts(KECCAK.single())),
            Core::External(_) => None,
        };
    }
    allowed!(algorithm, |allowed| Some(facts(allowed.best(live).1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_chosen_costs_least_for_each_live_lane() {
        for &algorithm in Algorithm::ALL {
            for live in 1..=NARROW {
                let Some((_, lanes, cost)) = chosen(algorithm, live) else { continue };
                let each = f64::from(cost) / lanes.min(live) as f64;
                for (tier, lanes, cost) in kernels(algorithm) {
                    let other = f64::from(cost) / lanes.min(live) as f64;
                    assert!(each <= other, "{algorithm}, {live} live: {} x{lanes}", tier.name());
                }
            }
        }
    }

    #[test]
    fn no_kernel_has_more_lanes_than_there_are() {
        for &algorithm in Algorithm::ALL {
            let most = match algorithm.spec().core {
                Core::Narrow(_) => NARROW,
                _ => WIDE,
            };
            for (tier, lanes, _) in kernels(algorithm) {
                assert!(lanes <= most, "{algorithm} {}: {lanes} lanes", tier.name());
            }
        }
    }
}
