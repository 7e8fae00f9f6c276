//! Alpine's APKBUILD (GNU lines in a string) and Arch's PKGBUILD (an array beside `source`).

use std::collections::HashMap;

use crate::algorithm::HashFunction;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests, url_name};
use crate::manifest::reader::{Reader, Sink};

/// The maximum size in bytes of the words of all arrays; a package has a few thousand.
const MAX_SIZE: usize = 4 * 1024 * 1024;
/// The maximum number of arrays; a package for every architecture has a few dozen.
const MAX_ARRAYS: usize = 1000;

#[derive(Default)]
pub(super) struct Shell {
    /// Variables, which occur in names of files.
    variables: HashMap<String, String>,
    /// The arrays and strings of digests or sources.
    arrays: Vec<Array>,
    /// The character that ends the array that is being read.
    open: Option<char>,
    /// The size of the words so far, in bytes.
    words: usize,
    /// Set if a line of an array is not UTF-8.
    is_broken: bool,
}

struct Array {
    line: u64,
    name: String,
    words: Vec<String>,
}

/// A file, and its digests in the arrays.
struct File {
    line: u64,
    name: String,
    digests: Digests,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    let Ok(line) = str::from_utf8(line) else { return false };
    line.starts_with("pkgname=") || line.starts_with("pkgbase=") || {
        let assigned = line.split_once('=').filter(|(_, value)| value.starts_with(['"', '(']));
        assigned.is_some_and(|(name, _)| sums(name).is_some())
    }
}

impl Reader for Shell {
    fn line(&mut self, number: u64, line: &[u8], _: &mut Sink) {
        let Ok(text) = str::from_utf8(line) else {
            self.is_broken |= self.open.is_some() || line.contains(&b'=');
            return;
        };
        if let Some(close) = self.open {
            return self.take(text, close);
        }
        let Some((name, value)) = text.split_once('=') else { return };
        let (name, is_more) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return;
        }
        let close = match value.chars().next() {
            Some('(') => ')',
            Some('"') => '"',
            _ => ' ',
        };
        if sums(name).is_some() || (name.starts_with("source") && close == ')') {
            if close == ' ' {
                return;
            }
            if self.arrays.len() == MAX_ARRAYS {
                self.words = MAX_SIZE;
                return;
            }
            let known = self.arrays.iter().position(|array| is_more && array.name == name);
            let array = match known {
                Some(at) => self.arrays.remove(at),
                None => Array { line: number, name: name.into(), words: Vec::new() },
            };
            self.arrays.push(array);
            self.open = Some(close);
            self.take(&value[1..], close);
        } else if self.variables.len() < 1000 && value.len() < 1000 {
            let value = value.trim().trim_matches(['"', '\'']);
            self.variables.insert(name.into(), value.into());
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        if self.words >= MAX_SIZE {
            sink.push(1, Err(BadLine::TooLarge { limit: MAX_SIZE as u64 }));
            return;
        }
        if self.is_broken || self.open.is_some() {
            sink.push(1, Err(BadLine::Syntax));
        }
        // Variables in names must not multiply the size of the list.
        let mut expanded = 0;
        // A file may have digests in several arrays.
        let mut files: Vec<File> = Vec::new();
        let mut positions: HashMap<Vec<u8>, usize> = HashMap::new();
        for array in &self.arrays {
            let Some((function, suffix)) = sums(&array.name) else { continue };
            if !self.is_paired(array, suffix) {
                sink.push(array.line, Err(BadLine::Syntax));
            }
            for (name, text) in self.pairs(array, suffix) {
                let name = match name {
                    Ok(name) => name,
                    Err(word) => {
                        sink.push_named(array.line, word.as_bytes(), Err(BadLine::NoName));
                        continue;
                    }
                };
                expanded += name.len() + 64;
                if expanded > MAX_SIZE {
                    sink.push(1, Err(BadLine::TooLarge { limit: MAX_SIZE as u64 }));
                    return;
                }
                let position = *positions.entry(name.clone().into_bytes()).or_insert_with(|| {
                    files.push(File { line: array.line, name, digests: Digests::default() });
                    files.len() - 1
                });
                files[position].digests.add_hex(function, text.as_bytes());
            }
        }
        for File { line, name, digests } in files {
            sink.push_named(line, name.as_bytes(), digests.entry(name.as_bytes(), None));
        }
    }
}

