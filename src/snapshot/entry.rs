//! Entries of a record, and the lines that they are written as.

use std::borrow::Cow;
use std::fmt::Write;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::metadata::{FileStamp, Timestamp};
use crate::manifest::record_text::{
    Fields, LINK, escape, is_below, is_lower_hex, number, unescape, unescape_known,
};

/// A file or symbolic link of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordEntry<'a> {
    /// The path below the tree's root, with `/` between the components.
    pub name: Cow<'a, [u8]>,
    /// The contents.
    pub content: RecordContent<'a>,
}

/// The contents of a file or symbolic link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordContent<'a> {
    /// A regular file.
    File {
        /// The digest of its contents.
        digest: Digest,
        /// The file's metadata when it was read. Records of version 1 have no change time.
        stamp: FileStamp,
        /// The number of the run that read it; 0 if the next update must read it again.
        run: u32,
    },
    /// The target of a symbolic link.
    Link(Cow<'a, [u8]>),
}

impl RecordContent<'_> {
    /// Returns `true` if both are files with equal digests, or links with equal targets.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { digest: a, .. }, Self::File { digest: b, .. }) => a == b,
            (Self::Link(a), Self::Link(b)) => a == b,
            _ => false,
        }
    }

    /// Returns the digest of a file, and `None` for a link.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::File { digest, .. } => Some(*digest),
            Self::Link(_) => None,
        }
    }
}

impl RecordEntry<'_> {
    /// Copies borrowed names and targets.
    pub fn into_owned(self) -> RecordEntry<'static> {
        let content = match self.content {
            RecordContent::File { digest, stamp, run } => {
                RecordContent::File { digest, stamp, run }
            }
            RecordContent::Link(target) => RecordContent::Link(target.into_owned().into()),
        };
        RecordEntry { name: self.name.into_owned().into(), content }
    }

    /// Appends the entry's line, with its newline.
    pub(super) fn write(&self, text: &mut String) {
        match &self.content {
            RecordContent::File { digest, stamp, run } => {
                let FileStamp { size, modified, changed, inode } = stamp;
                write!(text, "{digest}\t{size}\t").expect(CANNOT_FAIL);
                write_time(text, *modified);
                if let Some(changed) = changed {
                    text.push('\t');
                    write_time(text, *changed);
                }
                write!(text, "\t{inode}\t{run}\t").expect(CANNOT_FAIL);
            }
            RecordContent::Link(target) => {
                text.push_str(LINK);
                escape(text, target);
                text.push('\t');
            }
        }
        escape(text, &self.name);
        text.push('\n');
    }
}

const CANNOT_FAIL: &str = "writing to a String cannot fail";

/// The fields of a line; splitting is cheaper than parsing a [`RecordEntry`].
///
/// [`Line::check`] validates the digest, the target and the name.
#[derive(Clone, Copy)]
pub(super) enum Line<'a> {
    File { digest: &'a str, stamp: FileStamp, run: u32, name: &'a str },
    Link { target: &'a str, name: &'a str },
}

impl<'a> Line<'a> {
    /// Splits a line without its newline; its digest is of `function`.
    pub(super) fn split(line: &'a str, function: HashFunction) -> Result<Self, &'static str> {
        Ok(match Fields::split(line, 2 * function.len())? {
            Fields::Link { target, name } => Self::Link { target, name },
            Fields::File { digest, size, modified, changed, inode, run, name } => {
                let time = |text| time(text).ok_or("malformed time");
                let (modified, changed) = (time(modified)?, changed.map(time).transpose()?);
                Self::File {
                    digest,
                    stamp: FileStamp { size, modified, changed, inode },
                    run,
                    name,
                }
            }
        })
    }

    /// Returns the name in a line that has passed [`Line::check`].
    pub(super) fn checked_name(&self) -> Cow<'a, [u8]> {
        let (Self::File { name, .. } | Self::Link { name, .. }) = self;
        unescape_known(name)
    }

    /// Checks that the line is in canonical form, and returns the name.
    pub(super) fn check(&self) -> Result<Cow<'a, [u8]>, &'static str> {
        match self {
            Self::File { digest, .. } if !is_lower_hex(digest) => return Err(BAD_DIGEST),
            Self::File { .. } => {}
            Self::Link { target, .. } => {
                let target = unescape(target).filter(|target| !target.contains(&0));
                target.ok_or("malformed target of a link")?;
            }
        }
        let (Self::File { name, .. } | Self::Link { name, .. }) = self;
        let name = unescape(name).ok_or("malformed name")?;
        if is_below(&name) { Ok(name) } else { Err("the name does not lead to a file in the tree") }
    }

    /// Returns the entry of a line that has passed [`Line::check`].
    pub(super) fn checked_entry(&self, function: HashFunction) -> Option<RecordEntry<'a>> {
        let content = match *self {
            Self::File { digest, stamp, run, .. } => {
                RecordContent::File { digest: Digest::from_hex(function, digest).ok()?, stamp, run }
            }
            Self::Link { target, .. } => RecordContent::Link(unescape_known(target)),
        };
        Some(RecordEntry { name: self.checked_name(), content })
    }
}

const BAD_DIGEST: &str = "malformed digest";

/// Parses a digest in lower case, as records write it.
pub(super) fn lower_hex(function: HashFunction, text: &str) -> Result<Digest, &'static str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(BAD_DIGEST);
    }
    Digest::from_hex(function, text).map_err(|_| BAD_DIGEST)
}

/// Parses `SECONDS.NANOSECONDS`, with nine digits after the point. Only the seconds are negative.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = text.split_once('.')?;
    let seconds = match seconds.strip_prefix('-') {
        Some(digits) => 0i64.checked_sub_unsigned(number(digits).filter(|n| *n > 0)?)?,
        None => number(seconds)?.try_into().ok()?,
    };
    let digits = nanoseconds.len() == 9 && nanoseconds.bytes().all(|b| b.is_ascii_digit());
    Some(Timestamp { seconds, nanoseconds: nanoseconds.parse().ok().filter(|_| digits)? })
}

pub(super) fn write_time(text: &mut String, time: Timestamp) {
    write!(text, "{}.{:09}", time.seconds, time.nanoseconds).expect(CANNOT_FAIL);
}
