//! `hsum check FILE… --sums URL|FILE|auto`: are the files what a checksum file elsewhere says?

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;
use hsum::engine::Source;
use hsum::net::{Client, Failure, Origin, Proxies, TlsOptions, Url};
use hsum::trust::checksum_file::{self, ApprovedText, ChecksumFile, ListedFile};
use hsum::trust::file_name::{self, ChosenBy};

use super::check::{Manner, Report};
use super::exit::{Exit, Usage};
use super::expect::{self, Strong, Wanted};
use super::print::complain;
use super::quote::quote;
use super::{client, plan};
use crate::cli::args::check::CheckArgs;

/// Where it is said what the files should be.
enum Book {
    /// In one checksum file.
    List(ChecksumFile),
    /// In one of those beside this URL.
    BesideUrl(Url),
    /// In one of those beside each file.
    BesideFile,
}

pub(super) fn run(args: &CheckArgs, word: &OsStr) -> Result<Exit> {
    let sources = plan::operands(&args.files)?;
    let url = args.url.as_deref().map(client::url).transpose()?;
    let usage = |text: &str| Err(Usage(text.into()).into());
    if url.is_some() && sources.len() > 1 {
        return usage("--url is about one FILE");
    }
    if url.is_none() && sources.iter().any(|source| matches!(source, Source::Stdin)) {
        return usage("standard input has no name that a checksum file could list; --url says it");
    }
    if word == "auto" && args.algorithm.is_some() {
        return usage("-a goes with --sums URL or FILE; 'auto' goes by the names that it finds");
    }
    let listed_as = match &url {
        Some(url) => Some(
            file_name::from_url(url, ChosenBy::User)
                .map_err(|why| Usage(format!("--url: {why}")))?,
        ),
        None => None,
    };
    let client = client(args);
    let book = match open(word, url, &client)? {
        Ok(book) => book,
        Err(failure) => {
            complain(failure);
            return Ok(Exit::Failed);
        }
    };
    let mut exit = Exit::Success;
    let mut files = Vec::new();
    for source in sources {
        match look_up(&book, &source, listed_as.as_ref(), args, &client) {
            Ok(said) => {
                let name = source.name();
                if !matches!(book, Book::List(_)) && Manner::new(args).report == Report::All {
                    let (name, whence) = (quote(name), &said.evidence.source);
                    complain(format_args!("{name}: compared with what {whence} says"));
                }
                let wanted = Wanted { expected: vec![said.evidence.expected], size: said.size };
                match expect::judge(&wanted, args, Some(name)) {
                    Strong::Fine => files.push((source, wanted)),
                    Strong::Refused => exit = Exit::Failed,
                }
            }
            // The file that no list names does not keep the others from being checked.
            Err(failure) => {
                complain(failure);
                exit = Exit::Failed;
            }
        }
    }
    match expect::compare(args, files)? {
        Exit::Success => Ok(exit),
        worse => Ok(worse),
    }
}

/// One that knows the system's proxies and nobody's password.
fn client(args: &CheckArgs) -> Client {
    let tls = TlsOptions { authorities: args.cacert.clone(), ..TlsOptions::default() };
    Client::builder().tls(tls).proxies(Proxies::from_environment()).build()
}

fn open(word: &OsStr, url: Option<Url>, client: &Client) -> Result<Result<Book, Failure>> {
    Ok(match (word.to_str(), url) {
        (Some("auto"), Some(url)) => Ok(Book::BesideUrl(url)),
        (Some("auto"), None) => Ok(Book::BesideFile),
        (Some(text), _) if text.contains("://") => {
            ChecksumFile::fetch(client, &client::url(text)?, Origin::Own).map(Book::List)
        }
        _ => ChecksumFile::open(Path::new(word)).map(Book::List),
    })
}

fn look_up(
    book: &Book,
    source: &Source,
    listed_as: Option<&OsString>,
    args: &CheckArgs,
    client: &Client,
) -> Result<ListedFile, Failure> {
    let own = source.name();
    let name = listed_as.map_or(own.file_name().unwrap_or(own.as_os_str()), OsString::as_os_str);
    match book {
        Book::List(sums) => sums.find(name, args.algorithm),
        Book::BesideUrl(url) => checksum_file::find_beside_url(client, url, name, &|_, text| {
            Ok(ApprovedText { text, signature: None })
        }),
        Book::BesideFile => checksum_file::find_beside_file(own),
    }
}
