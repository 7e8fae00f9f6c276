//! A digest and nothing else, in a file called after the one that it is of; and what else the
//! name of a list tells.

use std::path::{Path, PathBuf};

use super::BadLine;
use super::fields;
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;
use crate::algorithm::{Algorithm, HashFunction};
use crate::notation::expected::Expected;

struct Sidecar {
    file: Option<PathBuf>,
    function: Option<HashFunction>,
    found: bool,
}

pub(super) fn sign(line: &[u8]) -> bool {
    let word = line.trim_ascii();
    word.len() >= 16
        && !word.contains(&b' ')
        && str::from_utf8(word).is_ok_and(|text| Expected::parse(text, None).is_ok())
}

/// Whether it is known what a bare digest is of.
pub(super) fn is_bound(options: &ListOptions) -> bool {
    options.file.is_some() || options.name.as_deref().and_then(file).is_some()
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    let name = options.name.as_deref();
    Box::new(Sidecar {
        file: options.file.clone().or_else(|| name.and_then(file)),
        function: options.untagged.or_else(|| name.and_then(rival)),
        found: false,
    })
}

impl Reader for Sidecar {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            return;
        }
        let digests = fields::notation(&String::from_utf8_lossy(text), self.function);
        let entry = match (digests, &self.file) {
            // A second digest would be of something else.
            (Ok(_), _) if self.found => Err(BadLine::Conflict),
            (Ok(digests), Some(file)) => {
                self.found = true;
                fields::entry(b"-", digests, None)
                    .map(|entry| super::Entry { path: file.clone(), ..entry })
            }
            (Ok(_), None) => Err(BadLine::Unnamed),
            (Err(bad), _) => Err(bad),
        };
        match &self.file {
            Some(file) => out.named(number, file.as_os_str().as_encoded_bytes(), entry),
            None => out.push(number, entry),
        }
    }
}

/// The file that a sidecar called `name` is of: its own name without `.sha256` and the like, in
/// the same directory.
fn file(name: &Path) -> Option<PathBuf> {
    let name = match name.extension()?.to_str()? {
        "txt" => name.with_extension(""),
        _ => name.to_owned(),
    };
    let extension = name.extension()?.to_str()?;
    let plain = matches!(extension, "sha" | "sum" | "digest" | "checksum" | "hash");
    (plain || function(extension).is_some()).then(|| name.with_extension(""))
}

/// The function that a list's name tells and its digests do not, for those of MD5, SHA-1 and SHA-2
/// are as long: `B2SUMS`, `SHA3-256SUMS`, `x.iso.b3`.
pub(super) fn rival(name: &Path) -> Option<HashFunction> {
    let name = match name.extension().and_then(|extension| extension.to_str()) {
        Some("txt" | "asc") => name.with_extension(""),
        _ => name.to_owned(),
    };
    let whole = name.file_name()?.to_str()?;
    let extension = name.extension().and_then(|extension| extension.to_str());
    let found = extension.and_then(function).or_else(|| function(whole));
    found.filter(|f| Algorithm::from_digest_len(f.len()) != Some(f.algorithm()))
}

/// `sha256`, `SHA256SUMS`, `sha256sum`, `b3`, `B2SUMS`.
fn function(word: &str) -> Option<HashFunction> {
    let word = word.to_ascii_lowercase();
    let word = word.strip_suffix("sums").or(word.strip_suffix("sum")).unwrap_or(&word);
    word.trim_end_matches(['-', '_']).parse().ok()
}
