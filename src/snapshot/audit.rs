//! A tree is read, whole, and held against its record.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::compare::RecordComparison;
use super::entry::{RecordContent, RecordEntry};
use super::record::Record;
use super::{
    SnapshotError, SnapshotNotice, SnapshotOptions, SnapshotReport, check_root, name_below,
};
use crate::engine::{self, Hashed, Plan};
use crate::error::{Error, ErrorKind};

/// Reads everything in `directory` and says what became of each file that `record` knows, and of
/// those that it does not.
///
/// `record` is to be read before, with the key if it must be sealed: see [`Record::parse`].
///
/// # Errors
/// [`SnapshotError::File`] where the directory cannot be walked. What cannot be read in it is a
/// [`SnapshotNotice`].
pub fn audit(
    directory: &Path,
    record: &Record,
    options: &SnapshotOptions,
    mut notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    check_root(directory)?;
    let plan = options.plan(Plan::new([record.hash_function()]));
    let mut comparison = RecordComparison::new(record);
    let mut report = SnapshotReport::default();
    let mut failure = None;
    engine::run(&plan, [directory], |outcome| {
        let path = outcome.source.name();
        let name = name_below(directory, path);
        let result = match outcome.result {
            Ok(hashed) => file(path, hashed).inspect(|_| report.read += 1),
            Err(error) => other(path, error),
        };
        match result {
            Ok(Some(content)) => {
                if comparison.met(RecordEntry { name: name.into(), content }) {
                    notice(SnapshotNotice::Same(name));
                }
            }
            Ok(None) => {}
            Err(error) if name.is_empty() => {
                failure = Some(SnapshotError::File(error));
                return ControlFlow::Break(());
            }
            Err(error) if error.is_skipped() => {
                notice(SnapshotNotice::Skipped(&error));
            }
            Err(error) => {
                report.unread += 1;
                comparison.unread(name);
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

fn file(path: &Path, hashed: Hashed) -> Result<Option<RecordContent<'static>>, Error> {
    match (hashed.digests.first(), hashed.stamp) {
        (Some(digest), Some(stamp)) => {
            Ok(Some(RecordContent::File { digest: *digest, stamp, read: 0 }))
        }
        _ => Err(Error::new(path, ErrorKind::Special("a special file"))),
    }
}

/// What is no file, or is none any more.
fn other(path: &Path, error: Error) -> Result<Option<RecordContent<'static>>, Error> {
    let result = match error.kind() {
        ErrorKind::Special(engine::LINK) => fs::read_link(path)
            .map(|target| Some(RecordContent::Link(target.as_os_str().as_bytes().to_vec().into())))
            .map_err(|error| Error::io(path, error)),
        _ => Err(error),
    };
    match result {
        // Removed since its name was listed.
        Err(error) if error.is_not_found() => Ok(None),
        result => result,
    }
}
