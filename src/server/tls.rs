//! The certificate of a server and the verification of its clients, from its arguments.

use anyhow::Result;
use hsum::net::server::TlsServerOptions;

use crate::cli::exit::{SetupError, Usage};
use crate::server::args::shared::TlsServerArgs;

/// The files of a server's TLS options, which can be read again while it runs.
#[derive(Debug)]
pub(crate) struct TlsSource {
    args: TlsServerArgs,
}

impl TlsSource {
    /// Returns the source that the arguments name; `None` for plain HTTP.
    ///
    /// # Errors
    /// Returns an error if the arguments name no certificate.
    pub(crate) fn new(args: &TlsServerArgs) -> Result<Option<Self>> {
        if args.http {
            return Ok(None);
        }
        if args.tls_cert.is_none() {
            let text = "no certificate given: use --tls-cert FILE, --self-signed or --http";
            return Err(Usage(text.into()).into());
        }
        Ok(Some(Self { args: args.clone() }))
    }

    /// Reads the files.
    ///
    /// # Errors
    /// Returns an error if a file cannot be used.
    pub(crate) fn read(&self) -> Result<TlsServerOptions> {
        let setup = |error: hsum::net::Failure| SetupError(error.to_string());
        let chain = self.args.tls_cert.as_ref().expect("checked by `new`");
        let key = self.args.tls_key.as_ref().unwrap_or(chain);
        let mut options = TlsServerOptions::open(chain, key).map_err(setup)?;
        if let Some(authorities) = &self.args.client_ca {
            options = options.client_authorities(authorities).map_err(setup)?;
        }
        Ok(options)
    }
}
