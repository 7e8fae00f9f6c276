//! Records of whole trees: written, audited, updated, compared and sealed.
//!
//! [`take`] reads a tree and writes its record. [`audit`] reads the tree again and reports what
//! changed. [`update`] reads only the files that may have changed, and a share of the others, and
//! replaces the record. [`diff`] compares two records. `docs/snapshot.md` describes the format.
//!
//! ```
//! use hsum::Algorithm;
//! use hsum::snapshot::{self, FileChange, SnapshotOptions, Record};
//!
//! # let directory = std::env::temp_dir().join(format!("hsum-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(directory.join("photos"))?;
//! # std::fs::write(directory.join("photos/a.jpg"), "a")?;
//! let (photos, target) = (directory.join("photos"), directory.join("photos.hsum"));
//! let options = SnapshotOptions::default();
//! snapshot::take(&photos, &target, Algorithm::Sha256, &options, |_| {})?;
//!
//! std::fs::rename(photos.join("a.jpg"), photos.join("b.jpg"))?;
//! let record = Record::open(&target, None)?;
//! let report = snapshot::audit(&photos, &record, &options, |_| {})?;
//! assert_eq!(report.findings[0].change, FileChange::Moved { from: b"a.jpg".to_vec() });
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod compare;
mod entry;
mod error;
mod filter;
mod journal;
mod names;
mod open;
mod options;
mod plan;
mod record;
mod replace;
mod report;
mod update;
mod write;

pub use crate::fs::replace::Existing;
pub use crate::manifest::merge::order::walk_order;
pub use audit::audit;
pub use compare::diff;
pub use entry::{RecordContent, RecordEntry};
pub use error::{SnapshotError, SnapshotErrorKind};
pub use filter::RecordFilter;
pub use options::{AcceptRot, SnapshotOptions, TreeShare};
pub use record::{Record, RecordError, RecordRun, SEAL_ALGORITHM, SealStatus};
pub use report::{FileChange, Finding, SnapshotNotice, SnapshotReport};
pub use update::{take, update};
pub use write::RecordWriter;
