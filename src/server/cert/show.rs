//! `hsum cert show`: prints what certificates, requests, keys and revocation lists say.

use anyhow::Result;
use hsum::internals::escape;

use crate::cli::exit::Exit;
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::server::args::cert::reading::ShowArgs;
use crate::server::cert::contents::Item;
use crate::server::cert::facts::{self, Facts};
use crate::server::cert::path::Pool;
use crate::server::cert::rules::Purpose;
use crate::server::cert::source::{self, Reading, Source};
use crate::server::cert::time;
use crate::server::cert::trust::{Requirements, verify};
use crate::server::cert::verify::{authorities, server_name};

pub(crate) fn run(args: ShowArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("cert", is_json, show(&args))
}

fn show(args: &ShowArgs) -> Result<Exit> {
    let sources = Source::parse_all(&args.sources)?;
    let password = source::password(args.input.password.as_deref())?;
    let reading = Reading { password, timeout: args.input.timeout };
    let mut view = View { output: Output::stdout()?, is_json: args.json, shown: 0, failed: 0 };
    for source in &sources {
        match source.items(&reading) {
            Ok(items) => {
                for (n, item) in items.iter().enumerate() {
                    view.item(source, n, items.len(), item)?;
                }
                if let Source::Server(..) = source {
                    view.verdict(source, items, args)?;
                }
            }
            Err(unread) => {
                view.failed += 1;
                let line = unread.report(source);
                if view.is_json {
                    view.output.line(&line)?;
                }
            }
        }
    }
    view.finish()
}

/// The output, and counts of what was shown.
struct View {
    output: Output,
    is_json: bool,
    shown: u64,
    failed: u64,
}

impl View {
    /// Prints one object of a source.
    fn item(
        &mut self,
        source: &Source,
        n: usize,
        count: usize,
        item: &Item,
    ) -> Result<(), WriteError> {
        let now = time::now();
        let (what, facts) = match item {
            Item::Certificate(der) => ("certificate", facts::certificate(der, now)),
            Item::Request(der) => ("signing request", facts::request(der)),
            Item::RevocationList(der) => ("revocation list", facts::revocation_list(der, now)),
            Item::PublicKey(der) => ("public key", facts::public_key(der)),
            Item::PrivateKey(key) => ("private key", facts::private_key(key)),
            Item::Unread(why) => return self.damaged(source, n, why),
        };
        match facts {
            Some(facts) => {
                self.shown += 1;
                self.facts(source, n, count, &facts)
            }
            None => self.damaged(source, n, &format!("damaged or unsupported {what}")),
        }
    }

    fn facts(
        &mut self,
        source: &Source,
        n: usize,
        count: usize,
        facts: &Facts,
    ) -> Result<(), WriteError> {
        if self.is_json {
            let mut object = Object::new(facts.kind);
            source.add_to(&mut object).set("position", n + 1);
            facts.add_to(&mut object);
            return self.output.line(&object.line());
        }
        let of = if count > 1 { format!(" {} of {count}", n + 1) } else { String::new() };
        let mut text = format!("{}: {}{of}\n", source.title(), facts.title);
        for (label, value) in &facts.lines {
            text += &format!("  {label:<11} {}\n", escape(value.as_bytes(), &[]));
        }
        for warning in &facts.warnings {
            let value = format!("{}; {}", warning.text, warning.remedy);
            text += &format!("  {:<11} {}\n", "warning", escape(value.as_bytes(), &[]));
        }
        self.output.line(text.as_bytes())
    }

    fn damaged(&mut self, source: &Source, n: usize, why: &str) -> Result<(), WriteError> {
        self.failed += 1;
        let text = format!("object {}: {why}", n + 1);
        complain(format_args!("{}: {text}", source.title()));
        if self.is_json {
            let mut object = Object::new("error");
            source.add_to(&mut object).problem("damaged", text);
            self.output.line(&object.line())?;
        }
        Ok(())
    }

    /// Prints whether the certificates of a server can be verified.
    fn verdict(&mut self, source: &Source, items: Vec<Item>, args: &ShowArgs) -> Result<()> {
        let Source::Server(peer, _) = source else { return Ok(()) };
        let chain = source::certificates(items);
        let Some((own, chain)) = chain.split_first() else { return Ok(()) };
        let anchors = authorities(&args.ca)?;
        let wanted = Requirements {
            host: Some(server_name(&peer.host)?),
            purpose: Some(Purpose::Server),
            revocation_lists: &[],
            at: time::now(),
            is_strict: false,
        };
        let result = verify(own, &Pool { anchors: &anchors, chain }, &wanted).result;
        if self.is_json {
            let mut object = Object::new("server");
            source.add_to(&mut object).set("verified", result.is_ok());
            if let Err(finding) = result {
                object.problem(finding.reason, finding.text);
            }
            self.output.line(&object.line())?;
            return Ok(());
        }
        let text = match result {
            Ok(()) => "yes".to_owned(),
            Err(finding) => format!("no: {}; {}", finding.text, finding.remedy),
        };
        let text = format!("  {:<11} {}\n", "verified", escape(text.as_bytes(), &[]));
        Ok(self.output.line(text.as_bytes())?)
    }

    fn finish(mut self) -> Result<Exit> {
        let exit = if self.failed > 0 { Exit::Failed } else { Exit::Success };
        if self.is_json {
            let mut object = Object::summary("cert");
            object.set("action", "show").set("shown", self.shown).set("failed", self.failed);
            self.output.line(&object.exit(exit.status()))?;
        }
        self.output.finish()?;
        Ok(exit)
    }
}
