//! The TLS options of a server, from its arguments.

use anyhow::Result;
use hsum::net::server::TlsServerOptions;

use crate::cli::exit::Usage;
use crate::server::args::shared::TlsServerArgs;

/// Returns the options; `None` for plain HTTP.
pub(crate) fn options(args: &TlsServerArgs) -> Result<Option<TlsServerOptions>> {
    if args.http {
        return Ok(None);
    }
    let Some(chain) = &args.tls_cert else {
        let text = "no certificate given: use --tls-cert FILE, --self-signed or --http";
        return Err(Usage(text.into()).into());
    };
    let key = args.tls_key.as_ref().unwrap_or(chain);
    let mut options = TlsServerOptions::open(chain, key)?;
    if let Some(authorities) = &args.client_ca {
        options = options.client_authorities(authorities)?;
    }
    Ok(Some(options))
}
