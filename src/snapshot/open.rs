//! Opening records and the roots of trees.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::engine::metadata::FileId;
use crate::hmac::Key;
use crate::manifest::record_text::ANY_MAGIC;
use crate::snapshot::error::{SnapshotError, SnapshotErrorKind};
use crate::snapshot::record::{MAX_SIZE, Record, RecordError};

impl Record {
    /// Reads the record at `path`, which is a regular file or a pipe.
    ///
    /// # Errors
    /// [`SnapshotErrorKind::File`] or [`SnapshotErrorKind::Rejected`].
    pub fn open(path: &Path, key: Option<&Key>) -> Result<Self, SnapshotError> {
        let bytes = read(path).map_err(|error| SnapshotError::io(path, error))?;
        let record = match bytes.len() as u64 > MAX_SIZE {
            true => Err(RecordError::TooLarge),
            false => Self::parse(bytes, key),
        };
        record.map_err(|cause| SnapshotError::new(path, SnapshotErrorKind::Rejected(cause)))
    }
}

/// Reads a file if it starts like a record, up to one byte more than [`MAX_SIZE`].
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening must neither wait for the writer of a FIFO nor operate a device.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    }
    let mut bytes = Vec::new();
    (&file).take(ANY_MAGIC.len() as u64).read_to_end(&mut bytes)?;
    if bytes == ANY_MAGIC.as_bytes() {
        let rest = MAX_SIZE + 1 - bytes.len() as u64;
        bytes.try_reserve_exact(metadata.len().min(rest) as usize)?;
        (&file).take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Returns the identity of a tree's root, which must be a directory.
pub(super) fn root_id(directory: &Path) -> Result<FileId, SnapshotError> {
    let metadata = fs::metadata(directory).map_err(|error| SnapshotError::io(directory, error))?;
    match metadata.is_dir() {
        true => Ok(FileId::of(&metadata)),
        false => Err(SnapshotError::io(directory, io::ErrorKind::NotADirectory.into())),
    }
}
