//! `hsum hmac`: the HMAC of files, computed or compared.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use hsum::engine::{self, Next, Plan, Progress, Source};
use hsum::manifest::write_fields;
use hsum::{Error, Hmac, Key};

use super::args::HmacArgs;
use super::exit::{self, Exit, Usage};
use super::key::KeySource;
use super::output::Output;
use super::plan;
use super::print::complain_of;
use super::progress::{Expected, View};
use super::quote::quote;

pub(crate) fn run(args: HmacArgs) -> Result<Exit> {
    let key_source = KeySource::parse(&args.key)?;
    let sources = plan::operands(&args.paths)?;
    let is_stdin = |source: &Source| match source {
        Source::Stdin => true,
        Source::Path(path) => plan::is_stdin(path),
    };
    if key_source.takes_stdin() && sources.iter().any(is_stdin) {
        return Err(Usage("the key and the message cannot both be standard input".into()).into());
    }
    if sources.len() > 1 && (args.raw || args.expect.is_some()) {
        return Err(Usage("--raw and --expect take one file".into()).into());
    }
    let expected = match args.expect.as_deref().map(hex::decode).transpose() {
        Ok(expected) => expected,
        Err(_) => return Err(Usage("--expect takes hexadecimal digits".into()).into()),
    };
    let key = Key::new(args.algorithm, &key_source.read(args.key_format)?)
        .map_err(|unsupported| Usage(unsupported.to_string()))?;

    let mut output = Output::stdout()?;
    let mut exit = Exit::Well;
    let progress = Arc::new(Progress::default());
    let view = View::start(args.progress, &progress, Some(survey(sources.clone())));
    let mut print = |source: &Source, result: Result<Hmac, Error>, next| {
        let name = source.name();
        let mac = match result {
            Ok(mac) => mac,
            Err(error) => {
                output.flush()?;
                complain_of(name, &error);
                exit = Exit::Failed;
                return Ok(());
            }
        };
        match &expected {
            Some(expected) => {
                let good = mac.verify(expected).is_ok();
                let verdict = if good { "OK" } else { "FAILED" };
                exit = if good { exit } else { Exit::Failed };
                output.line(format!("{}: {verdict}\n", quote(name)).as_bytes())?;
            }
            None if args.raw => output.bytes(&mac.finalize().into_bytes())?,
            None => output.line(&line(&args, name, mac))?,
        }
        if next == Next::Awaited { output.flush() } else { Ok(()) }
    };
    let plan = Plan::default().progress(progress);
    engine::fold(
        &plan,
        sources,
        || Hmac::new(&key),
        Hmac::update,
        |source, result, next| {
            if let Err(error) = view.suspend(|| print(&source, result, next)) {
                exit::at_once(&error);
            }
            ControlFlow::Continue(())
        },
    );
    drop(view);
    output.finish()?;
    Ok(exit)
}

fn line(args: &HmacArgs, name: &Path, mac: Hmac) -> Vec<u8> {
    let tag = format!("HMAC-{}", mac.hash_function().tag());
    let mac = mac.finalize();
    let text = if args.base64 { mac.to_base64() } else { mac.to_hex() };
    let mut line = Vec::new();
    let style = plan::style(args.tag, args.base64, args.zero);
    write_fields(&mut line, &tag, &text, name.as_os_str().as_bytes(), style);
    line
}

fn survey(sources: Vec<Source>) -> impl FnOnce(&Expected) -> ControlFlow<()> + Send {
    move |expected| {
        sources.iter().try_for_each(|source| {
            expected.add(source.name().metadata().map_or(0, |metadata| metadata.len()))
        })
    }
}