impl Shell {
    /// Adds the words in a line of an array, up to its end.
    fn take(&mut self, text: &str, close: char) {
        let Some(array) = self.arrays.last_mut() else { return };
        let mut rest = text.trim_start();
        while !rest.is_empty() && self.words < MAX_SIZE {
            let first = rest.chars().next().unwrap_or_default();
            if first == close {
                self.open = None;
                return;
            }
            if first == '#' {
                return;
            }
            let (word, after) = match first {
                '"' | '\'' => {
                    let inner = &rest[1..];
                    let end = inner.find(first).unwrap_or(inner.len());
                    (&inner[..end], inner[end..].strip_prefix(first).unwrap_or_default())
                }
                _ => {
                    let end = |c: char| c.is_whitespace() || c == close;
                    rest.split_at(rest.find(end).unwrap_or(rest.len()))
                }
            };
            array.words.push(word.into());
            self.words += word.len() + 64;
            rest = after.trim_start();
        }
    }

    /// Returns `true` if every digest has a name, and every source a digest.
    fn is_paired(&self, array: &Array, suffix: &str) -> bool {
        match self.sources(suffix) {
            Some(sources) => sources.words.len() == array.words.len(),
            None => array.words.len().is_multiple_of(2),
        }
    }

    fn sources(&self, suffix: &str) -> Option<&Array> {
        let is_it = |array: &&Array| array.name.strip_prefix("source") == Some(suffix);
        self.arrays.iter().find(is_it)
    }

    /// Returns the names and digests of an array; a name that cannot be expanded is an error.
    ///
    /// APKBUILD's arrays hold both, PKGBUILD's digests are in the order of the sources.
    fn pairs<'s>(
        &'s self,
        array: &'s Array,
        suffix: &str,
    ) -> Box<dyn Iterator<Item = (Result<String, &'s str>, &'s str)> + 's> {
        let Some(sources) = self.sources(suffix) else {
            let pairs = array.words.chunks_exact(2);
            let name = |word: &'s str| self.expand(word).ok_or(word);
            return Box::new(pairs.map(move |pair| (name(&pair[1]), &*pair[0])));
        };
        let both = sources.words.iter().zip(&array.words);
        let both = both.filter(|(source, sum)| *sum != "SKIP" && !is_repository(source));
        let name = |source: &'s str| self.file_name(source).ok_or(source);
        Box::new(both.map(move |(source, sum)| (name(source), &**sum)))
    }

    /// Returns the name of a source's file: the part before `::`, or the end of the URL.
    fn file_name(&self, source: &str) -> Option<String> {
        match source.split_once("::") {
            Some((name, _)) => self.expand(name),
            None => String::from_utf8(url_name(&self.expand(source)?)).ok(),
        }
    }

    /// Expands `$pkgver` and `${pkgver}`; `None` for any other expansion.
    fn expand(&self, name: &str) -> Option<String> {
        let mut expanded = String::new();
        let mut rest = name;
        for _ in 0..100 {
            let Some((before, after)) = rest.split_once('$') else {
                return Some(expanded + rest);
            };
            expanded += before;
            let (variable, after) = match after.strip_prefix('{') {
                Some(after) => after.split_once('}')?,
                None => {
                    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
                    after.split_at(after.find(end).unwrap_or(after.len()))
                }
            };
            let value = self.variables.get(variable)?;
            // One level of variables in variables is enough for `_pkgname=$pkgname`.
            match value.strip_prefix('$').map(|inner| inner.trim_matches(['{', '}'])) {
                Some(inner) => expanded += self.variables.get(inner)?,
                None if value.contains('$') => return None,
                None => expanded += value,
            }
            if expanded.len() > 4096 {
                return None;
            }
            rest = after;
        }
        None
    }
}

/// Splits `sha256sums_x86_64` into its hash function and its suffix.
fn sums(name: &str) -> Option<(Result<HashFunction, BadLine>, &str)> {
    let (algorithm, suffix) = name.split_once("sums")?;
    // `cksums`
    let algorithm = if algorithm == "ck" { "cksum" } else { algorithm };
    let function = fields::function(algorithm.as_bytes());
    let is_known = function.is_ok() || function == Err(BadLine::Unsupported);
    (is_known && (suffix.is_empty() || suffix.starts_with('_'))).then_some((function, suffix))
}

/// Returns `true` if a source is checked out, not downloaded: `git+https://…`.
fn is_repository(source: &str) -> bool {
    let url = source.split_once("::").map_or(source, |(_, url)| url);
    ["git", "hg", "svn", "bzr", "fossil"]
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(['+', ':'])))
}
