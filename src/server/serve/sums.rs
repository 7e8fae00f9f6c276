//! Checksum files that the server makes: `SHA256SUMS` of a directory, and `?digest=` of a file.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hsum::internals::{escape, lock};
use hsum::manifest::publish::{ReleaseFile, ReleaseFormat, ReleaseList, is_release_list};
use hsum::manifest::{LineFormat, LineStyle, write_line};
use hsum::{Digest, HashFunction};

use crate::server::serve::digests::{Digests, Listed, ListedFile};

/// The list that was sent last, as long as no file changes.
#[derive(Debug, Default)]
pub(crate) struct SumsCache(Mutex<Option<CachedList>>);

#[derive(Debug)]
struct CachedList {
    version: u64,
    name: Vec<u8>,
    text: Bytes,
}

/// The list of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sums {
    /// The name is not that of a list.
    NotAList,
    /// The files are being read for the first time.
    Unfinished {
        hashed: usize,
        files: usize,
    },
    Text(Bytes),
}

impl SumsCache {
    /// Returns the list that a path below the directory names, such as `a/SHA256SUMS`.
    pub(crate) fn list(&self, digests: &Digests, name: &[u8]) -> Sums {
        let at = name.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (directory, base) = name.split_at(at);
        let Some(function) = function_of(digests.functions(), base) else { return Sums::NotAList };
        let version = digests.version();
        let mut cached = lock(&self.0);
        if let Some(list) = cached.as_ref().filter(|l| l.version == version && l.name == name) {
            return Sums::Text(list.text.clone());
        }
        match digests.below(directory) {
            Listed::Unfinished { hashed, files } => Sums::Unfinished { hashed, files },
            // A directory without files may not exist.
            Listed::Files(files) if files.is_empty() && !directory.is_empty() => Sums::NotAList,
            Listed::Files(files) => {
                if files.iter().any(|file| file.digests.is_none()) {
                    digests.want();
                }
                let text = Bytes::from(text(function, &files));
                let name = name.to_vec();
                *cached = Some(CachedList { version, name, text: text.clone() });
                Sums::Text(text)
            }
        }
    }
}

/// Returns the hash function whose list has this name.
fn function_of(functions: &[HashFunction], name: &[u8]) -> Option<HashFunction> {
    if !name.ends_with(b"SUMS") {
        return None;
    }
    functions.iter().copied().find(|function| file_name(*function).as_bytes() == name)
}

/// Returns the name of the list of a hash function, such as `SHA256SUMS`.
pub(crate) fn file_name(function: HashFunction) -> String {
    let digests = vec![hsum::digest(function, b"")];
    let file = ReleaseFile { name: b"x".to_vec(), size: 0, digests };
    let lists: Vec<ReleaseList> = ReleaseFormat::Sums.write(&[file], &[]).unwrap_or_default();
    lists.into_iter().next().map(|list| list.file_name).unwrap_or_default()
}

/// Writes the list of a directory's files; those without a digest are in comments.
fn text(function: HashFunction, files: &[ListedFile]) -> Vec<u8> {
    let mut text = Vec::new();
    let files = files.iter().filter(|file| !is_release_list(&file.name));
    for file in files.clone().filter(|file| file.digests.is_none()) {
        let name = escape(&file.name, &[]);
        let line =
            format!("# {name}: no digest yet: the file has just changed, or is unreadable\n");
        text.extend_from_slice(line.as_bytes());
    }
    for file in files {
        let digests = file.digests.iter().flat_map(|digests| digests.iter());
        for digest in digests.filter(|digest| digest.hash_function() == function) {
            write_line(&mut text, digest, &file.name, LineStyle::new(LineFormat::Untagged));
        }
    }
    text
}

/// Returns the line of a file in a list, with the last component of its name.
pub(crate) fn line(digest: &Digest, name: &[u8]) -> Vec<u8> {
    let base = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let mut text = Vec::new();
    write_line(&mut text, digest, base, LineStyle::new(LineFormat::Untagged));
    text
}

/// Returns the digest of a hash function.
pub(crate) fn digest_of(digests: &Arc<[Digest]>, function: HashFunction) -> Option<&Digest> {
    digests.iter().find(|digest| digest.hash_function() == function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsum::Algorithm;
    use hsum::engine::FileStamp;

    #[test]
    fn lists_name_the_files_below_a_directory() {
        let digests = Digests::new(vec![Algorithm::Sha256.into(), Algorithm::Md5.into()]);
        let stamp = |inode| FileStamp { inode, ..FileStamp::default() };
        let names = [("d/a", 1), ("d/new\n", 2), ("e", 1), ("SHA256SUMS.asc", 1)];
        digests.set_names(names.map(|(name, inode)| (name.into(), stamp(inode))).into());
        let functions = [Algorithm::Sha256, Algorithm::Md5];
        digests.insert(stamp(1), functions.map(|f| hsum::digest(f, b"a")).into());
        let cache = SumsCache::default();
        assert_eq!(cache.list(&digests, b"SHA256SUMS"), Sums::Unfinished { hashed: 3, files: 4 });
        digests.complete();
        let list = |name: &str| match cache.list(&digests, name.as_bytes()) {
            Sums::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => format!("{other:?}"),
        };
        let comment = "no digest yet: the file has just changed, or is unreadable";
        let md5 = "0cc175b9c0f1b6a831c399e269772661";
        assert_eq!(list("MD5SUMS"), format!("# d/new\\x0a: {comment}\n{md5}  d/a\n{md5}  e\n"));
        assert_eq!(list("d/MD5SUMS"), format!("# new\\x0a: {comment}\n{md5}  a\n"));
        // A new digest makes a new list.
        digests.insert(stamp(2), functions.map(|f| hsum::digest(f, b"a")).into());
        assert_eq!(list("d/MD5SUMS"), format!("{md5}  a\n\\{md5}  new\\n\n"));
        for name in ["SHA512SUMS", "sha256sums", "SUMS", "x/SHA256SUMS", "a", ""] {
            assert_eq!(list(name), "NotAList", "{name}");
        }
    }
}
