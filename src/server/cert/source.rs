//! Sources of certificates: files, standard input, and servers.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use hsum::ErrorKind;
use hsum::internals::{SMALL_FILE, io_reason, read_all, read_file};
use rustls::pki_types::CertificateDer;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::cli::exit::{SetupError, Usage};
use crate::cli::input;
use crate::cli::json::Object;
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::server::cert::contents::{self, Item};
use crate::server::cert::peer::Peer;
use crate::server::cert::secrets;

/// A file or server.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Stdin,
    File(PathBuf),
    Server(Peer, String),
}

/// The options that all sources are read with.
pub(crate) struct Reading {
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) timeout: Duration,
}

/// A source that could not be read.
pub(crate) struct Unread {
    reason: &'static str,
    text: String,
}

impl Source {
    /// Parses a file name, `-`, or the URL of a server.
    ///
    /// Only a URL is a server, so that a file name never starts a connection.
    pub(crate) fn parse(word: &OsStr) -> Result<Self> {
        if word == "-" {
            return Ok(Self::Stdin);
        }
        let text = word.to_str().filter(|text| {
            text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        });
        let Some(text) = text else { return Ok(Self::File(word.into())) };
        let invalid = || Usage("invalid URL of a server (expected https://HOST[:PORT])".into());
        let url: Url = text.parse().map_err(|_| invalid())?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !is_plain || !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(invalid().into());
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(invalid().into()),
        };
        let port = url.port_or_known_default().unwrap_or(443);
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self::Server(Peer { host, port }, text))
    }

    pub(crate) fn parse_all(words: &[OsString]) -> Result<Vec<Self>> {
        words.iter().map(|word| Self::parse(word)).collect()
    }

    /// Returns the name for messages.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Stdin => "standard input".into(),
            Self::File(path) => quote(path),
            Self::Server(_, url) => url.clone(),
        }
    }

    /// Adds `path` or `url` to an object.
    pub(crate) fn add_to<'a>(&self, object: &'a mut Object) -> &'a mut Object {
        match self {
            Self::Stdin => object.path(Path::new("-")),
            Self::File(path) => object.path(path),
            Self::Server(_, url) => object.set("url", url),
        }
    }

    /// Returns the objects of the source: at least one.
    ///
    /// # Errors
    /// Returns why the source could not be read.
    pub(crate) fn items(&self, reading: &Reading) -> Result<Vec<Item>, Unread> {
        let of_io = |error: io::Error| {
            let reason = io_reason(error.kind());
            Unread { reason, text: ErrorKind::Io(error).to_string() }
        };
        let bytes = match self {
            Self::Stdin => {
                input::announce_stdin();
                read_all(io::stdin(), SMALL_FILE).map_err(of_io)?
            }
            Self::File(path) => read_file(path, SMALL_FILE).map_err(of_io)?,
            Self::Server(peer, _) => {
                let chain = peer.chain(reading.timeout);
                let chain = chain.map_err(|error| Unread {
                    reason: "network",
                    text: format!("no certificate received: {}", ErrorKind::Io(error)),
                })?;
                return Ok(chain.into_iter().map(Item::Certificate).collect());
            }
        };
        let bytes = Zeroizing::new(bytes);
        let password = reading.password.as_ref().map(|password| password.as_str());
        let items = contents::items(&bytes, password);
        let items = items.map_err(|text| Unread { reason: "unusable", text })?;
        match items.is_empty() {
            true => Err(Unread {
                reason: "no-certificate",
                text: "no certificate found (expected PEM, DER or PKCS#12)".into(),
            }),
            false => Ok(items),
        }
    }
}

impl Unread {
    pub(crate) fn nothing_to_pin() -> Self {
        Self { reason: "no-certificate", text: "no certificate or key found".into() }
    }

    pub(crate) fn nothing_expires() -> Self {
        Self { reason: "no-certificate", text: "nothing found that expires".into() }
    }

    pub(crate) fn damaged() -> Self {
        Self { reason: "damaged", text: "contains a damaged certificate or section".into() }
    }

    /// Prints the error, and returns its object.
    pub(crate) fn report(&self, source: &Source) -> Vec<u8> {
        complain(format_args!("{}: {}", source.title(), self.text));
        let mut object = Object::new("error");
        source.add_to(&mut object).problem(self.reason, &self.text).line()
    }

    /// Returns the error of a source without which nothing can be done.
    pub(crate) fn fatal(self, source: &Source) -> anyhow::Error {
        anyhow!("{}: {}", source.title(), self.text)
    }
}

/// Reads the password of PKCS#12 files.
pub(crate) fn password(spec: Option<&OsStr>) -> Result<Option<Zeroizing<String>>> {
    let Some(spec) = spec else { return Ok(None) };
    let bytes = secrets::password(spec, "--password")?;
    let text = str::from_utf8(&bytes);
    let text = text.map_err(|_| SetupError("a password of PKCS#12 must be UTF-8".into()))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Returns the certificates among the items.
pub(crate) fn certificates(items: Vec<Item>) -> Vec<CertificateDer<'static>> {
    let certificate = |item| match item {
        Item::Certificate(der) => Some(der),
        _ => None,
    };
    items.into_iter().filter_map(certificate).collect()
}

/// Returns the authorities that the system trusts.
pub(crate) fn system_authorities() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
