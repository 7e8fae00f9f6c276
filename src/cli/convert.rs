//! `hsum convert`: converts digests between notations.

use std::fmt::Display;
use std::io::{self, BufRead, Read};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::manifest::BadLine;
use hsum::notation::{Expected, NotationError};

use crate::cli::args::convert::ConvertArgs;
use crate::cli::exit::Exit;
use crate::cli::input::announce_stdin;
use crate::cli::json::Object;
use crate::cli::output::Output;
use crate::cli::print::complain;

/// The maximum length of a line in bytes; every digest is shorter.
const MAX_LINE: usize = 16 * 1024;

pub(crate) fn run(args: ConvertArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let mut counts = Counts::default();
    let from_stdin = ["-".to_owned()];
    let texts = if args.digests.is_empty() { &from_stdin[..] } else { &args.digests };
    for text in texts {
        match text.as_str() {
            "-" => convert_lines(&args, &mut counts, &mut output)?,
            text => convert(&args, text.as_bytes(), None, &mut counts, &mut output)?,
        }
    }
    let exit = if counts.failed == 0 { Exit::Success } else { Exit::Failed };
    if args.json {
        let mut summary = Object::summary("convert");
        summary.set("digests", counts.digests).set("failed", counts.failed);
        output.line(&summary.exit(exit.status()))?;
    }
    output.finish()?;
    Ok(exit)
}

/// The number of digests that were written, and of texts that were not converted.
#[derive(Default)]
struct Counts {
    digests: u64,
    failed: u64,
}

/// Converts the lines of standard input.
fn convert_lines(args: &ConvertArgs, counts: &mut Counts, output: &mut Output) -> Result<()> {
    announce_stdin();
    let mut input = io::stdin().lock();
    for number in 1u64.. {
        let mut line = Vec::new();
        let mut read = input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line);
        if line.len() > MAX_LINE && !line.ends_with(b"\n") {
            read = input.skip_until(b'\n').map(|_| line.len());
        }
        match read {
            Ok(0) => break,
            Ok(length) if length > MAX_LINE => {
                counts.failed += 1;
                fail(
                    args,
                    None,
                    Some(number),
                    BadLine::TooLong.reason(),
                    BadLine::TooLong,
                    output,
                )?;
            }
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => convert(args, &line, Some(number), counts, output)?,
            Err(error) => {
                counts.failed += 1;
                let kind = ErrorKind::Io(error);
                return fail(args, None, None, kind.reason(), &kind, output);
            }
        }
    }
    Ok(())
}

/// Prints the digests in `text`, or an error.
fn convert(
    args: &ConvertArgs,
    text: &[u8],
    line: Option<u64>,
    counts: &mut Counts,
    output: &mut Output,
) -> Result<()> {
    let expected = match Expected::parse(text, args.algorithm) {
        Ok(expected) => expected,
        Err(error) => {
            counts.failed += 1;
            return fail(args, Some(text), line, error.reason(), &error, output);
        }
    };
    let digests = expected.digests().iter().map(|digest| Ok((digest, args.to.write(digest)?)));
    let digests = match digests.collect::<Result<Vec<_>, NotationError>>() {
        Ok(digests) => digests,
        Err(error) => {
            counts.failed += 1;
            return fail(args, Some(text), line, "no-notation", error, output);
        }
    };
    for (digest, written) in digests {
        counts.digests += 1;
        if !args.json {
            output.line(format!("{written}\n").as_bytes())?;
            continue;
        }
        let mut object = Object::new("digest");
        set_place(&mut object, Some(text), line);
        object.set("algorithm", digest.hash_function().to_string());
        output.line(&object.set("notation", args.to.name()).set("text", written).line())?;
    }
    Ok(())
}

/// Prints why a text is not converted: an argument, a line, or standard input as a whole.
fn fail(
    args: &ConvertArgs,
    text: Option<&[u8]>,
    line: Option<u64>,
    reason: &str,
    error: impl Display,
    output: &mut Output,
) -> Result<()> {
    if args.json {
        let mut object = Object::new("error");
        set_place(&mut object, text, line);
        output.line(&object.problem(reason, &error).line())?;
    }
    output.flush()?;
    match (line, text) {
        (Some(line), _) => complain(format_args!("'standard input': {line}: {error}")),
        (None, Some(text)) => complain(format_args!("{}: {error}", quote_digest(text))),
        (None, None) => complain(format_args!("'standard input': {error}")),
    }
    Ok(())
}

/// Adds the text, and the number of its line on standard input.
fn set_place(object: &mut Object, text: Option<&[u8]>, line: Option<u64>) {
    if let Some(line) = line {
        object.set("line", line);
    }
    if let Some(text) = text {
        object.set("input", String::from_utf8_lossy(text.trim_ascii()));
    }
}

/// Quotes a digest for a message, shortened to 100 characters.
pub(super) fn quote_digest(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).chars().take(100).collect();
    format!("'{}'", text.escape_debug())
}
