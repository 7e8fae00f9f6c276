//! `hsum convert`: converts digests between notations.

use std::io::{self, BufRead, Read};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::manifest::BadLine;
use hsum::notation::Expected;

use crate::cli::args::convert::ConvertArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::print::complain;

/// The maximum length of a line in bytes; every digest is shorter.
const MAX_LINE: usize = 16 * 1024;

pub(crate) fn run(args: ConvertArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let mut converted = true;
    let from_stdin = ["-".to_owned()];
    let texts = if args.digests.is_empty() { &from_stdin[..] } else { &args.digests };
    for text in texts {
        converted &= match text.as_str() {
            "-" => convert_lines(&args, &mut output)?,
            text => convert(&args, text.as_bytes(), None, &mut output)?,
        };
    }
    output.finish()?;
    Ok(if converted { Exit::Success } else { Exit::Failed })
}

/// Converts the lines of standard input; returns `false` if one of them failed.
fn convert_lines(args: &ConvertArgs, output: &mut Output) -> Result<bool> {
    let mut input = io::stdin().lock();
    let mut converted = true;
    for number in 1u64.. {
        let mut line = Vec::new();
        let mut read = input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line);
        if line.len() > MAX_LINE && !line.ends_with(b"\n") {
            read = input.skip_until(b'\n').map(|_| line.len());
        }
        match read {
            Ok(0) => break,
            Ok(length) if length > MAX_LINE => {
                output.flush()?;
                complain(format_args!("'standard input': {number}: {}", BadLine::TooLong));
                converted = false;
            }
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => converted &= convert(args, &line, Some(number), output)?,
            Err(error) => {
                output.flush()?;
                complain(format_args!("'standard input': {}", ErrorKind::Io(error)));
                return Ok(false);
            }
        }
    }
    Ok(converted)
}

/// Prints the digests in `text`, or an error; returns `false` if `text` is invalid.
fn convert(
    args: &ConvertArgs,
    text: &[u8],
    line: Option<u64>,
    output: &mut Output,
) -> Result<bool> {
    let written = Expected::parse(text, args.algorithm).map_err(|error| error.to_string());
    let written = written.and_then(|expected| {
        let digests = expected.digests().iter().map(|digest| args.to.write(digest));
        digests.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())
    });
    match written {
        Ok(digests) => {
            for digest in digests {
                output.line(format!("{digest}\n").as_bytes())?;
            }
            Ok(true)
        }
        Err(reason) => {
            output.flush()?;
            match line {
                Some(line) => complain(format_args!("'standard input': {line}: {reason}")),
                None => complain(format_args!("{}: {reason}", quote_digest(text))),
            }
            Ok(false)
        }
    }
}

/// Quotes a digest for a message, shortened to 100 characters.
pub(super) fn quote_digest(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).chars().take(100).collect();
    format!("'{}'", text.escape_debug())
}
