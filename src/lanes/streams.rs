//! Hashers' streams in lanes: first the bytes that complete a block, then whole blocks, then the rest.

use crate::hasher::Hasher;
use crate::hasher::iterated::IteratedHash;
use crate::lanes::schedule::{Ends, Job, JobSource, LongestFirst, Secrecy, run};
use crate::lanes::select::Dispatcher;

/// Appends its bytes of the batch to each stream of `hash`.
pub(super) fn update<H: IteratedHash, const N: usize>(
    kernels: &Dispatcher<'_, H, N>,
    hash: &H,
    batch: &mut [(&mut Hasher, &[u8])],
) {
    let mut ends = None;
    for number in 0..batch.len() {
        let (hasher, data) = &mut batch[number];
        let Some(stream) = hasher.state.stream_of(hash) else { continue };
        let (head, ..) = parts(hash, stream.unfinished().len(), data);
        if head.is_empty() {
            continue;
        }
        let ends = ends.get_or_insert_with(|| Ends::new(hash.initial(), 1));
        let block = hash.block(ends.push(number, &stream.state));
        let (start, end) = block.split_at_mut(stream.unfinished().len());
        start.copy_from_slice(stream.unfinished());
        end.copy_from_slice(head);
        if ends.len == kernels.batch() {
            flush(hash, kernels, ends, batch);
        }
    }
    if let Some(ends) = &mut ends {
        flush(hash, kernels, ends, batch);
    }

    let order = &mut LongestFirst::<N>::new(batch.len());
    let mut streams = Streams { hash, batch, order };
    run(kernels, hash.initial(), &mut streams, Secrecy::Public);

    let Streams { batch, .. } = streams;
    for (hasher, data) in batch.iter_mut() {
        let Some(stream) = hasher.state.stream_of(hash) else { continue };
        let (.., rest) = parts(hash, stream.unfinished().len(), data);
        if rest.len() < data.len() {
            stream.skip(data.len() - rest.len());
        }
        stream.update(rest);
    }
}

/// Splits `data` into the bytes that complete the unfinished block, whole blocks, and the rest.
fn parts<'m, H: IteratedHash>(
    hash: &H,
    unfinished: usize,
    data: &'m [u8],
) -> (&'m [u8], &'m [H::Unit], &'m [u8]) {
    let block_len = hash.block_len();
    if unfinished + data.len() < block_len {
        return (&[], &[], data);
    }
    let (head, data) = data.split_at(if unfinished == 0 { 0 } else { block_len - unfinished });
    let (blocks, rest) = hash.split(data);
    (head, blocks, rest)
}

/// Runs the completed blocks.
fn flush<H: IteratedHash, const N: usize>(
    hash: &H,
    kernels: &Dispatcher<'_, H, N>,
    ends: &mut Ends<H, N>,
    batch: &mut [(&mut Hasher, &[u8])],
) {
    ends.run(hash, kernels);
    for (state, number) in ends.states[0].iter().zip(&ends.numbers[..ends.len]) {
        if let Some(stream) = batch[*number].0.state.stream_of(hash) {
            stream.state = *state;
        }
    }
    ends.len = 0;
}

struct Streams<'b, 'h, 'm, H: IteratedHash, const N: usize> {
    hash: &'b H,
    batch: &'b mut [(&'h mut Hasher, &'m [u8])],
    order: &'b mut LongestFirst<N>,
}

impl<'m, H: IteratedHash, const N: usize> JobSource<'m, H> for Streams<'_, '_, 'm, H, N> {
    fn next(&mut self) -> Option<Job<'m, H>> {
        loop {
            let block_len = self.hash.block_len();
            let number = self.order.next(|number| self.batch[number].1.len() / block_len)?;
            let (hasher, data) = &mut self.batch[number];
            let data: &'m [u8] = data;
            let Some(stream) = hasher.state.stream_of(self.hash) else { continue };
            let (_, blocks, _) = parts(self.hash, stream.unfinished().len(), data);
            if !blocks.is_empty() {
                return Some(Job { number, state: stream.state, blocks });
            }
        }
    }

    fn done(&mut self, number: usize, state: &H::State) {
        if let Some(stream) = self.batch[number].0.state.stream_of(self.hash) {
            stream.state = *state;
        }
    }
}
