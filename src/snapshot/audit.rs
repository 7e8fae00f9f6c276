//! Audits, which read a whole tree and compare it with its record.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::engine::options::HashOptions;
use crate::engine::outcome::HashedFile;
use crate::engine::run::run;
use crate::error::{Error, ErrorKind, SpecialFileType};
use crate::snapshot::compare::RecordComparison;
use crate::snapshot::entry::{RecordContent, RecordEntry};
use crate::snapshot::error::{SnapshotError, SnapshotErrorKind};
use crate::snapshot::names::below;
use crate::snapshot::open::root_id;
use crate::snapshot::options::SnapshotOptions;
use crate::snapshot::record::Record;
use crate::snapshot::report::{SnapshotNotice, SnapshotReport};

/// Reads all files in `directory` and reports how they differ from `record`.
///
/// A record that must be sealed is opened with the key: see [`Record::open`].
///
/// # Errors
/// [`SnapshotErrorKind::File`] if the directory cannot be walked. Files that cannot be read are
/// reported as [`SnapshotNotice::Unread`].
pub fn audit(
    directory: &Path,
    record: &Record,
    options: &SnapshotOptions,
    mut notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    root_id(directory)?;
    let paths = record.filter().paths().clone();
    let paths = match &options.filter {
        Some(filter) => paths.and(filter.paths().clone()),
        None => paths,
    };
    let plan = options.walk_plan(HashOptions::new([record.hash_function()]), paths);
    let mut comparison = RecordComparison::new(record, options.filter.as_ref());
    let mut report = SnapshotReport::default();
    let mut failure = None;
    run(&plan, [directory], |outcome| {
        let path = outcome.source.name();
        let name = below(directory, path);
        let result = match outcome.result {
            Ok(hashed) => file_content(path, hashed).inspect(|_| report.read += 1),
            Err(error) => link_content(path, error),
        };
        match result {
            Ok(Some(content)) => {
                report.entries += 1;
                if comparison.add(RecordEntry { name: name.into(), content }) {
                    notice(SnapshotNotice::Same(name));
                }
            }
            Ok(None) => {}
            Err(error) if name.is_empty() => {
                failure = Some(SnapshotError::new(path, SnapshotErrorKind::File(error)));
                return ControlFlow::Break(());
            }
            Err(error) if error.is_skipped() => notice(SnapshotNotice::Skipped(&error)),
            Err(error) => {
                report.unread += 1;
                comparison.leave_out(name);
                notice(SnapshotNotice::Unread(&error));
            }
        }
        ControlFlow::Continue(())
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(SnapshotReport { findings: comparison.finish(), ..report }),
    }
}

fn file_content(path: &Path, hashed: HashedFile) -> Result<Option<RecordContent<'static>>, Error> {
    match (hashed.digests.first(), hashed.stamp) {
        (Some(digest), Some(stamp)) => {
            Ok(Some(RecordContent::File { digest: *digest, stamp, run: 0 }))
        }
        _ => Err(Error::new(path, ErrorKind::Special(SpecialFileType::Other))),
    }
}

/// Returns the target of a symbolic link, and `None` for a file that is gone.
fn link_content(path: &Path, error: Error) -> Result<Option<RecordContent<'static>>, Error> {
    let result = match error.kind() {
        ErrorKind::Special(SpecialFileType::Symlink) => fs::read_link(path)
            .map(|target| Some(RecordContent::Link(target.as_os_str().as_bytes().to_vec().into())))
            .map_err(|error| Error::io(path, error)),
        _ => Err(error),
    };
    match result {
        // Removed after its name was listed.
        Err(error) if error.is_not_found() => Ok(None),
        result => result,
    }
}
