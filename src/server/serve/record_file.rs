//! The file that keeps digests between runs, in the format of `hsum snapshot`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::engine::{FileStamp, Timestamp};
use hsum::snapshot::{
    Record, RecordContent, RecordEntry, RecordRun, RecordWriter, SnapshotErrorKind, walk_order,
};
use hsum::{Digest, HashFunction};

use crate::cli::output::Output;
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::server::serve::digests::{Digests, Listed, ListedFile, is_settled};

/// A record on disk.
#[derive(Debug)]
pub(crate) struct RecordFile {
    path: PathBuf,
    function: HashFunction,
}

impl RecordFile {
    /// Creates the record of one hash function; the file need not exist.
    pub(crate) fn new(path: PathBuf, function: HashFunction) -> Self {
        Self { path, function }
    }

    /// Returns the digests that the file has, without those of files that may have changed since
    /// they were read; none if the file is missing or is a record of another algorithm.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or is not a record.
    pub(crate) fn load(&self) -> Result<HashMap<FileStamp, Arc<[Digest]>>> {
        let path = quote(&self.path);
        let record = match Record::open(&self.path, None) {
            Ok(record) => record,
            Err(error) => match error.kind() {
                SnapshotErrorKind::File(cause) if cause.is_not_found() => return Ok(HashMap::new()),
                kind => return Err(anyhow!("{path}: {kind}")),
            },
        };
        if record.hash_function() != self.function {
            let function = record.hash_function();
            complain(format_args!("warning: {path}: a record of {function} is not used"));
            return Ok(HashMap::new());
        }
        let begun: HashMap<u32, Timestamp> =
            record.runs().iter().map(|run| (run.number, run.begun)).collect();
        let known = record.entries().filter_map(|entry| match entry.content {
            RecordContent::File { digest, stamp, run } => {
                let begun = begun.get(&run)?;
                is_settled(&stamp, *begun).then(|| (stamp, [digest].into()))
            }
            RecordContent::Link(_) => None,
        });
        Ok(known.collect())
    }

    /// Replaces the file by a record of the digests.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(crate) fn save(&self, digests: &Digests) -> Result<()> {
        let Listed::Files(mut files) = digests.below(b"") else { return Ok(()) };
        files.sort_by(|a, b| walk_order(&a.name, &b.name));
        // Every digest in it has been found to belong to its metadata by now.
        let run = RecordRun { number: 1, begun: Timestamp::now() };
        let mut writer = RecordWriter::new(Vec::new(), self.function, &[run], None)?;
        for ListedFile { name, stamp, digests } in files {
            let digest = digests.and_then(|digests| digests.first().copied());
            let Some(digest) = digest else { continue };
            let content = RecordContent::File { digest, stamp, run: run.number };
            writer.entry(&RecordEntry { name: name.into(), content })?;
        }
        let mut output = Output::replacing(&self.path)?;
        output.bytes(&writer.finish()?)?;
        output.finish()?;
        Ok(())
    }
}
