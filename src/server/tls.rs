//! The certificate of a server and the verification of its clients, from its arguments.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hsum::internals::{SMALL_FILE, TemporaryDirectory, read_file};
use hsum::net::Failure;
use hsum::net::server::TlsServerOptions;

use crate::cli::exit::{SetupError, Usage};
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::server::args::shared::TlsServerArgs;
use crate::server::cert::names::Name;
use crate::server::cert::self_signed::{SelfSigned, self_signed};
use crate::server::cert::{pem, revocation};

/// The files of a server's TLS options, which can be read again while it runs.
#[derive(Debug)]
pub(crate) struct TlsSource {
    certificate: Certificate,
    client_ca: Option<PathBuf>,
    client_crl: Option<PathBuf>,
}

/// The certificate of a server.
#[derive(Debug)]
enum Certificate {
    Files {
        chain: PathBuf,
        key: PathBuf,
    },
    /// Made for this run; clients on this machine find it in the directory.
    Made {
        made: Box<SelfSigned>,
        directory: TemporaryDirectory,
    },
}

impl TlsSource {
    /// Returns the source that the arguments name for a server at an address; `None` for plain
    /// HTTP.
    ///
    /// # Errors
    /// Returns an error if the arguments name no certificate, or if none can be made.
    pub(crate) fn new(args: &TlsServerArgs, bind: SocketAddr) -> Result<Option<Self>> {
        if args.http {
            return Ok(None);
        }
        let certificate = match &args.tls_cert {
            Some(chain) => {
                let key = args.tls_key.as_ref().unwrap_or(chain).clone();
                Certificate::Files { chain: chain.clone(), key }
            }
            None if args.self_signed => make(bind)?,
            None => {
                let text = "no certificate given: use --tls-cert FILE, --self-signed or --http";
                return Err(Usage(text.into()).into());
            }
        };
        let (client_ca, client_crl) = (args.client_ca.clone(), args.client_crl.clone());
        Ok(Some(Self { certificate, client_ca, client_crl }))
    }

    /// Reads the files.
    ///
    /// # Errors
    /// Returns an error if a file cannot be used.
    pub(crate) fn read(&self) -> Result<TlsServerOptions> {
        self.options().map_err(|error| SetupError(error.to_string()).into())
    }

    fn options(&self) -> Result<TlsServerOptions, Failure> {
        let mut options = match &self.certificate {
            Certificate::Files { chain, key } => TlsServerOptions::open(chain, key)?,
            Certificate::Made { made, .. } => {
                TlsServerOptions::from_pem(made.chain_pem.as_bytes(), made.key_pem.as_bytes())?
            }
        };
        if let Some(authorities) = &self.client_ca {
            options = options.client_authorities(authorities)?;
        }
        if let Some(list) = &self.client_crl {
            options = match newest_lists(list) {
                Some(lists) => options.client_revocations_from(&lists)?,
                None => options.client_revocations(list)?,
            };
        }
        Ok(options)
    }

    /// Prints how clients can trust a certificate that was made for this run.
    pub(crate) fn introduce(&self, url: &str) {
        if let Certificate::Made { made, directory } = &self.certificate {
            complain(format_args!("SHA-256 of the certificate: {}", made.fingerprint));
            let file = quote(&directory.path().join(FILE));
            complain(format_args!("download with: hsum get --cacert {file} {url}FILE"));
        }
    }
}

/// Returns the lists of a file in PEM without those that a newer one replaces, in which clients that
/// were revoked since are missing; `None` for other kinds of files.
fn newest_lists(path: &Path) -> Option<Vec<u8>> {
    let bytes = read_file(path, SMALL_FILE).ok()?;
    let sections = pem::sections(&bytes).ok()?.into_iter();
    let lists = sections.filter(|section| section.label == "X509 CRL");
    let lists = revocation::newest(lists.map(|section| section.der.to_vec()).collect());
    let texts: Vec<_> = lists.iter().map(|der| pem::encode("X509 CRL", der).to_string()).collect();
    (!texts.is_empty()).then(|| texts.concat().into_bytes())
}

/// The name of the certificate in its directory.
const FILE: &str = "server.crt";

fn make(bind: SocketAddr) -> Result<Certificate> {
    let mut names = vec![Name::Dns("localhost".to_owned()), Name::Ip(Ipv4Addr::LOCALHOST.into())];
    let others = host_name().into_iter().chain(Some(Name::Ip(bind.ip())));
    for name in others.filter(|name| !is_unspecified(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let made = Box::new(self_signed(&names)?);
    let directory = TemporaryDirectory::new();
    let directory = directory.context("cannot make a temporary directory for the certificate")?;
    fs::write(directory.path().join(FILE), &made.chain_pem)?;
    Ok(Certificate::Made { made, directory })
}

fn is_unspecified(name: &Name) -> bool {
    matches!(name, Name::Ip(ip) if ip.is_unspecified())
}

fn host_name() -> Option<Name> {
    let name = rustix::system::uname();
    Name::parse(name.nodename().to_str().ok()?).ok()
}
