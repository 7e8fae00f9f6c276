//! Large files in parts, for multipart forms: threads and lanes hash the parts side by side.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::file::StableFile;
use crate::engine::progress::HashProgress;
use crate::engine::sizes::{self, PIECE};
use crate::engine::stream::Stream;
use crate::engine::threads::Threads;
use crate::error::ErrorKind;
use crate::hasher::Hasher;
use crate::hasher::fused::update_all;
use crate::lanes::{digest_many, efficient_lanes, update_many};

/// The gap between the pieces of two lanes, which would otherwise compete for the same sets of the L1 cache.
const STAGGER: usize = 5 * 64;
/// The minimum number of bytes in a round.
const ROUND: u64 = 256 << 20;
/// The minimum number of groups per thread in a round; with more, the threads finish closer together.
const GROUPS: u64 = 4;

/// A range of the file that the threads hash before they wait for one another.
struct Round<'a> {
    file: &'a StableFile,
    function: HashFunction,
    part_len: u64,
    /// The number of parts in a group, which lanes hash side by side.
    group: u64,
    /// The byte range of this round, from one part boundary to another or to the end of the file.
    start: u64,
    end: u64,
    /// The next group that a thread takes.
    next: AtomicU64,
    progress: Option<&'a HashProgress>,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

/// Hashes the rest of a regular file if its only function is a multipart form and several parts are left.
///
/// Otherwise hashes nothing, or only the bytes before the next part; the caller continues from there.
///
/// # Errors
/// [`ErrorKind::Changed`] if the file changed, so that the caller must start over; errors of reading.
pub(super) fn hash_rest(
    stream: &mut Stream,
    threads: Threads,
    progress: Option<&HashProgress>,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<(), ErrorKind> {
    let [hasher] = &stream.hashers[..] else { return Ok(()) };
    let function = hasher.hash_function();
    let Some(part_len) = function.part_len() else { return Ok(()) };
    let size = stream.file.size();
    let first = stream.size.next_multiple_of(part_len);
    if stream.file.divisible().is_none() || size.saturating_sub(first) <= part_len {
        return Ok(());
    }
    complete_part(stream, part_len, progress)?;
    let threads = threads.get() as u64;
    // The number of short parts that one read fetches.
    let short = sizes::pieces().0 as u64 / part_len;
    let width = efficient_lanes(function.algorithm()) as u64;
    while let Some(file) = stream.file.divisible() {
        let start = stream.size;
        let left = size.saturating_sub(start).div_ceil(part_len);
        if left == 0 || !start.is_multiple_of(part_len) {
            break;
        }
        let group = left.div_ceil(threads).min(width.max(short));
        let parts = (ROUND / part_len).max(threads * width * GROUPS).min(left);
        let end = start.saturating_add(parts.saturating_mul(part_len)).min(size);
        let round = Round {
            file,
            function: function.of_part(),
            part_len,
            group,
            start,
            end,
            next: AtomicU64::new(0),
            progress,
            is_stopped,
        };
        let digests = round.run(threads)?;
        let parts = stream.hashers.iter_mut().find_map(Hasher::parts);
        parts.into_iter().for_each(|parts| digests.iter().for_each(|digest| parts.push(digest)));
        stream.size = end;
        stream.file.skip(end - start);
    }
    Ok(())
}

/// Hashes the bytes before the next part: the rest of the mapped window, then bytes that it reads.
fn complete_part(
    stream: &mut Stream,
    part_len: u64,
    progress: Option<&HashProgress>,
) -> Result<(), ErrorKind> {
    if let Some((window, hashed)) = stream.window.take() {
        let rest = &window.bytes()[hashed..];
        update_all(&mut stream.hashers, rest);
        stream.size += rest.len() as u64;
        progress.into_iter().for_each(|progress| progress.add_bytes(rest.len()));
        if window.is_torn() {
            return Err(ErrorKind::Changed);
        }
    }
    let mut buffer = vec![0; PIECE];
    let mut is_end = false;
    while !is_end && !stream.size.is_multiple_of(part_len) {
        let missing = part_len - stream.size % part_len;
        let piece = &mut buffer[..missing.min(PIECE as u64) as usize];
        let count;
        (count, is_end) = stream.file.fill(piece, progress)?;
        update_all(&mut stream.hashers, &piece[..count]);
        stream.size += count as u64;
    }
    Ok(())
}

impl Round<'_> {
    /// Returns the digests of all parts of the round.
    fn run(&self, threads: u64) -> Result<Vec<Digest>, ErrorKind> {
        let groups = (self.end - self.start).div_ceil(self.part_len * self.group);
        let work = || -> Result<Vec<(u64, Vec<Digest>)>, ErrorKind> {
            let mut buffer = Vec::new();
            let mut found = Vec::new();
            loop {
                let group = self.next.fetch_add(1, Relaxed);
                if group >= groups {
                    return Ok(found);
                }
                let hashed = self.hash_group(group, &mut buffer);
                if hashed.is_err() {
                    self.next.store(groups, Relaxed);
                }
                found.push((group, hashed?));
            }
        };
        let mut found = thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(groups))
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut found = work();
            for other in others {
                let more = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                found = found.and_then(|mut found| {
                    found.extend(more?);
                    Ok(found)
                });
            }
            found
        })?;
        found.sort_unstable_by_key(|(group, _)| *group);
        Ok(found.into_iter().flat_map(|(_, digests)| digests).collect())
    }

    /// Hashes the parts of a group in lanes.
    fn hash_group(&self, group: u64, buffer: &mut Vec<u8>) -> Result<Vec<Digest>, ErrorKind> {
        let start = self.start + group * self.group * self.part_len;
        let end = (start + self.group * self.part_len).min(self.end);
        match end - start <= sizes::pieces().0 as u64 {
            true => self.hash_whole(start, end, buffer),
            false => self.hash_pieces(start, end, buffer),
        }
    }

    /// Reads all parts of a group at once, and hashes them.
    fn hash_whole(
        &self,
        start: u64,
        end: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<Vec<Digest>, ErrorKind> {
        buffer.resize((end - start) as usize, 0);
        self.read(buffer, start)?;
        let messages: Vec<&[u8]> = buffer.chunks(self.part_len as usize).collect();
        let mut digests = vec![Digest::zeroed(self.function); messages.len()];
        digest_many(self.function, &messages, &mut digests);
        Ok(digests)
    }

    /// Reads and hashes the parts of a group piece by piece.
    fn hash_pieces(
        &self,
        start: u64,
        end: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<Vec<Digest>, ErrorKind> {
        let count = (end - start).div_ceil(self.part_len) as usize;
        let (all, max_piece) = sizes::pieces();
        let piece = ((all / count) & !4095).clamp(4096, max_piece);
        let stride = piece + STAGGER;
        buffer.resize(count * stride, 0);
        let mut hashers = vec![Hasher::new(self.function); count];
        let mut done = 0;
        while done < self.part_len {
            let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(count);
            let starts = (start..end).step_by(self.part_len as usize);
            for ((hasher, part), buffer) in
                hashers.iter_mut().zip(starts).zip(buffer.chunks_mut(stride))
            {
                // The last part may be shorter.
                let len = (self.part_len.min(end - part)).saturating_sub(done).min(piece as u64);
                let buffer = &mut buffer[..len as usize];
                self.read(buffer, part + done)?;
                batch.push((hasher, &*buffer));
            }
            update_many(&mut batch);
            done += piece as u64;
        }
        Ok(hashers.into_iter().map(Hasher::finalize).collect())
    }

    /// Fills the buffer.
    ///
    /// # Errors
    /// If the file changed or cannot be read, or if the run was stopped.
    fn read(&self, buffer: &mut [u8], start: u64) -> Result<(), ErrorKind> {
        if (self.is_stopped)() {
            return Err(ErrorKind::Io(io::ErrorKind::Interrupted.into()));
        }
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], start + filled as u64)? {
                0 => return Err(ErrorKind::Changed),
                count => filled += count,
            }
        }
        self.progress.into_iter().for_each(|progress| progress.add_bytes(filled));
        Ok(())
    }
}
