//! Whole messages in lanes: first their blocks in place, then their padded ends.

use crate::algorithm::{HashFunction, MAX_LEN};
use crate::digest::Digest;
use crate::lanes::family::Family;
use crate::lanes::schedule::{Contents, Ends, Job, JobSource, LongestFirst, run};
use crate::lanes::select::Dispatcher;

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
pub(super) struct Task<'a, 'm, F: Family> {
    pub(super) family: &'a F,
    function: HashFunction,
    pub(super) messages: &'a [&'m [u8]],
    keyed: Option<Midstates<F>>,
}

/// HMAC's states after the padded keys (RFC 2104, section 4).
struct Midstates<F: Family> {
    inner: F::State,
    outer: F::State,
}

impl<'a, 'm, F: Family> Task<'a, 'm, F> {
    pub(super) fn new(family: &'a F, function: HashFunction, messages: &'a [&'m [u8]]) -> Self {
        Self { family, function, messages, keyed: None }
    }

    /// Computes tags instead of digests.
    pub(super) fn keyed(self, inner: F::State, outer: F::State) -> Self {
        Self { keyed: Some(Midstates { inner, outer }), ..self }
    }

    /// Writes the digest or tag of each message to the same index of `out`.
    pub(super) fn run<T: DigestSlot, const N: usize>(
        &self,
        kernels: &Dispatcher<'_, F, N>,
        out: &mut [T],
    ) {
        let initial = self.keyed.as_ref().map_or(self.family.initial(), |keyed| keyed.inner);
        let contents = if self.keyed.is_some() { Contents::Secret } else { Contents::Public };
        // By reference, as they are large and would be copied.
        let order = &mut LongestFirst::new(self.messages.len());
        let ends = [&mut Ends::new(initial, 1), &mut Ends::new(initial, 2)];
        let mut messages = Messages { task: self, kernels, initial, order, ends, out };
        run(kernels, initial, &mut messages, contents);
        messages.finish(contents);
    }

    /// Splits a message into the blocks to hash in place and the bytes to pad after them. A short
    /// message is padded as a whole, which takes one call of a kernel instead of two.
    fn parts(&self, message: &'m [u8]) -> (&'m [F::Unit], &'m [u8]) {
        if self.family.fits_end(message.len()) {
            (&[], message)
        } else {
            self.family.split(message)
        }
    }
}

struct Messages<'t, 'a, 'm, F: Family, T, const N: usize> {
    task: &'t Task<'a, 'm, F>,
    kernels: &'t Dispatcher<'t, F, N>,
    initial: F::State,
    order: &'t mut LongestFirst<N>,
    /// The ends of one block, and those of two.
    ends: [&'t mut Ends<F, N>; 2],
    out: &'t mut [T],
}

impl<'m, F: Family, T: DigestSlot, const N: usize> JobSource<'m, F>
    for Messages<'_, '_, 'm, F, T, N>
{
    fn next(&mut self) -> Option<Job<'m, F>> {
        loop {
            let Task { family, messages, .. } = self.task;
            let number = self.order.next(|number| messages[number].len() / family.block_len())?;
            let (blocks, rest) = self.task.parts(messages[number]);
            if !blocks.is_empty() {
                return Some(Job { number, state: self.initial, blocks });
            }
            let initial = self.initial;
            self.add_end(number, &initial, rest);
        }
    }

    fn done(&mut self, number: usize, state: &F::State) {
        let (_, rest) = self.task.parts(self.task.messages[number]);
        self.add_end(number, state, rest);
    }
}

impl<F: Family, T: DigestSlot, const N: usize> Messages<'_, '_, '_, F, T, N> {
    /// Adds the end of a message, `rest`, to those that wait for enough others to fill the lanes.
    fn add_end(&mut self, number: usize, state: &F::State, rest: &[u8]) {
        let Task { family, messages, keyed, .. } = self.task;
        let mut length = messages[number].len() as u128;
        if keyed.is_some() {
            length += family.block_len() as u128;
        }
        let blocks = family.padded(rest.len());
        let ends = &mut self.ends[blocks - 1];
        family.pad(rest, length, ends.push(number, state));
        if ends.len == self.kernels.batch() {
            flush(self.task, self.kernels, ends, self.out);
        }
    }

    fn finish(&mut self, contents: Contents) {
        for ends in &mut self.ends {
            if ends.len > 0 {
                flush(self.task, self.kernels, ends, self.out);
            }
            if contents == Contents::Secret {
                ends.wipe(self.task.family);
            }
        }
    }
}

/// Hashes the collected ends; with a key, hashes their digests again from the outer state.
fn flush<F: Family, const N: usize>(
    task: &Task<'_, '_, F>,
    kernels: &Dispatcher<'_, F, N>,
    ends: &mut Ends<F, N>,
    out: &mut [impl DigestSlot],
) {
    let Task { family, function, keyed, .. } = task;
    ends.run(family, kernels);
    if let Some(Midstates { outer, .. }) = keyed {
        let blocks = std::mem::replace(&mut ends.blocks, family.padded(function.len()));
        let length = (family.block_len() + function.len()) as u128;
        // All inner digests have one length, so they are padded once, as a digest of zeros.
        let mut padded = F::END;
        family.pad(&[0; MAX_LEN][..function.len()], length, &mut padded);
        for (state, end) in ends.states[0].iter_mut().zip(&mut ends.ends[..ends.len]) {
            *end = padded;
            family.write(state, &mut family.block(end)[..function.len()]);
            *state = *outer;
        }
        ends.run(family, kernels);
        ends.blocks = blocks;
    }
    for (state, number) in ends.states[0].iter().zip(&ends.numbers[..ends.len]) {
        let digest = out[*number].slot();
        *digest = Digest::zeroed(*function);
        family.write(state, digest.as_mut_bytes());
    }
    ends.len = 0;
}
