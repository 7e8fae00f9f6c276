//! `hsum cert expires`: finds certificates and revocation lists that expire soon.

use anyhow::Result;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::cli::colour::Status;
use crate::cli::exit::Exit;
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::server::args::cert::reading::ExpiresArgs;
use crate::server::cert::contents::Item;
use crate::server::cert::describe::short_name;
use crate::server::cert::moment;
use crate::server::cert::source::{self, Reading, Source};
use crate::server::cert::time;
use crate::server::cert::verify::print_status;

pub(crate) fn run(args: ExpiresArgs) -> Result<Exit> {
    let is_json = args.report.json;
    stopped::with_error("cert", is_json, expires(&args))
}

/// Something that expires.
struct Expiry {
    kind: &'static str,
    subject: String,
    end: ASN1Time,
}

fn expires(args: &ExpiresArgs) -> Result<Exit> {
    let sources = Source::parse_all(&args.sources)?;
    let password = source::password(args.input.password.as_deref())?;
    let reading = Reading { password, timeout: args.input.timeout };
    let output = Output::stdout()?.for_people(args.report.color);
    let within = i64::try_from(args.within.as_secs()).unwrap_or(i64::MAX);
    let mut report = Report { output, args, within, now: time::now(), valid: 0, failed: 0 };
    for source in &sources {
        let found = source.items(&reading).and_then(|items| {
            let found: Option<Vec<_>> = items.iter().filter_map(expiry).collect();
            match found {
                Some(found) if found.is_empty() => Err(source::Unread::nothing_expires()),
                Some(found) => Ok(found),
                None => Err(source::Unread::damaged()),
            }
        });
        match found {
            Ok(found) => found.iter().try_for_each(|one| report.expiry(source, one))?,
            Err(unread) => report.unread(unread.report(source))?,
        }
    }
    report.finish()
}

/// Returns when an item expires; the inner `None` is for a damaged one.
fn expiry(item: &Item) -> Option<Option<Expiry>> {
    match item {
        Item::Certificate(der) => Some(X509Certificate::from_der(der).ok().map(|(_, parsed)| {
            let end = parsed.validity().not_after;
            Expiry { kind: "certificate", subject: short_name(parsed.subject()), end }
        })),
        Item::RevocationList(der) => match CertificateRevocationList::from_der(der) {
            Ok((_, parsed)) => parsed.next_update().map(|end| {
                let subject = short_name(parsed.issuer());
                Some(Expiry { kind: "revocation-list", subject, end })
            }),
            Err(_) => Some(None),
        },
        Item::Unread(_) => Some(None),
        Item::Request(_) | Item::PublicKey(_) | Item::PrivateKey(_) => None,
    }
}

/// The output, and counts of the results.
struct Report<'a> {
    output: Output,
    args: &'a ExpiresArgs,
    within: i64,
    now: i64,
    valid: u64,
    failed: u64,
}

impl Report<'_> {
    fn expiry(&mut self, source: &Source, one: &Expiry) -> Result<(), WriteError> {
        let left = one.end.timestamp() - self.now;
        let reason = match left {
            ..0 => Some("expired"),
            left if left <= self.within => Some("expires-soon"),
            _ => None,
        };
        let status = if reason.is_some() { Status::Failed } else { Status::Ok };
        match reason {
            Some(_) => self.failed += 1,
            None => self.valid += 1,
        }
        if self.args.report.quiet && reason.is_none() {
            return Ok(());
        }
        let text = format!("{}: {}", one.subject, moment::left(one.end, self.now));
        if self.args.report.json {
            let mut object = Object::new("expiry");
            source.add_to(&mut object).set("of", one.kind).set("subject", &one.subject);
            object.set("status", status.word()).set("not_after", moment::rfc3339(one.end));
            object.set("seconds_left", left);
            if let Some(reason) = reason {
                object.problem(reason, text);
            }
            return self.output.line(&object.line());
        }
        let note = format!("{text}, until {}", moment::date(one.end));
        print_status(&mut self.output, status, source, &note)
    }

    fn unread(&mut self, line: Vec<u8>) -> Result<(), WriteError> {
        self.failed += 1;
        if self.args.report.json { self.output.line(&line) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Exit> {
        let exit = if self.failed > 0 { Exit::Failed } else { Exit::Success };
        if self.args.report.json {
            let mut object = Object::summary("cert");
            object.set("action", "expires").set("valid", self.valid).set("failed", self.failed);
            self.output.line(&object.exit(exit.status()))?;
        }
        self.output.finish()?;
        Ok(exit)
    }
}
