//! Large files, read and hashed piece by piece.

use std::cmp::Reverse;

use crate::engine::file::End;
use crate::engine::open_job::OpenJob;
use crate::engine::options::Source;
use crate::engine::outcome::HashedFile;
use crate::engine::progress::{HashProgress, Shown};
use crate::error::{Error, ErrorKind};
use crate::fs::map::Window;
use crate::hasher::Hasher;

/// A large file with the state of its hashers.
pub(super) struct Stream {
    pub(super) file: OpenJob,
    pub(super) hashers: Vec<Hasher>,
    /// The number of bytes read so far.
    pub(super) size: u64,
    /// The mapped part of the file, and the number of its bytes that were hashed.
    pub(super) window: Option<(Window, usize)>,
    /// The number of bytes in the next piece to hash.
    pub(super) filled: usize,
    /// The result of reading, once the file is at its end.
    pub(super) end: Option<Result<(), ErrorKind>>,
    shown: Option<Shown>,
}

impl Stream {
    pub(super) fn new(file: OpenJob) -> Self {
        let hashers = file.hashers();
        Self { file, hashers, size: 0, window: None, filled: 0, end: None, shown: None }
    }

    /// Shows the name of the file until it is finished, if it is large.
    pub(super) fn show(&mut self, progress: Option<&HashProgress>) {
        if let (None, Some(progress), Source::Path(path)) =
            (&self.shown, progress, self.file.source())
            && self.file.size() >= HashProgress::MIN_SHOWN
        {
            self.shown = Some(progress.show(path));
        }
    }

    /// Returns the number of remaining bytes, according to the size at opening.
    pub(super) fn remaining(&self) -> u64 {
        self.file.size().saturating_sub(self.size)
    }

    /// Returns a key that orders files by remaining bytes, and equal ones by descending index.
    pub(super) fn key(&self) -> (u64, Reverse<u64>) {
        (self.remaining(), Reverse(self.file.index))
    }

    /// Starts over, after the file was rewound.
    pub(super) fn restart(&mut self) {
        (self.hashers, self.size, self.window) = (self.file.hashers(), 0, None);
    }

    /// Takes the next piece, of up to `length` bytes, from a window of up to `window` bytes.
    ///
    /// Returns `false` if it is to be read instead, or if the run is stopped.
    pub(super) fn map(
        &mut self,
        length: usize,
        window: usize,
        progress: Option<&HashProgress>,
    ) -> bool {
        if progress.is_some_and(|progress| progress.check_stopped().is_err()) {
            return false;
        }
        self.window = self.window.take().filter(|(window, hashed)| *hashed < window.bytes().len());
        if self.window.is_none() {
            self.window = self.file.map(window).map(|window| (window, 0));
        }
        let Some((window, hashed)) = &self.window else { return false };
        self.filled = length.min(window.bytes().len() - hashed);
        self.size += self.filled as u64;
        progress.into_iter().for_each(|progress| progress.add_bytes(self.filled));
        true
    }

