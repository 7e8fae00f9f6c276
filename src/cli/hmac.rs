//! `hsum hmac`: computes or verifies the HMAC of files.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use hsum::engine::{self, HashOptions, HashProgress, NextOutcome, Source};
use hsum::internals::write_fields;
use hsum::notation::{Expected, ParseExpectedError};
use hsum::{HashFunction, Hmac, Key};

use crate::cli::args::hmac::HmacArgs;
use crate::cli::args::shared::When;
use crate::cli::colour::Status;
use crate::cli::exit::{self, Exit, Usage};
use crate::cli::input::is_stdin;
use crate::cli::json::{Object, stopped};
use crate::cli::key::KeySource;
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::cli::plan::{self, operands, style};
use crate::cli::print::complain_of;
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::summary::{self, Summary};

/// The work that the arguments describe.
struct HmacPlan {
    sources: Vec<Source>,
    key: Key,
    /// The MAC to compare with.
    expected: Option<Vec<u8>>,
}

pub(crate) fn run(mut args: HmacArgs) -> Result<Exit> {
    let is_json = args.report.json;
    let entered = enter(&mut args);
    stopped::with_error("hmac", is_json, entered.and_then(|()| hmac(&args)))
}

/// Makes `-C DIR` the working directory; the file of the key is still found.
fn enter(args: &mut HmacArgs) -> Result<()> {
    let mut file = KeySource::parse(&args.key, "--key")?.file().map(Path::to_owned);
    plan::enter(args.directory.as_deref(), &mut file)?;
    if let Some(file) = file {
        args.key = "file:".into();
        args.key.push(file);
    }
    Ok(())
}

fn hmac(args: &HmacArgs) -> Result<Exit> {
    let started = Instant::now();
    let HmacPlan { sources, key, expected } = plan(args)?;
    let report_args = &args.report;
    let mut output = Output::stdout()?.for_people(report_args.color);
    let (mut good, mut failed) = (0_u64, 0_u64);
    let progress = Arc::new(HashProgress::default());
    let when = if report_args.quiet { When::Never } else { args.progress };
    let view = ProgressLine::start(when, &progress, Some(survey(sources.clone())));
    let mut report = |name: &Path, result, next| {
        let reported = match result {
            Ok(mac) => report(args, expected.as_deref(), name, mac, &mut output)?,
            Err(error) => {
                if args.report.json {
                    output.line(&Object::unread(name, &error).line())?;
                }
                output.flush()?;
                complain_of(name, &error);
                false
            }
        };
        *if reported { &mut good } else { &mut failed } += 1;
        if next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
    };
    engine::fold(
        &HashOptions::default().progress(Arc::clone(&progress)),
        sources,
        || Hmac::new(&key),
        Hmac::update,
        |source, result, next| {
            if let Err(error) = view.suspend(|| report(source.name(), result, next)) {
                exit::exit_now(&error);
            }
            ControlFlow::Continue(())
        },
    );
    drop(view);
    let exit = if failed == 0 { Exit::Success } else { Exit::Failed };
    if args.report.json {
        let mut summary = Object::summary("hmac");
        summary.set(if expected.is_some() { "ok" } else { "files" }, good).set("failed", failed);
        output.line(&summary.work(progress.bytes(), started.elapsed()).exit(exit.status()))?;
    }
    output.finish()?;
    if report_args.verbose && !report_args.json {
        let compared = expected.is_some();
        let hashed = if compared { good + failed } else { good };
        let summary = Summary::new(format!("hashed {}", summary::files(hashed)));
        let summary = summary.data(progress.bytes(), started.elapsed());
        let summary = match compared {
            true => summary.count(Status::Ok, good).count(Status::Failed, failed),
            false => summary.count(Status::Unreadable, failed),
        };
        summary.print(report_args.color);
    }
    Ok(exit)
}

