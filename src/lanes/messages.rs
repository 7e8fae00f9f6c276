//! Whole messages in lanes: their blocks where they lie, then their padded ends.

use super::Place;
use super::family::Family;
use super::schedule::{Contents, Ends, Job, LongestFirst, Work, run};
use super::select::Kernels;
use crate::algorithm::{HashFunction, MAX_LEN};
use crate::digest::Digest;

/// What is hashed, from which state, and to where.
pub(super) struct Task<'a, 'm, F: Family> {
    pub(super) family: &'a F,
    pub(super) function: HashFunction,
    pub(super) messages: &'a [&'m [u8]],
    pub(super) keyed: Option<Midstates<F>>,
}

/// HMAC's states after the padded key (RFC 2104, section 4).
pub(super) struct Midstates<F: Family> {
    pub(super) inner: F::State,
    pub(super) outer: F::State,
}

impl<'m, F: Family> Task<'_, 'm, F> {
    /// Puts the digest or tag of each message into its place.
    pub(super) fn run<T: Place, const N: usize>(&self, kernels: &Kernels<'_, F, N>, out: &mut [T]) {
        let initial = self.keyed.as_ref().map_or(self.family.initial(), |keyed| keyed.inner);
        let contents = if self.keyed.is_some() { Contents::Secret } else { Contents::Public };
        // By reference, as they are large: a value that is handed on is a value copied.
        let order = &mut LongestFirst::new(self.messages.len());
        let ends = [&mut Ends::new(initial, 1), &mut Ends::new(initial, 2)];
        let mut messages = Messages { task: self, kernels, initial, order, ends, out };
        run(kernels, initial, &mut messages, contents);
        messages.finish(contents);
    }

    /// The blocks to be hashed where they lie, and the bytes to be padded after them. A short
    /// message is all padding: one call of a kernel instead of two.
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
    kernels: &'t Kernels<'t, F, N>,
    initial: F::State,
    order: &'t mut LongestFirst<N>,
    /// Those of one block, and those of two.
    ends: [&'t mut Ends<F, N>; 2],
    out: &'t mut [T],
}

impl<'m, F: Family, T: Place, const N: usize> Work<'m, F> for Messages<'_, '_, 'm, F, T, N> {
    fn next(&mut self) -> Option<Job<'m, F>> {
        loop {
            let Task { family, messages, .. } = self.task;
            let number = self.order.next(|number| messages[number].len() / family.block_len())?;
            let (blocks, rest) = self.task.parts(messages[number]);
            if !blocks.is_empty() {
                return Some(Job { number, state: self.initial, blocks });
            }
            let initial = self.initial;
            self.end(number, &initial, rest);
        }
    }

    fn done(&mut self, number: usize, state: &F::State) {
        let (_, rest) = self.task.parts(self.task.messages[number]);
        self.end(number, state, rest);
    }
}

impl<F: Family, T: Place, const N: usize> Messages<'_, '_, '_, F, T, N> {
    /// The message is hashed but for `rest`, which waits for others to fill the lanes with.
    fn end(&mut self, number: usize, state: &F::State, rest: &[u8]) {
        let Task { family, messages, keyed, .. } = self.task;
        let mut length = messages[number].len() as u128;
        if keyed.is_some() {
            length += family.block_len() as u128;
        }
        let blocks = family.padded(rest.len());
        let ends = &mut self.ends[blocks - 1];
        family.pad(rest, length, ends.push(number, state));
        if ends.len == self.kernels.most() {
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

/// Ends the collected messages, and under a key hashes their digests again from the outer state.
fn flush<F: Family, const N: usize>(
    task: &Task<'_, '_, F>,
    kernels: &Kernels<'_, F, N>,
    ends: &mut Ends<F, N>,
    out: &mut [impl Place],
) {
    let Task { family, function, keyed, .. } = task;
    ends.run(family, kernels);
    if let Some(Midstates { outer, .. }) = keyed {
        let blocks = std::mem::replace(&mut ends.blocks, family.padded(function.len()));
        let length = (family.block_len() + function.len()) as u128;
        // All are padded alike: the digests go where the first has a digest of zeros.
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
        let digest = out[*number].place();
        *digest = Digest::zeroed(*function);
        family.write(state, digest.as_mut_bytes());
    }
    ends.len = 0;
}
