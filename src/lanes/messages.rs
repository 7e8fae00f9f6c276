//! Whole messages in lanes: first their blocks in place, then their padded ends.

use crate::algorithm::{HashFunction, MAX_LEN};
use crate::digest::Digest;
use crate::hasher::iterated::IteratedHash;
use crate::lanes::schedule::{Ends, Job, JobSource, LongestFirst, Secrecy, run};
use crate::lanes::select::{Dispatcher, have_one_length};

/// A result that contains a digest: the digest itself, or a tag.
pub(crate) trait DigestSlot {
    fn slot(&mut self) -> &mut Digest;
}

impl DigestSlot for Digest {
    fn slot(&mut self) -> &mut Digest {
        self
    }
}

/// Messages to hash, and the function; with a key, its midstates.
pub(super) struct Task<'a, 'm, H: IteratedHash> {
    pub(super) hash: &'a H,
    function: HashFunction,
    pub(super) messages: &'a [&'m [u8]],
    keyed: Option<Midstates<H>>,
}

/// HMAC's states after the padded keys (RFC 2104, section 4).
struct Midstates<H: IteratedHash> {
    inner: H::State,
    outer: H::State,
}

impl<'a, 'm, H: IteratedHash> Task<'a, 'm, H> {
    pub(super) fn new(hash: &'a H, function: HashFunction, messages: &'a [&'m [u8]]) -> Self {
        Self { hash, function, messages, keyed: None }
    }

    /// Computes tags instead of digests.
    pub(super) fn keyed(self, inner: H::State, outer: H::State) -> Self {
        Self { keyed: Some(Midstates { inner, outer }), ..self }
    }

    /// Writes the digest or tag of each message to the same index of `out`.
    pub(super) fn run<T: DigestSlot, const N: usize>(
        &self,
        kernels: &Dispatcher<'_, H, N>,
        out: &mut [T],
    ) {
        let initial = self.keyed.as_ref().map_or(self.hash.initial(), |keyed| keyed.inner);
        let secrecy = if self.keyed.is_some() { Secrecy::Secret } else { Secrecy::Public };
        match self.messages {
            [first, ..] if have_one_length(self.messages) => {
                self.run_in_step(kernels, initial, first, out, secrecy);
            }
            _ => self.run_scheduled(kernels, initial, out, secrecy),
        }
    }

    /// Hashes messages of any lengths.
    #[inline(never)] // so that calls of the other function do not lay out this one's arrays
    fn run_scheduled<T: DigestSlot, const N: usize>(
        &self,
        kernels: &Dispatcher<'_, H, N>,
        initial: H::State,
        out: &mut [T],
        secrecy: Secrecy,
    ) {
        // By reference, as they are large and would be copied.
        let order = &mut LongestFirst::new(self.messages.len());
        let ends = [&mut Ends::new(initial, 1), &mut Ends::new(initial, 2)];
        let mut messages = Messages { task: self, kernels, initial, order, ends, out };
        run(kernels, initial, &mut messages, secrecy);
        messages.finish(secrecy);
    }

    /// Hashes messages of the length of `first`, which need no schedule and have the same padding. It is
    /// written once, and the last bytes of each message before it. Messages of whole blocks share it.
    #[inline(never)]
    fn run_in_step<T: DigestSlot, const N: usize>(
        &self,
        kernels: &Dispatcher<'_, H, N>,
        initial: H::State,
        first: &'m [u8],
        out: &mut [T],
        secrecy: Secrecy,
    ) {
        let parts = self.hash.split(first);
        let (blocks, rest) = if parts.1.is_empty() { parts } else { self.parts(first) };
        let mut padded = H::END;
        // By reference, as it is large and would be copied.
        let ends = &mut Ends::<H, N>::new(initial, self.pad(first, rest, &mut padded));
        ends.numbers = std::array::from_fn(|place| place);
        if !rest.is_empty() {
            ends.ends[..self.messages.len().min(N)].fill(padded);
        }
        let mut inputs: [[&[H::Unit]; N]; 2] = [[&[]; N]; 2];
        let batch = kernels.batch();
        for (messages, out) in self.messages.chunks(batch).zip(out.chunks_mut(batch)) {
            ends.len = messages.len();
            if !blocks.is_empty() {
                for (input, message) in inputs[0].iter_mut().zip(messages) {
                    *input = self.hash.split(message).0;
                }
            }
            if rest.is_empty() {
                let end = self.hash.units(&padded, ends.blocks);
                kernels.run_whole(&mut ends.states, &mut inputs, ends.len, &initial, end);
            } else {
                ends.states[0][..messages.len()].fill(initial);
                if !blocks.is_empty() {
                    kernels.run(&mut ends.states, &mut inputs, ends.len);
                }
                for (end, message) in ends.ends.iter_mut().zip(messages) {
                    if self.keyed.is_some() {
                        *end = padded; // which the outer hash has overwritten
                    }
                    H::replace(&message[message.len() - rest.len()..], end);
                }
                ends.run(self.hash, kernels);
            }
            finish(self, kernels, ends, out);
        }
        if secrecy == Secrecy::Secret {
            ends.wipe(self.hash);
        }
    }

    /// Pads a message whose last bytes are `rest`, and returns the number of blocks.
    fn pad(&self, message: &[u8], rest: &[u8], end: &mut H::End) -> usize {
        let before = if self.keyed.is_some() { self.hash.block_len() } else { 0 };
        self.hash.pad(rest, (before + message.len()) as u128, end)
    }

    /// Splits a message into the blocks to hash in place and the bytes to pad after them. A short
    /// message is padded as a whole, which takes one call of a kernel instead of two.
    fn parts(&self, message: &'m [u8]) -> (&'m [H::Unit], &'m [u8]) {
        if self.hash.fits_end(message.len()) { (&[], message) } else { self.hash.split(message) }
    }
}

struct Messages<'t, 'a, 'm, H: IteratedHash, T, const N: usize> {
    task: &'t Task<'a, 'm, H>,
    kernels: &'t Dispatcher<'t, H, N>,
    initial: H::State,
    order: &'t mut LongestFirst<N>,
    /// The ends of one block, and those of two.
    ends: [&'t mut Ends<H, N>; 2],
    out: &'t mut [T],
}

impl<'m, H: IteratedHash, T: DigestSlot, const N: usize> JobSource<'m, H>
    for Messages<'_, '_, 'm, H, T, N>
{
    fn next(&mut self) -> Option<Job<'m, H>> {
        loop {
            let Task { hash, messages, .. } = self.task;
            let number = self.order.next(|number| messages[number].len() / hash.block_len())?;
            let (blocks, rest) = self.task.parts(messages[number]);
            if !blocks.is_empty() {
                return Some(Job { number, state: self.initial, blocks });
            }
            let initial = self.initial;
            self.add_end(number, &initial, rest);
        }
    }

