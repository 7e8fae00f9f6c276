//! Conversion of arguments to options of the engine, which does not depend on the parser.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{self, Path, PathBuf};

use anyhow::Result;
use hsum::engine::{FaultHandler, HashOptions, PageCache, PathFilter, Reading, Source, Symlinks};
use hsum::manifest::{DigestEncoding, LineFormat, LineStyle, Terminator};
use hsum::{ErrorKind, HashFunction};

use crate::cli::args::shared::{FilterArgs, WorkArgs};
use crate::cli::args::sum::SumArgs;
use crate::cli::exit::{SetupError, Usage};
use crate::cli::print::OutputFormat;
use crate::cli::quote::quote;

/// Returns the hash functions, with digests of the length `--length`.
pub(crate) fn functions(args: &SumArgs) -> Result<Vec<HashFunction>> {
    let Some(bits) = args.length else { return Ok(args.algorithms.clone()) };
    let resize = |function: &HashFunction| {
        let algorithm = function.algorithm();
        let is_whole = function.part_len().is_none();
        let bytes = Some(bits / 8).filter(|_| bits.is_multiple_of(8) && is_whole);
        let resized = bytes.and_then(|bytes| HashFunction::new(algorithm, bytes));
        resized.ok_or_else(|| match (algorithm.has_variable_len(), algorithm.max_len() * 8) {
            (true, max) => Usage(format!(
                "invalid length: '{bits}': {algorithm} takes 8 to {max} bits, in whole bytes"
            )),
            (false, _) => Usage(format!("--length: {algorithm} has one length only")),
        })
    };
    Ok(args.algorithms.iter().map(resize).collect::<Result<_, _>>()?)
}

/// Returns the output format for the digests of `functions`.
pub(crate) fn form(args: &SumArgs, functions: &[HashFunction]) -> OutputFormat {
    let format = &args.format;
    match (args.report.json, format.raw) {
        (true, _) => OutputFormat::Json,
        (_, true) => OutputFormat::Raw,
        _ => {
            // Only the tag tells the part size of a multipart digest.
            let is_tagged = format.tag || functions.len() != 1 || functions[0].part_len().is_some();
            OutputFormat::Lines(style(is_tagged, format.base64, format.zero))
        }
    }
}

pub(crate) fn style(tag: bool, base64: bool, zero: bool) -> LineStyle {
    LineStyle::new(if tag { LineFormat::Tagged } else { LineFormat::Untagged })
        .encoding(if base64 { DigestEncoding::Base64 } else { DigestEncoding::Hex })
        .terminator(if zero { Terminator::Nul } else { Terminator::Newline })
}

/// Returns the options of the engine, without progress and excluded files.
pub(crate) fn engine(args: &SumArgs, functions: &[HashFunction]) -> Result<HashOptions> {
    let mut plan = HashOptions::new(functions.iter().copied())
        .filter(filter(&args.filter)?)
        .symlinks(if args.follow { Symlinks::Follow } else { Symlinks::Skip })
        .same_file_system(args.one_file_system);
    if let Some(depth) = args.max_depth {
        plan = plan.max_depth(depth);
    }
    Ok(work(plan, &args.work))
}

/// Returns the filter of names.
pub(crate) fn filter(args: &FilterArgs) -> Result<PathFilter, Usage> {
    PathFilter::new(&args.include, &args.exclude).map_err(|error| Usage(error.to_string()))
}

/// Sets the number of threads, the page cache policy, and whether files are mapped.
pub(crate) fn work(options: HashOptions, args: &WorkArgs) -> HashOptions {
    let options = options.cache(cache(args)).reading(reading(args.no_mmap));
    match args.threads {
        Some(threads) => options.threads(threads),
        None => options,
    }
}

/// Returns the page cache policy.
pub(crate) fn cache(args: &WorkArgs) -> PageCache {
    if args.no_cache { PageCache::Drop } else { PageCache::Keep }
}

/// Returns how files are read: mapped, unless the user or the system forbids it.
pub(crate) fn reading(no_mmap: bool) -> Reading {
    let is_off = no_mmap || env::var_os("HSUM_NO_MMAP").is_some_and(|value| !value.is_empty());
    match FaultHandler::install() {
        Ok(handler) if !is_off => Reading::Mapped(handler),
        _ => Reading::Copied,
    }
}

/// Makes `DIR` of `-C DIR` the working directory, so that operands are relative to it. `fixed` are
/// the paths of other options, which stay relative to the user's directory.
pub(crate) fn enter<'a>(
    directory: Option<&Path>,
    fixed: impl IntoIterator<Item = &'a mut PathBuf>,
) -> Result<()> {
    let Some(directory) = directory else { return Ok(()) };
    let fail = |error| SetupError(format!("{}: {}", quote(directory), ErrorKind::Io(error)));
    for path in fixed {
        // The empty path stays missing, and '-' standard input or output.
        if !path.as_os_str().is_empty() && *path != Path::new("-") {
            *path = path::absolute(&*path).map_err(fail)?;
        }
    }
    Ok(env::set_current_dir(directory).map_err(fail)?)
}

/// Returns the sources to hash: standard input if there are no paths and it is not a terminal.
pub(crate) fn operands(paths: &[PathBuf]) -> Result<Vec<Source>> {
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            let text = "no PATH given, and standard input is a terminal; name a file";
            return Err(Usage(text.into()).into());
        }
        return Ok(vec![Source::Stdin]);
    }
    Ok(paths.iter().map(|path| source(path)).collect())
}

/// Returns the source of a path; `-` is standard input.
pub(crate) fn source(path: &Path) -> Source {
    if path == Path::new("-") { Source::Stdin } else { path.into() }
}