    /// Returns the hashers and the next piece, which is in `buffer` if it was read.
    pub(super) fn piece<'s>(&'s mut self, buffer: &'s [u8]) -> (&'s mut [Hasher], &'s [u8]) {
        let piece = match &self.window {
            Some((window, hashed)) => &window.bytes()[*hashed..][..self.filled],
            None => &buffer[..self.filled],
        };
        (&mut self.hashers, piece)
    }

    /// Reports that the piece was hashed.
    pub(super) fn hashed(&mut self) {
        let Some((window, hashed)) = &mut self.window else { return };
        *hashed += self.filled;
        if window.is_torn() {
            match self.file.rewind_after_fault(window) {
                Ok(()) => self.restart(),
                Err(kind) => self.end = Some(Err(kind)),
            }
        }
    }

    /// Reads a whole piece, or the bytes that are left.
    pub(super) fn fill(&mut self, buffer: &mut [u8], progress: Option<&HashProgress>) {
        self.filled = 0;
        let result = self.file.fill(buffer, progress).and_then(|(filled, is_end)| {
            let end = if is_end { Some(self.file.end()?) } else { None };
            Ok((filled, end))
        });
        match result {
            Ok((_, Some(End::ReadAgain))) => self.restart(),
            Ok((filled, end)) => {
                self.filled = filled;
                self.size += filled as u64;
                self.end = end.map(|_| Ok(()));
            }
            Err(kind) => self.end = Some(Err(kind)),
        }
    }

    /// Returns the result of the file, by its job's index.
    pub(super) fn finish(self) -> (u64, Result<HashedFile, Error>) {
        let result = match self.end {
            Some(Err(kind)) => Err(self.file.error(kind)),
            _ => Ok(self.file.hashed(self.hashers, self.size)),
        };
        (self.file.index, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::job::{Access, Job};
    use crate::hasher::fused::update_all;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_hashed_again_from_its_beginning_after_chmod() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [1; 250_000]).unwrap();
        let job = Job::new(file.path().into(), Access::Walked, [Algorithm::Md5.into()].into());
        let mut stream = Stream::new(OpenJob::new(0, job).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        let mut buffer = vec![0; 100_000];
        let mut pieces = 0;
        while stream.end.is_none() {
            stream.fill(&mut buffer, None);
            update_all(&mut stream.hashers, &buffer[..stream.filled]);
            pieces += 1;
        }
        assert_eq!(pieces, 6);
        let (_, hashed) = stream.finish();
        let hashed = hashed.unwrap();
        assert_eq!(hashed.size, 250_000);
        assert_eq!(hashed.digests, [crate::hasher::digest(Algorithm::Md5, &[1; 250_000])]);
    }

    /// Expects the outcome of reads: the state after the truncation, or an error.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    #[test]
    fn a_file_that_is_truncated_while_it_is_mapped_is_read() {
        use crate::engine::options::Reading;
        use crate::fs::map::FaultHandler;

        let reading = Reading::Mapped(FaultHandler::install().unwrap());
        let contents = vec![1; 2_500_000];
        // In the middle, and within the last page, where the system does not report a fault.
        for length in [1_500_000, 2_499_999] {
            for access in [Access::Plain, Access::Walked] {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), &contents).unwrap();
                let job = Job::new(file.path().into(), access, [Algorithm::Md5.into()].into());
                let mut open = OpenJob::new(0, Job { reading, ..job }).unwrap();
                open.prepare();
                let (mut stream, mut buffer) = (Stream::new(open), vec![0; 1 << 20]);
                let mut truncated = false;
                while stream.end.is_none() {
                    if !stream.map(buffer.len(), 8 << 20, None) {
                        stream.fill(&mut buffer, None);
                    } else if !std::mem::replace(&mut truncated, true) {
                        file.as_file().set_len(length).unwrap();
                    }
                    let (hashers, piece) = stream.piece(&buffer);
                    update_all(hashers, piece);
                    stream.hashed();
                }
                // Not every file system can be mapped.
                if !truncated {
                    continue;
                }
                match (access, stream.finish().1) {
                    (Access::Plain, hashed) => {
                        let digest =
                            crate::hasher::digest(Algorithm::Md5, &contents[..length as usize]);
                        assert_eq!(hashed.unwrap().digests, [digest], "{length}");
                    }
                    (_, result) => {
                        assert!(matches!(result.unwrap_err().kind(), ErrorKind::Changed))
                    }
                }
            }
        }
    }

    /// Restores the size after the fault, so that only the torn window tells of it.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    #[test]
    fn a_file_whose_window_is_torn_is_read() {
        use crate::engine::options::Reading;
        use crate::fs::map::FaultHandler;

        let reading = Reading::Mapped(FaultHandler::install().unwrap());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1; 2_500_000]).unwrap();
        let job = Job::new(file.path().into(), Access::Plain, [Algorithm::Md5.into()].into());
        let mut open = OpenJob::new(0, Job { reading, ..job }).unwrap();
        open.prepare();
        let (mut stream, mut buffer) = (Stream::new(open), vec![0; 1 << 20]);
        // Not every file system can be mapped.
        if !stream.map(buffer.len(), 8 << 20, None) {
            return;
        }
        file.as_file().set_len(0).unwrap();
        let (hashers, piece) = stream.piece(&buffer);
        update_all(hashers, piece);
        let restored = vec![2; 2_500_000];
        std::fs::write(file.path(), &restored).unwrap();
        stream.hashed();
        while stream.end.is_none() {
            if !stream.map(buffer.len(), 8 << 20, None) {
                stream.fill(&mut buffer, None);
            }
            let (hashers, piece) = stream.piece(&buffer);
            update_all(hashers, piece);
            stream.hashed();
        }
        let digest = crate::hasher::digest(Algorithm::Md5, &restored);
        assert_eq!(stream.finish().1.unwrap().digests, [digest]);
    }
}
