//! `hsum cert fingerprint`: prints digests of certificates, and pins of their keys.

use anyhow::Result;
use serde_json::Value;

use crate::cli::exit::Exit;
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::server::args::cert::reading::FingerprintArgs;
use crate::server::cert::contents::Item;
use crate::server::cert::facts::{self, Facts};
use crate::server::cert::source::{self, Reading, Source};

pub(crate) fn run(args: FingerprintArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("cert", is_json, fingerprint(&args))
}

fn fingerprint(args: &FingerprintArgs) -> Result<Exit> {
    let sources = Source::parse_all(&args.sources)?;
    let password = source::password(args.input.password.as_deref())?;
    let reading = Reading { password, timeout: args.input.timeout };
    let mut output = Output::stdout()?;
    let (mut shown, mut failed) = (0_u64, 0_u64);
    for source in &sources {
        let found = source.items(&reading).map(|items| {
            let facts: Vec<_> = items.iter().filter_map(pinned).collect();
            facts
        });
        let found = match found {
            Ok(found) if found.is_empty() => Err(source::Unread::nothing_to_pin()),
            found => found,
        };
        match found {
            Ok(found) => {
                let count = if args.pin { 1 } else { found.len() };
                for facts in found.iter().take(count) {
                    shown += 1;
                    print(&mut output, args, source, facts)?;
                }
            }
            Err(unread) => {
                failed += 1;
                let line = unread.report(source);
                if args.json {
                    output.line(&line)?;
                }
            }
        }
    }
    let exit = if failed > 0 { Exit::Failed } else { Exit::Success };
    if args.json {
        let mut object = Object::summary("cert");
        object.set("action", "fingerprint").set("shown", shown).set("failed", failed);
        output.line(&object.exit(exit.status()))?;
    }
    output.finish()?;
    Ok(exit)
}

/// Returns the facts about a certificate, request or key.
fn pinned(item: &Item) -> Option<Facts> {
    let facts = match item {
        Item::Certificate(der) => facts::certificate(der, 0),
        Item::Request(der) => facts::request(der),
        Item::PublicKey(der) => facts::public_key(der),
        Item::PrivateKey(key) => facts::private_key(key),
        Item::RevocationList(_) | Item::Unread(_) => None,
    };
    facts.filter(|facts| text(facts, "pin").is_some())
}

fn text<'a>(facts: &'a Facts, key: &str) -> Option<&'a str> {
    facts.fields.iter().find(|field| field.0 == key).and_then(|field| Value::as_str(&field.1))
}

fn print(
    output: &mut Output,
    args: &FingerprintArgs,
    source: &Source,
    facts: &Facts,
) -> Result<(), WriteError> {
    let pin = text(facts, "pin").unwrap_or_default();
    let digest = text(facts, "sha256");
    if args.pin {
        return output.line(format!("{pin}\n").as_bytes());
    }
    if args.json {
        let mut object = Object::new("fingerprint");
        source.add_to(&mut object).set("of", facts.kind);
        if let Some(subject) = text(facts, "subject") {
            object.set("subject", subject);
        }
        if let Some(digest) = digest {
            object.set("sha256", digest);
        }
        return output.line(&object.set("pin", pin).line());
    }
    let subject = text(facts, "subject").map(|subject| format!(" {subject}")).unwrap_or_default();
    let subject = hsum::internals::escape(subject.as_bytes(), &[]).into_owned();
    let mut lines = format!("{}: {}{subject}\n", source.title(), facts.title);
    if let Some(digest) = digest {
        lines += &format!("  SHA-256  {digest}\n");
    }
    output.line(format!("{lines}  key pin  {pin}\n").as_bytes())
}
