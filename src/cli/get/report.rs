//! Reports of downloads: lines, JSON objects, messages, and the summary.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use hsum::Strength;
use hsum::fetch::{Provenance, VerifiedDownload};
use hsum::net::{Failure, FailureKind, redacted};
use serde_json::{Value, json};

use crate::cli::args::get::GetArgs;
use crate::cli::colour::Status;
use crate::cli::exit::{Exit, failure_status};
use crate::cli::get::job::{Finished, Job};
use crate::cli::hints;
use crate::cli::json::Object;
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::cli::summary::{self, Summary, size};

/// A printer of the results of downloads.
pub(super) struct Reporter<'a> {
    args: &'a GetArgs,
    pub(super) output: Output,
    begun: Instant,
    /// The bytes received by this run.
    received: u64,
    verified: u64,
    unverified: u64,
    present: u64,
    failed: u64,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(args: &'a GetArgs) -> Result<Self, WriteError> {
        let (received, verified, unverified, present, failed) = Default::default();
        let output = Output::stdout()?.for_people(args.report.color);
        let begun = Instant::now();
        Ok(Self { args, output, begun, received, verified, unverified, present, failed })
    }

    /// Returns `true` if standard output is for the file.
    fn is_file_on_stdout(&self) -> bool {
        self.args.output.as_deref() == Some(Path::new("-"))
    }

    fn prints_json(&self) -> bool {
        self.args.report.json && !self.is_file_on_stdout()
    }

    /// Prints a result: a verified file to standard output, a failure to standard error.
    pub(super) fn finished(&mut self, job: &Job, finished: &Finished) -> Result<(), WriteError> {
        self.received += job.progress.received();
        match &finished.result {
            Ok(file) => {
                for note in &file.notes {
                    complain(format_args!("{}: {}", quote(&file.path), note.escape_debug()));
                }
                match (&file.provenance, is_verified(file)) {
                    (Provenance::Present, _) => self.present += 1,
                    (Provenance::Fetched { .. }, true) => self.verified += 1,
                    (Provenance::Fetched { .. }, false) => self.unverified += 1,
                }
                if self.is_file_on_stdout() || self.args.report.quiet {
                    return Ok(());
                }
                match self.args.report.json {
                    true => self.output.line(&json_of_file(finished, file))?,
                    false => print_line(&mut self.output, job, file)?,
                }
            }
            Err(failure) => {
                self.failed += 1;
                let path = finished.path.as_deref().filter(|_| !self.is_file_on_stdout());
                complain_of(
                    path,
                    &format!("{}{}", hints::failure(failure), next_step(job, failure, self.args)),
                );
                if self.prints_json() {
                    self.output.line(&json_of_failure(finished, failure))?;
                }
            }
        }
        self.output.flush()
    }

    /// Prints a failure that belongs to no download.
    pub(super) fn failure(
        &mut self,
        failure: &Failure,
        path: Option<&Path>,
    ) -> Result<(), WriteError> {
        self.failed += 1;
        let text = hints::failure(failure);
        complain_of(path, &text);
        if self.prints_json() {
            let mut object = Object::new("error");
            if let Some(path) = path {
                object.path(path);
            }
            self.output.line(&object.problem(failure.reason_code(), text).line())?;
        }
        self.output.flush()
    }

    /// Prints the summary of a command that ends with `exit`.
    pub(super) fn finish(mut self, exit: Exit) -> Result<(), WriteError> {
        let good = self.verified + self.unverified + self.present;
        if self.prints_json() {
            let mut object = Object::summary("get");
            object.set("files", good + self.failed).set("verified", self.verified);
            object.set("unverified", self.unverified).set("present", self.present);
            object.set("failed", self.failed).work(self.received, self.begun.elapsed());
            self.output.line(&object.exit(exit.status()))?;
        }
        self.output.finish()?;
        let report = &self.args.report;
        let is_wanted = summary::is_wanted(report.quiet, report.verbose, report.json);
        if is_wanted && (report.verbose || good + self.failed > 1) {
            let fetched = self.verified + self.unverified;
            Summary::new(format!("downloaded {}", summary::files(fetched)))
                .data(self.received, self.begun.elapsed())
                .count(Status::Ok, self.verified + self.present)
                .count(Status::Unverified, self.unverified)
                .count(Status::Failed, self.failed)
                .print(self.args.report.color);
        }
        Ok(())
    }
}

fn complain_of(path: Option<&Path>, text: &str) {
    match path {
        Some(path) => complain(format_args!("{}: {text}", quote(path))),
        None => complain(text),
    }
}

