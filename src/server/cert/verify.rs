//! `hsum cert verify`: verifies certificates against authorities.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use hsum::internals::escape;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::cli::colour::Status;
use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::server::args::cert::reading::{PurposeChoice, VerifyArgs};
use crate::server::cert::contents::Item;
use crate::server::cert::path::Pool;
use crate::server::cert::revocation;
use crate::server::cert::rules::Purpose;
use crate::server::cert::source::{self, Reading, Source};
use crate::server::cert::time;
use crate::server::cert::trust::{self, Requirements, Verdict};

pub(crate) fn run(args: VerifyArgs) -> Result<Exit> {
    let is_json = args.report.json;
    stopped::with_error("cert", is_json, verify(&args))
}

/// The requirements and certificates for the verification of all sources.
struct Plan {
    anchors: Vec<CertificateDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
    lists: Vec<Vec<u8>>,
    host: Option<ServerName<'static>>,
    purpose: Option<Purpose>,
    at: i64,
    reading: Reading,
}

fn verify(args: &VerifyArgs) -> Result<Exit> {
    let sources = Source::parse_all(&args.sources)?;
    let plan = plan(args)?;
    let output = Output::stdout()?.for_people(args.report.color);
    let mut report =
        Report { output, is_json: args.report.json, quiet: args.report.quiet, valid: 0, failed: 0 };
    for source in &sources {
        report.source(source, &plan)?;
    }
    report.finish()
}

fn plan(args: &VerifyArgs) -> Result<Plan> {
    let host = args.host.as_deref().map(server_name).transpose()?;
    let purpose = args.purpose.map(|purpose| match purpose {
        PurposeChoice::Server => Purpose::Server,
        PurposeChoice::Client => Purpose::Client,
    });
    let mut chain = Vec::new();
    for path in &args.chain {
        chain.extend(certificates(path)?);
    }
    let mut lists = Vec::new();
    for path in &args.crl {
        lists.extend(revocation_lists(path)?);
    }
    Ok(Plan {
        anchors: authorities(&args.ca)?,
        chain,
        lists: revocation::newest(lists),
        purpose: purpose.or(host.is_some().then_some(Purpose::Server)),
        host,
        at: args.at.unwrap_or_else(time::now),
        reading: Reading {
            password: source::password(args.input.password.as_deref())?,
            timeout: args.input.timeout,
        },
    })
}

/// Parses a host name or IP address.
pub(crate) fn server_name(text: &str) -> Result<ServerName<'static>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let name = ServerName::try_from(text.to_owned());
    Ok(name.map_err(|_| Usage("invalid host (expected a DNS name or an IP address)".into()))?)
}

/// Reads the trusted authorities; without files, those of the system.
pub(crate) fn authorities(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>> {
    if paths.is_empty() {
        return Ok(source::system_authorities());
    }
    let mut anchors = Vec::new();
    for path in paths {
        match path.is_dir() {
            // The directory that 'hsum cert ca' writes.
            true => anchors.extend(certificates(&path.join("ca.crt"))?),
            false => anchors.extend(certificates(path)?),
        }
    }
    Ok(anchors)
}

/// Reads the objects of a file that the verification depends on.
fn items(path: &Path) -> Result<Vec<Item>> {
    let source = Source::File(path.to_owned());
    let reading = Reading { password: None, timeout: std::time::Duration::ZERO };
    let items = source.items(&reading).map_err(|unread| unread.fatal(&source));
    items.map_err(|error| SetupError(error.to_string()).into())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = source::certificates(items(path)?);
    needed(path, found, "no certificate found")
}

fn revocation_lists(path: &Path) -> Result<Vec<Vec<u8>>> {
    let list = |item| match item {
        Item::RevocationList(der) => Some(der),
        _ => None,
    };
    let found = items(path)?.into_iter().filter_map(list).collect();
    needed(path, found, "no revocation list found")
}

fn needed<T>(path: &Path, found: Vec<T>, text: &str) -> Result<Vec<T>> {
    match found.is_empty() {
        true => Err(SetupError(format!("{}: {text}", crate::cli::quote::quote(path))).into()),
        false => Ok(found),
    }
}

/// The output, and counts of the results.
struct Report {
    output: Output,
    is_json: bool,
    quiet: bool,
    valid: u64,
    failed: u64,
}

impl Report {
    fn source(&mut self, source: &Source, plan: &Plan) -> Result<()> {
        let items = match source.items(&plan.reading) {
            Ok(items) => items,
            Err(unread) => return Ok(self.unread(unread.report(source))?),
        };
        let mut found = source::certificates(items).into_iter();
        let Some(target) = found.next() else {
            let error = anyhow!("no certificate found");
            crate::cli::print::complain(format_args!("{}: {error}", source.title()));
            let mut object = Object::new("error");
            source.add_to(&mut object).problem("no-certificate", error);
            return Ok(self.unread(object.line())?);
        };
        let chain: Vec<_> = found.chain(plan.chain.iter().cloned()).collect();
        let (mut host, mut purpose) = (plan.host.clone(), plan.purpose);
        if let Source::Server(peer, _) = source {
            purpose = purpose.or(Some(Purpose::Server));
            host = host.or(Some(server_name(&peer.host)?));
        }
        let wanted = Requirements {
            host,
            purpose,
            revocation_lists: &plan.lists,
            at: plan.at,
            is_strict: true,
        };
        let pool = Pool { anchors: &plan.anchors, chain: &chain };
        Ok(self.verdict(source, &trust::verify(&target, &pool, &wanted))?)
    }

    fn unread(&mut self, line: Vec<u8>) -> Result<(), WriteError> {
        self.failed += 1;
        if self.is_json { self.output.line(&line) } else { Ok(()) }
    }

    fn verdict(&mut self, source: &Source, verdict: &Verdict) -> Result<(), WriteError> {
        let status = if verdict.result.is_ok() { Status::Ok } else { Status::Failed };
        match verdict.result {
            Ok(()) => self.valid += 1,
            Err(_) => self.failed += 1,
        }
        if self.quiet && verdict.result.is_ok() {
            return Ok(());
        }
        if self.is_json {
            let mut object = Object::new("verification");
            source.add_to(&mut object).set("status", status.word());
            object.set("certificates", &verdict.path);
            if let Err(finding) = &verdict.result {
                object.problem(finding.reason, &finding.text);
            }
            return self.output.line(&object.line());
        }
        let note = match &verdict.result {
            Ok(()) => String::new(),
            Err(finding) if finding.remedy.is_empty() => finding.text.clone(),
            Err(finding) => format!("{}; {}", finding.text, finding.remedy),
        };
        print_status(&mut self.output, status, source, &note)
    }

    fn finish(mut self) -> Result<Exit> {
        let exit = if self.failed > 0 { Exit::Failed } else { Exit::Success };
        if self.is_json {
            let mut object = Object::summary("cert");
            object.set("action", "verify").set("valid", self.valid).set("failed", self.failed);
            self.output.line(&object.exit(exit.status()))?;
        }
        self.output.finish()?;
        Ok(exit)
    }
}

/// Prints `NAME: STATUS (NOTE)`, or on a terminal the status first.
pub(crate) fn print_status(
    output: &mut Output,
    status: Status,
    source: &Source,
    note: &str,
) -> Result<(), WriteError> {
    let note = escape(note.as_bytes(), &[]);
    let word = status.word();
    let text = if note.is_empty() { word.to_owned() } else { format!("{word} ({note})") };
    let note = if note.is_empty() { String::new() } else { format!("({note})") };
    output.status(&StatusLine { status, name: &source.title(), text: &text, word, note: &note })
}
