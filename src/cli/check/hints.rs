//! Hints for lists with which nothing can be verified: what they are, or where their files are.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use hsum::check::CheckSummary;
use hsum::internals::base_name;
use hsum::manifest::ListFormat;
use icu_normalizer::ComposingNormalizerBorrowed;

use crate::cli::client::without_secrets;
use crate::cli::print::hint;
use crate::cli::quote::quote;

/// The number of bytes that identify a file: an ISO image has its mark at 0x8001.
const HEAD: u64 = 0x8006;

/// A list whose files were checked.
pub(super) struct CheckedList<'a> {
    pub(super) path: &'a Path,
    pub(super) format: ListFormat,
    /// The directory of the listed names; the empty path is the working directory.
    pub(super) base: &'a Path,
    /// Set if `-C` can replace `base`.
    pub(super) takes_directory: bool,
}

/// Hints for a path without entries.
const NOT_A_LIST: [fn(&CheckedList) -> Option<String>; 5] =
    [url, directory, empty, signature, other_file];

type MissingHint = fn(&CheckedList, &[PathBuf]) -> Option<String>;

/// Hints for a list most of whose files are missing; each gets the first missing names.
const MOST_MISSING: [MissingHint; 3] = [record, elsewhere, base_names];

/// Hints for a list with at least one missing file; each gets the first missing names.
const ANY_MISSING: [MissingHint; 2] = [backslashes, similar_names];

/// Prints the first hint that applies to a list with these results.
pub(super) fn print(list: &CheckedList, summary: &CheckSummary, missing: &[PathBuf]) {
    let is_list = summary.entries() + summary.unverified + summary.without_digest > 0;
    let most = summary.missing > summary.matched + summary.mismatched;
    let not_a_list = NOT_A_LIST.iter().filter(|_| !is_list).find_map(|hint| hint(list));
    let for_most = MOST_MISSING.iter().filter(|_| is_list && most);
    let for_any = ANY_MISSING.iter().filter(|_| !missing.is_empty());
    let of_missing = || for_most.chain(for_any).find_map(|hint| hint(list, missing));
    if let Some(text) = not_a_list.or_else(of_missing) {
        hint(text);
    }
}

fn url(list: &CheckedList) -> Option<String> {
    let text = list.path.to_str()?;
    let is_url = text.contains("://") && !list.path.exists();
    // A URL with a password or a query is not repeated.
    let url = if without_secrets(text) == text { quote(list.path) } else { "URL".into() };
    is_url.then(|| match is_named_like_a_list(list.path) {
        true => format!("to check FILE with a list at a URL, use: hsum check FILE --sums {url}"),
        false => format!("to download and verify a file, use: hsum get {url} --sums auto"),
    })
}

fn directory(list: &CheckedList) -> Option<String> {
    if !list.path.is_dir() {
        return None;
    }
    let is_list = |name: &Path| {
        let name = name.as_os_str().to_string_lossy().to_lowercase();
        name.contains("sums") || name.contains("checksums")
    };
    let entries = fs::read_dir(list.path).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
    let found = entries.map(PathBuf::from).filter(|name| is_list(name)).min();
    Some(match found {
        Some(name) if list.path == Path::new(".") => format!("use: hsum check {}", quote(&name)),
        Some(name) => {
            let (directory, name) = (quote(list.path), quote(&list.path.join(name)));
            format!("use: hsum check -C {directory} {name}")
        }
        None => "name the checksum file in the directory, or use 'hsum audit' with a record".into(),
    })
}

fn empty(list: &CheckedList) -> Option<String> {
    let is_empty = head(list.path)?.is_empty();
    is_empty.then(|| format!("{} is empty", quote(list.path)))
}

fn signature(list: &CheckedList) -> Option<String> {
    let head = head(list.path)?;
    let is_signature =
        head.starts_with(b"-----BEGIN PGP SIGNATURE") || head.starts_with(b"untrusted comment:");
    let name = quote(list.path);
    is_signature.then(|| format!("{name} is a signature; name the list that it signs"))
}