/// Returns a line with what to do after a failure, if there is something to do.
fn next_step(job: &Job, failure: &Failure, args: &GetArgs) -> String {
    let progress = &job.progress;
    match failure.kind() {
        FailureKind::Mismatch if progress.bytes() > 0 && !args.keep_bad => {
            "\n  nothing was saved; use --keep-bad to look at the file".into()
        }
        FailureKind::Network if progress.is_resumable() => {
            let bytes = size(progress.bytes());
            let all = progress.total().map(|total| format!(" of {}", size(total)));
            let all = all.unwrap_or_default();
            format!("\n  {bytes}{all} are kept; run the same command again to continue")
        }
        _ => String::new(),
    }
}

fn is_verified(file: &VerifiedDownload) -> bool {
    !file.evidence.is_empty() || file.accepted_by.is_some()
}

fn print_line(output: &mut Output, job: &Job, file: &VerifiedDownload) -> Result<(), WriteError> {
    let digest = file.digests.first().map(|digest| format!("{digest:?}")).unwrap_or_default();
    let accepted_by = file.accepted_by.iter().map(|signer| signer.escape_debug().to_string());
    let sources = file.evidence.iter().map(|e| match &e.signature {
        Some(signature) => format!("{}, {}", e.source, signature.escape_debug()),
        None => e.source.clone(),
    });
    let sources: Vec<_> = sources.chain(accepted_by).collect();
    let (present, note) = match &file.provenance {
        Provenance::Present => ("already there, ", "already there, verified: "),
        Provenance::Fetched { .. } => ("", ""),
    };
    let (status, word, why) = match sources.is_empty() {
        true => (Status::Unverified, "NOT VERIFIED", String::new()),
        false => (Status::Ok, "OK", format!(" ({})", sources.join(", "))),
    };
    // Only people read this: one of several servers.
    let mirror = match &file.provenance {
        Provenance::Fetched { url, .. } if !job.mirrors.is_empty() => {
            format!(", from {}", url.host_str().unwrap_or(""))
        }
        _ => String::new(),
    };
    output.status(&StatusLine {
        status,
        name: &quote(&file.path),
        text: &format!("{present}{word}, {digest}{why}"),
        word,
        note: &format!("{note}{digest}{why}{mirror}"),
    })
}

fn json_of_file(finished: &Finished, file: &VerifiedDownload) -> Vec<u8> {
    let status = match (&file.provenance, is_verified(file)) {
        (Provenance::Present, _) => "present",
        (Provenance::Fetched { .. }, true) => "verified",
        (Provenance::Fetched { .. }, false) => "unverified",
    };
    let mut object = Object::new("file");
    object.path(&file.path).set("url", redacted(&finished.url)).set("status", status);
    object.set("exit", 0).set("size", file.size).digests(&file.digests);
    let evidence = file.evidence.iter().map(|evidence| {
        let digests: Vec<_> =
            evidence.expected.digests().iter().map(|d| format!("{d:?}")).collect();
        json!({ "source": evidence.source, "digests": digests, "signature": evidence.signature })
    });
    object.set("evidence", evidence.collect::<Value>());
    // The signature over the file, or else over its checksum file.
    let of_list = || file.evidence.iter().find_map(|evidence| evidence.signature.clone());
    object.set("signature", file.accepted_by.clone().or_else(of_list));
    let sound = file.evidence.iter().any(|e| e.expected.strength() == Strength::Sound)
        || file.accepted_by.is_some();
    let strength = match (file.evidence.is_empty() && !sound, sound) {
        (true, _) => None,
        (false, true) => Some("sound"),
        (false, false) => Some("weak"),
    };
    object.set("strength", strength);
    if let Provenance::Fetched { url, redirects, resumed } = &file.provenance {
        let redirects =
            redirects.iter().map(|one| json!({ "status": one.status, "to": redacted(&one.to) }));
        object.set("from", redacted(url)).set("redirects", redirects.collect::<Value>());
        object.set("resumed", resumed);
    }
    object.set("notes", &file.notes).line()
}

fn json_of_failure(finished: &Finished, failure: &Failure) -> Vec<u8> {
    let mut object = Object::new("file");
    if let Some(path) = &finished.path {
        object.path(path);
    }
    object.set("url", redacted(&finished.url)).set("status", "failed");
    object.set("exit", failure_status(failure));
    object.problem(failure.reason_code(), hints::failure(failure)).line()
}