fn plan(args: &HmacArgs) -> Result<HmacPlan> {
    let key_source = KeySource::parse(&args.key, "--key")?;
    let sources = operands(&args.paths)?;
    let reads_stdin = |source: &Source| match source {
        Source::Stdin => true,
        Source::Path(path) => is_stdin(path),
    };
    if key_source.is_stdin() && sources.iter().any(reads_stdin) {
        return Err(Usage("the key and the message cannot both be standard input".into()).into());
    }
    if sources.len() > 1 && (args.raw || args.expect.is_some()) {
        return Err(Usage("--raw and --expect take one file".into()).into());
    }
    let expected = args.expect.as_deref().map(|text| expected_mac(text, args.algorithm));
    let expected = expected.transpose()?;
    let key = Key::new(args.algorithm, &key_source.read(args.key_format)?)
        .map_err(|unsupported| Usage(unsupported.to_string()))?;
    Ok(HmacPlan { sources, key, expected })
}

/// Parses a MAC in any notation of digests. It must be of `function`: its length selects nothing.
fn expected_mac(text: &str, function: HashFunction) -> Result<Vec<u8>, Usage> {
    let usage = |problem: String| Usage(format!("--expect: {problem}"));
    // As 'hsum hmac --tag' prints it.
    let text = text.strip_prefix("HMAC-").unwrap_or(text);
    let expected = Expected::parse(text, Some(function)).map_err(|error| match error {
        ParseExpectedError::UnknownAlgorithm(unknown) => usage(unknown.to_string()),
        _ => {
            let (hex, base64) = (2 * function.len(), function.len().div_ceil(3) * 4);
            usage(format!(
                "not a MAC of {function} (expected {hex} hexadecimal digits or {base64} base64 \
                 characters)"
            ))
        }
    })?;
    match expected.digests() {
        [mac] if mac.hash_function() == function => Ok(mac.as_bytes().to_vec()),
        [mac] => {
            let (theirs, ours) = (mac.hash_function(), function);
            Err(usage(format!("the MAC is for {theirs} (expected {ours}); use -a {theirs}")))
        }
        _ => Err(usage("several MACs (expected one)".into())),
    }
}

/// Prints the MAC, or the result of comparing it; returns `false` on a mismatch.
fn report(
    args: &HmacArgs,
    expected: Option<&[u8]>,
    name: &Path,
    mac: Hmac,
    output: &mut Output,
) -> Result<bool, WriteError> {
    if let Some(expected) = expected {
        let matches = mac.verify(expected).is_ok();
        let status = if matches { Status::Ok } else { Status::Failed };
        if args.report.json {
            let mut object = Object::new("file");
            object.path(name).set("status", status.word());
            object.set("algorithm", args.algorithm.to_string());
            if !matches {
                object.problem("mismatch", "the MAC does not match this file and key");
            }
            output.line(&object.line())?;
            return Ok(matches);
        }
        if !matches || !args.report.quiet {
            let text = status.word();
            output.status(&StatusLine {
                status,
                name: &quote(name),
                text,
                word: text,
                note: "",
            })?;
        }
        return Ok(matches);
    }
    let title = format!("HMAC-{}", mac.hash_function().tag());
    let tag = mac.finalize();
    if args.raw {
        output.bytes(&tag.into_bytes())?;
        return Ok(true);
    }
    if args.report.json {
        let mut object = Object::new("file");
        object.path(name).set("algorithm", args.algorithm.to_string());
        output.line(&object.set("mac", tag.to_hex()).line())?;
        return Ok(true);
    }
    let text = if args.base64 { tag.to_base64() } else { tag.to_hex() };
    let mut line = Vec::new();
    let style = style(args.tag, args.base64, args.zero);
    write_fields(&mut line, &title, &text, name.as_os_str().as_bytes(), style);
    output.line(&line)?;
    Ok(true)
}

/// Adds up the sizes of the files for the progress line.
fn survey(sources: Vec<Source>) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send {
    move |expected| {
        sources.iter().try_for_each(|source| {
            expected.add(source.name().metadata().map_or(0, |metadata| metadata.len()))
        })
    }
}
