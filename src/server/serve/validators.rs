//! Entity tags and modification times of files.

use hsum::engine::{FileStamp, Timestamp};
use hsum::{Algorithm, Digest, Strength};

use crate::server::serve::conditions::Validators;
use crate::server::serve::digests::is_settled;

/// Returns the validators of a file; a file that has just changed has none.
pub(crate) fn of_file(stamp: &FileStamp, digests: &[Digest], now: Timestamp) -> Validators {
    if !is_settled(stamp, now) {
        return Validators::default();
    }
    let mut tags: Vec<_> = digests.first().and_then(tag).into_iter().collect();
    // It was sent before the digest was known.
    tags.push(stamp_tag(stamp));
    let modified = u64::try_from(stamp.modified.seconds).ok();
    // A time in the future would be no validator (RFC 9110, section 8.8.2.1).
    let modified = modified.filter(|_| stamp.modified <= now);
    Validators { tags, modified }
}

/// Returns the validators of a text that the server has made.
pub(crate) fn of_text(text: &[u8]) -> Validators {
    let tags = tag(&hsum::digest(Algorithm::Sha256, text)).into_iter().collect();
    Validators { tags, modified: None }
}

/// Returns the entity tag of a digest; `None` if files with the same digest can be made.
fn tag(digest: &Digest) -> Option<String> {
    let function = digest.hash_function();
    let is_sound = function.algorithm().strength() == Strength::Sound;
    is_sound.then(|| format!("\"{function}-{digest}\""))
}

/// Returns the entity tag of a file's metadata, which it does not reveal.
fn stamp_tag(stamp: &FileStamp) -> String {
    let FileStamp { size, modified, changed, inode } = stamp;
    let text = format!("{size} {modified:?} {changed:?} {inode}");
    let digest = hsum::digest(Algorithm::Sha256, text.as_bytes()).to_hex();
    format!("\"stamp-{}\"", digest.get(..32).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_tags_of_its_digest_and_of_its_metadata() {
        let at = |seconds| Timestamp { seconds, nanoseconds: 0 };
        let stamp = FileStamp { modified: at(10), changed: Some(at(10)), ..FileStamp::default() };
        let digest = hsum::digest(Algorithm::Sha256, b"a");
        let found = of_file(&stamp, &[digest], at(20));
        assert_eq!(found.modified, Some(10));
        assert_eq!(found.tags[0], format!("\"sha256-{digest}\""));
        assert_eq!(found.tags[1..], of_file(&stamp, &[], at(20)).tags);
        // Every part of the metadata counts.
        let other = FileStamp { inode: 1, ..stamp };
        assert_ne!(found.tags[1..], of_file(&other, &[], at(20)).tags);
        // Files with equal MD5 digests can be made.
        let md5 = hsum::digest(Algorithm::Md5, b"a");
        assert_eq!(of_file(&stamp, &[md5], at(20)).tags, found.tags[1..]);
        // The file may change again within the precision of its times.
        assert_eq!(of_file(&stamp, &[digest], at(12)), Validators::default());
        let future = FileStamp { modified: at(30), ..stamp };
        assert_eq!(of_file(&future, &[], at(20)).modified, None);
        let past = FileStamp { modified: at(-1), ..stamp };
        assert_eq!(of_file(&past, &[], at(20)).modified, None);
    }
}
