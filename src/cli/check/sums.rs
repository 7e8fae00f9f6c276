//! `hsum check FILE… --sums URL|FILE|auto`: verification against a local or remote checksum file.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;
use hsum::engine::Source;
use hsum::manifest::BadLine;
use hsum::net::{Client, Failure, Origin, Proxies, TlsOptions, Url};
use hsum::trust::checksum_file::{self, ApprovedText, ChecksumFile, ListedFile};
use hsum::trust::file_name::{self, ChosenBy};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::expected::{self, Expectation};
use crate::cli::check::report::{Report, Verbosity};
use crate::cli::exit::{Exit, Usage};
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::cli::{client, plan};

/// The location of the checksum files.
enum Sums {
    File(ChecksumFile),
    /// Checksum files with the usual names beside this URL.
    BesideUrl(Url),
    /// Checksum files with the usual names beside each file.
    BesideFile,
}

pub(super) fn run(args: &CheckArgs, word: &OsStr) -> Result<Exit> {
    let sources = plan::operands(&args.files)?;
    let url = args.url.as_deref().map(client::url).transpose()?;
    let usage = |text: &str| Err(Usage(text.into()).into());
    if url.is_some() && sources.len() > 1 {
        return usage("--url needs exactly one FILE");
    }
    if url.is_none() && sources.iter().any(|source| matches!(source, Source::Stdin)) {
        return usage(
            "standard input has no name to look up in a checksum file; use --url to name it",
        );
    }
    if word == "auto" && args.algorithm.is_some() {
        return usage(
            "-a needs --sums URL or FILE: 'auto' finds the algorithm by the name of the checksum file",
        );
    }
    let listed_as = match &url {
        Some(url) => Some(
            file_name::from_url(url, ChosenBy::User)
                .map_err(|why| Usage(format!("--url: {why}")))?,
        ),
        None => None,
    };
    let client = client(args);
    let mut report = Report::new(args)?;
    let sums = match open(word, url, &client)? {
        Ok(sums) => sums,
        Err(failure) => {
            complain(&failure);
            report.error(Path::new(word), failure.reason_code(), failure)?;
            return report.finish(Exit::Failed);
        }
    };
    let mut exit = Exit::Success;
    let mut files = Vec::new();
    for source in sources {
        let name = source.name();
        match find_listed(&sums, &source, listed_as.as_ref(), args, &client) {
            Ok(listed) => {
                let origin = listed.evidence.source.to_string();
                let is_found = !matches!(sums, Sums::File(_));
                if is_found && report.options().verbosity == Verbosity::All {
                    complain(format_args!("{}: compared with {origin}", quote(name)));
                }
                let digests = vec![listed.evidence.expected];
                let expectation = Expectation { digests, size: listed.size, list: Some(origin) };
                match expected::accept_strength(&expectation, args, Some(name)) {
                    Ok(()) => files.push((source, expectation)),
                    Err(text) => {
                        report.error(name, BadLine::Weak.reason(), text)?;
                        exit = Exit::Failed;
                    }
                }
            }
            // A file that is not listed does not stop the check of the others.
            Err(failure) => {
                complain(&failure);
                report.error(name, failure.reason_code(), failure)?;
                exit = Exit::Failed;
            }
        }
    }
    expected::compare(args, report, files, exit)
}

/// Returns a client with the system's proxies and without credentials.
fn client(args: &CheckArgs) -> Client {
    let tls = TlsOptions { authorities: args.cacert.clone(), ..TlsOptions::default() };
    Client::builder().tls(tls).proxies(Proxies::from_environment()).build()
}

fn open(word: &OsStr, url: Option<Url>, client: &Client) -> Result<Result<Sums, Failure>> {
    Ok(match (word.to_str(), url) {
        (Some("auto"), Some(url)) => Ok(Sums::BesideUrl(url)),
        (Some("auto"), None) => Ok(Sums::BesideFile),
        (Some(text), _) if text.contains("://") => {
            ChecksumFile::fetch(client, &client::url(text)?, Origin::Own).map(Sums::File)
        }
        _ => ChecksumFile::open(Path::new(word)).map(Sums::File),
    })
}

fn find_listed(
    sums: &Sums,
    source: &Source,
    listed_as: Option<&OsString>,
    args: &CheckArgs,
    client: &Client,
) -> Result<ListedFile, Failure> {
    let own = source.name();
    let name = listed_as.map_or(own.file_name().unwrap_or(own.as_os_str()), OsString::as_os_str);
    match sums {
        Sums::File(file) => file.find(name, args.algorithm),
        Sums::BesideUrl(url) => checksum_file::find_beside_url(client, url, name, &|_, text| {
            Ok(ApprovedText { text, signature: None })
        }),
        Sums::BesideFile => checksum_file::find_beside_file(own),
    }
}
