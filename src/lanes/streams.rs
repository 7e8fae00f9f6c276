//! Hashers' streams in lanes: first the bytes that complete a block, then whole blocks, then the rest.

use crate::algorithm::Algorithm;
use crate::hasher::{Hasher, State};
use crate::lanes::family::{Family, Streaming};
use crate::lanes::schedule::{Contents, Ends, Job, JobSource, LongestFirst, run};
use crate::lanes::select::Dispatcher;

/// The hashers of one algorithm in a batch, and the access to their streams.
#[derive(Clone, Copy)]
pub(super) struct Group<S> {
    pub(super) algorithm: Algorithm,
    pub(super) stream: fn(&mut State) -> Option<&mut S>,
}

impl<S> Group<S> {
    fn stream<'h>(&self, hasher: &'h mut Hasher) -> Option<&'h mut S> {
        if hasher.algorithm() == self.algorithm { (self.stream)(&mut hasher.state) } else { None }
    }
}

/// Appends the bytes of the batch to each stream of the group.
pub(super) fn update<S: Streaming, const N: usize>(
    kernels: &Dispatcher<'_, S::Family, N>,
    family: &S::Family,
    group: &Group<S>,
    batch: &mut [(&mut Hasher, &[u8])],
) {
    let mut ends = None;
    for number in 0..batch.len() {
        let (hasher, data) = &mut batch[number];
        let Some(stream) = group.stream(hasher) else { continue };
        let (head, ..) = parts(family, stream.pending(), data);
        if head.is_empty() {
            continue;
        }
        let ends = ends.get_or_insert_with(|| Ends::new(family.initial(), 1));
        let block = family.block(ends.push(number, stream.state()));
        stream.copy_pending(block);
        block[stream.pending()..].copy_from_slice(head);
        if ends.len == kernels.batch() {
            flush(family, kernels, ends, batch, group);
        }
    }
    if let Some(ends) = &mut ends {
        flush(family, kernels, ends, batch, group);
    }

    let order = &mut LongestFirst::<N>::new(batch.len());
    let mut streams = Streams { family, group, batch, order };
    run(kernels, family.initial(), &mut streams, Contents::Public);

    let Streams { batch, .. } = streams;
    for (hasher, data) in batch.iter_mut() {
        let Some(stream) = group.stream(hasher) else { continue };
        let (.., rest) = parts(family, stream.pending(), data);
        if rest.len() < data.len() {
            stream.skip(data.len() - rest.len());
        }
        stream.update(rest);
    }
}

/// Splits `data` into the bytes that complete the unfinished block, whole blocks, and the rest.
fn parts<'m, F: Family>(
    family: &F,
    pending: usize,
    data: &'m [u8],
) -> (&'m [u8], &'m [F::Unit], &'m [u8]) {
    let block_len = family.block_len();
    if pending + data.len() < block_len {
        return (&[], &[], data);
    }
    let (head, data) = data.split_at(if pending == 0 { 0 } else { block_len - pending });
    let (blocks, rest) = family.split(data);
    (head, blocks, rest)
}

/// Runs the completed blocks.
fn flush<S: Streaming, const N: usize>(
    family: &S::Family,
    kernels: &Dispatcher<'_, S::Family, N>,
    ends: &mut Ends<S::Family, N>,
    batch: &mut [(&mut Hasher, &[u8])],
    group: &Group<S>,
) {
    ends.run(family, kernels);
    for (state, number) in ends.states[0].iter().zip(&ends.numbers[..ends.len]) {
        if let Some(stream) = group.stream(batch[*number].0) {
            *stream.state() = *state;
        }
    }
    ends.len = 0;
}

struct Streams<'b, 'h, 'm, S: Streaming, const N: usize> {
    family: &'b S::Family,
    group: &'b Group<S>,
    batch: &'b mut [(&'h mut Hasher, &'m [u8])],
    order: &'b mut LongestFirst<N>,
}

impl<'m, S: Streaming, const N: usize> JobSource<'m, S::Family> for Streams<'_, '_, 'm, S, N> {
    fn next(&mut self) -> Option<Job<'m, S::Family>> {
        loop {
            let block_len = self.family.block_len();
            let number = self.order.next(|number| self.batch[number].1.len() / block_len)?;
            let (hasher, data) = &mut self.batch[number];
            let data: &'m [u8] = data;
            let Some(stream) = self.group.stream(hasher) else { continue };
            let (_, blocks, _) = parts(self.family, stream.pending(), data);
            if !blocks.is_empty() {
                return Some(Job { number, state: *stream.state(), blocks });
            }
        }
    }

    fn done(&mut self, number: usize, state: &<S::Family as Family>::State) {
        if let Some(stream) = self.group.stream(self.batch[number].0) {
            *stream.state() = *state;
        }
    }
}