    fn done(&mut self, number: usize, state: &H::State) {
        let (_, rest) = self.task.parts(self.task.messages[number]);
        self.add_end(number, state, rest);
    }
}

impl<H: IteratedHash, T: DigestSlot, const N: usize> Messages<'_, '_, '_, H, T, N> {
    /// Adds the end of a message, `rest`, to those that wait for enough others to fill the lanes.
    fn add_end(&mut self, number: usize, state: &H::State, rest: &[u8]) {
        let Task { hash, messages, .. } = self.task;
        let ends = &mut self.ends[hash.padded(rest.len()) - 1];
        self.task.pad(messages[number], rest, ends.push(number, state));
        if ends.len == self.kernels.batch() {
            flush(self.task, self.kernels, ends, self.out);
        }
    }

    fn finish(&mut self, secrecy: Secrecy) {
        for ends in &mut self.ends {
            if ends.len > 0 {
                flush(self.task, self.kernels, ends, self.out);
            }
            if secrecy == Secrecy::Secret {
                ends.wipe(self.task.hash);
            }
        }
    }
}

/// Hashes the collected ends, and writes the digests or tags.
fn flush<H: IteratedHash, const N: usize>(
    task: &Task<'_, '_, H>,
    kernels: &Dispatcher<'_, H, N>,
    ends: &mut Ends<H, N>,
    out: &mut [impl DigestSlot],
) {
    ends.run(task.hash, kernels);
    finish(task, kernels, ends, out);
    ends.len = 0;
}

/// Writes the digests of states after their ends; with a key, hashes them again from the outer state.
fn finish<H: IteratedHash, const N: usize>(
    task: &Task<'_, '_, H>,
    kernels: &Dispatcher<'_, H, N>,
    ends: &mut Ends<H, N>,
    out: &mut [impl DigestSlot],
) {
    let Task { hash, function, keyed, .. } = task;
    if let Some(Midstates { outer, .. }) = keyed {
        let blocks = std::mem::replace(&mut ends.blocks, hash.padded(function.len()));
        let length = (hash.block_len() + function.len()) as u128;
        // All inner digests have one length, so they are padded once, as a digest of zeros.
        let mut padded = H::END;
        hash.pad(&[0; MAX_LEN][..function.len()], length, &mut padded);
        for (state, end) in ends.states[0].iter_mut().zip(&mut ends.ends[..ends.len]) {
            *end = padded;
            hash.write(state, &mut hash.block(end)[..function.len()]);
            *state = *outer;
        }
        ends.run(hash, kernels);
        ends.blocks = blocks;
    }
    for (state, number) in ends.states[0].iter().zip(&ends.numbers[..ends.len]) {
        let digest = out[*number].slot();
        *digest = Digest::zeroed(*function);
        hash.write(state, digest.as_mut_bytes());
    }
}