/// The marks of formats: their offset, their bytes, and the name of the format.
const FORMATS: [(usize, &[u8], &str); 17] = [
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a", "a RAR archive"),
    (0, b"!<arch>\n", "a Debian package or an archive"),
    (0, b"\xed\xab\xee\xdb", "an RPM package"),
    (0x101, b"ustar", "a tar archive"),
    (0x8001, b"CD001", "an ISO image"),
    (0, b"hsqs", "a squashfs image"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
    (0, b"%PDF", "a PDF file"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
];

/// The programs that decompress the first formats.
const DECOMPRESSORS: [&str; 4] = ["gzip", "bzip2", "xz", "zstd"];

fn other_file(list: &CheckedList) -> Option<String> {
    let head = head(list.path)?;
    let format = FORMATS
        .iter()
        .position(|(start, mark, _)| head.get(*start..).is_some_and(|rest| rest.starts_with(mark)));
    let name = quote(list.path);
    if let Some(program) = format.and_then(|row| DECOMPRESSORS.get(row))
        && is_named_like_a_list(list.path)
    {
        return Some(format!("{name} is compressed; use: {program} -dc {name} | hsum check"));
    }
    let what = match format {
        Some(row) => format!("is {}, not a checksum file", FORMATS[row].2),
        None if head.contains(&0) => "is binary data, not a checksum file".into(),
        None => "has no line with a digest and a file name".into(),
    };
    Some(format!("{name} {what}; to verify it, use --sums auto or --expect DIGEST"))
}

fn is_named_like_a_list(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["sum", "sha", "md5", "b2", "b3", "blake"].iter().any(|part| name.contains(part))
}

/// Returns the start of a regular file.
fn head(path: &Path) -> Option<Vec<u8>> {
    if !path.is_file() {
        return None;
    }
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Finds the files beside the list, or above it or the working directory.
fn elsewhere(list: &CheckedList, missing: &[PathBuf]) -> Option<String> {
    if !list.takes_directory {
        return None;
    }
    let beside = list.path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let above = beside.map(|parent| parent.join(".."));
    let candidates = [beside.map(Path::to_owned), above, Some(list.base.join(".."))];
    let found = candidates.into_iter().enumerate().find_map(|(number, directory)| {
        let directory = directory?;
        are_in(missing, |name| directory.join(name)).then_some((number, directory))
    });
    let (number, directory) = found?;
    let place = match number {
        0 => "beside the list".into(),
        _ => format!("in {}", quote(&directory)),
    };
    let (directory, path) = (quote(&directory), quote(list.path));
    Some(format!("the listed files are {place}; use: hsum check -C {directory} {path}"))
}

fn record(list: &CheckedList, _: &[PathBuf]) -> Option<String> {
    (list.format == ListFormat::Snapshot).then(|| {
        let name = quote(list.path);
        format!(
            "the names in {name} are relative to the recorded tree; use -C TREE, or 'hsum audit'"
        )
    })
}

fn backslashes(list: &CheckedList, missing: &[PathBuf]) -> Option<String> {
    let with_slashes = |name: &PathBuf| {
        let bytes = name.as_os_str().as_bytes();
        let slashes = bytes.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte });
        list.base.join(path(slashes.collect()))
    };
    let input = match list.path == Path::new("-") {
        true => String::new(),
        false => format!("< {} ", quote(list.path)),
    };
    are_in(missing, with_slashes).then(|| {
        format!("the list has '\\' in names, which are here with '/'; use: tr '\\\\' / {input}| hsum check")
    })
}

fn base_names(list: &CheckedList, missing: &[PathBuf]) -> Option<String> {
    let base = |name: &PathBuf| list.base.join(path(base_name(name.as_os_str().as_bytes()).into()));
    are_in(missing, base)
        .then(|| "the listed files are here without their directories; use --basename".into())
}

/// Finds files whose names differ in their case or in their Unicode normalization.
fn similar_names(list: &CheckedList, missing: &[PathBuf]) -> Option<String> {
    missing.iter().find_map(|name| {
        let wanted = name.file_name()?.to_str()?;
        let directory = Path::new(".").join(list.base).join(name.parent()?);
        let entries = fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let (found, difference) = entries.take(MAX_ENTRIES).find_map(|entry| {
            let entry = entry.into_string().ok()?;
            Some((difference(wanted, &entry)?, entry)).map(|(difference, entry)| (entry, difference))
        })?;
        let found = quote(&name.with_file_name(found));
        let name = quote(name);
        Some(format!("{name} is here as {found}, which differs in {difference}; rename it, or change the list"))
    })
}

/// The maximum number of entries of a directory that are compared with a name.
const MAX_ENTRIES: usize = 100_000;

/// Returns how two names differ, if they are the same to a reader.
fn difference(wanted: &str, found: &str) -> Option<&'static str> {
    let case = "the case of letters";
    if wanted.is_ascii() && found.is_ascii() {
        return wanted.eq_ignore_ascii_case(found).then_some(case);
    }
    let nfc = |name| ComposingNormalizerBorrowed::new_nfc().normalize(name);
    match (nfc(wanted), nfc(found)) {
        (wanted, found) if wanted == found => Some("its Unicode normalization"),
        (wanted, found) => (wanted.to_lowercase() == found.to_lowercase()).then_some(case),
    }
}

/// Returns `true` if more than half of the missing files are where `locate` says.
fn are_in(missing: &[PathBuf], locate: impl Fn(&PathBuf) -> PathBuf) -> bool {
    let found = missing.iter().filter(|name| locate(name).is_file()).count();
    found * 2 > missing.len()
}

fn path(bytes: Vec<u8>) -> PathBuf {
    std::ffi::OsString::from_vec(bytes).into()
}
