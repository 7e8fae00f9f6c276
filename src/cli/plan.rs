//! What was typed → what it means: the engine never sees the parser.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hsum::engine::{FileId, HashOptions, PageCache, PathFilter, Source, Symlinks};
use hsum::manifest::{DigestEncoding, LineFormat, LineStyle, Terminator};
use hsum::{ErrorKind, HashFunction};

use super::exit::Usage;
use super::print::Form;
use super::quote::quote;
use crate::cli::args::shared::WorkArgs;
use crate::cli::args::sum::{FormatArgs, SumArgs};

/// The functions asked for, each at the length asked for.
pub(crate) fn functions(args: &SumArgs) -> Result<Vec<HashFunction>> {
    let Some(bits) = args.length else { return Ok(args.algorithms.clone()) };
    let resized = args.algorithms.iter().map(|function| {
        let algorithm = function.algorithm();
        let sized = Some(bits).filter(|bits| bits.is_multiple_of(8));
        sized.and_then(|bits| HashFunction::new(algorithm, bits / 8)).ok_or_else(|| {
            Usage(match algorithm.has_variable_len() {
                true => format!(
                    "invalid length: '{bits}': {algorithm} takes 8 to {} bits, in whole bytes",
                    algorithm.max_len() * 8
                ),
                false => format!("--length: {algorithm} has one length only"),
            })
            .into()
        })
    });
    resized.collect()
}

/// How the digests are printed.
pub(crate) fn form(args: &FormatArgs, functions: usize) -> Form {
    match args {
        FormatArgs { json: true, .. } => Form::Json,
        FormatArgs { raw: true, .. } => Form::Raw,
        _ => Form::Lines(style(args.tag || functions > 1, args.base64, args.zero)),
    }
}

/// The lines' style.
pub(crate) fn style(tag: bool, base64: bool, zero: bool) -> LineStyle {
    LineStyle::new(if tag { LineFormat::Tagged } else { LineFormat::Untagged })
        .encoding(if base64 { DigestEncoding::Base64 } else { DigestEncoding::Hex })
        .terminator(if zero { Terminator::Nul } else { Terminator::Newline })
}

/// The engine's plan, but for the threads, the progress and the files to leave out.
pub(crate) fn engine(args: &SumArgs, functions: &[HashFunction]) -> Result<HashOptions> {
    let filter = PathFilter::new(&args.include, &args.exclude).map_err(|e| Usage(e.to_string()))?;
    let mut plan = HashOptions::new(functions.iter().copied())
        .filter(filter)
        .cache(cache(&args.work))
        .symlinks(if args.follow { Symlinks::Follow } else { Symlinks::Skip })
        .same_file_system(args.one_file_system);
    if let Some(depth) = args.max_depth {
        plan = plan.max_depth(depth);
    }
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    Ok(plan)
}

/// What becomes of the page cache.
pub(crate) fn cache(args: &WorkArgs) -> PageCache {
    if args.no_cache { PageCache::Drop } else { PageCache::Keep }
}

/// The operands; on a pipe, none of them means standard input.
pub(crate) fn operands(paths: &[PathBuf]) -> Result<Vec<Source>> {
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Usage("no PATH, and standard input is a terminal".into()).into());
        }
        return Ok(vec![Source::Stdin]);
    }
    Ok(paths.iter().map(|path| source(path)).collect())
}

/// `-` is standard input.
pub(crate) fn source(path: &Path) -> Source {
    if path == Path::new("-") { Source::Stdin } else { path.into() }
}

/// Whether that is standard input by another name, such as `/dev/stdin`.
pub(crate) fn is_stdin(path: &Path) -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let stdin = stdin.and_then(|file| file.metadata());
    stdin.is_ok_and(|s| path.metadata().is_ok_and(|p| FileId::of(&p) == FileId::of(&s)))
}

/// The longest name in `--files-from`: far beyond what a system can open.
const LONGEST_NAME: u64 = 1 << 20;

/// The names that `--files-from` lists, read while they are worked on.
pub(crate) struct Names {
    list: Box<dyn BufRead + Send>,
    end: u8,
    /// The number of the line that was read last.
    line: u64,
    /// Where a read error goes; it ends the list.
    pub(crate) broken: std::sync::Arc<std::sync::OnceLock<io::Error>>,
}

impl Names {
    pub(crate) fn open(path: &Path, null: bool) -> Result<Self> {
        let list: Box<dyn BufRead + Send> = match source(path) {
            Source::Stdin => Box::new(BufReader::new(io::stdin())),
            Source::Path(path) => Box::new(BufReader::new(open(&path)?)),
        };
        Ok(Self { list, end: if null { 0 } else { b'\n' }, line: 0, broken: Default::default() })
    }
}

impl Iterator for Names {
    type Item = Source;

    fn next(&mut self) -> Option<Source> {
        loop {
            let mut name = Vec::new();
            self.line += 1;
            let mut read =
                self.list.by_ref().take(LONGEST_NAME + 1).read_until(self.end, &mut name);
            if name.len() as u64 > LONGEST_NAME && !name.ends_with(&[self.end]) {
                let text = format!("{}: name longer than {LONGEST_NAME} bytes", self.line);
                read = Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            match read {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    let _ = self.broken.set(error);
                    return None;
                }
            }
            if name.last() == Some(&self.end) {
                name.pop();
            }
            if name == b"-" {
                // In the lists that come of it a bare dash would be standard input.
                name.splice(..0, *b"./");
            }
            if !name.is_empty() {
                return Some(PathBuf::from(std::ffi::OsString::from_vec(name)).into());
            }
        }
    }
}

/// Opens a file that the user named, with an error that names it.
pub(crate) fn open(path: &Path) -> Result<File> {
    File::open(path)
        .map_err(|e| anyhow::anyhow!("{}", ErrorKind::Io(e)))
        .with_context(|| quote(path))
}
