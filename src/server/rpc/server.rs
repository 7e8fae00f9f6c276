//! The methods of `hsum serve --rpc`, from its arguments.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use hsum::sign::KeyFormat;
use zeroize::Zeroizing;

use crate::cli::exit::Usage;
use crate::cli::key::KeySource;
use crate::server::args::rpc::RpcServerArgs;
use crate::server::rpc::files::ServedFiles;
use crate::server::rpc::http::{self, Service};
use crate::server::rpc::state::State;

/// Returns the routes of the methods; `None` without `--rpc`.
///
/// # Errors
/// Fails if a key cannot be read.
pub(crate) fn router(args: &RpcServerArgs, files: Arc<dyn ServedFiles>) -> Result<Option<Router>> {
    if !args.rpc {
        return Ok(None);
    }
    let state = State { files, keys: keys(&args.rpc_key)? };
    let max_body = usize::try_from(args.max_body).unwrap_or(usize::MAX / 2);
    Ok(Some(http::router(Service::new(state, max_body))))
}

/// Reads the keys, each given as NAME=SPEC.
fn keys(given: &[OsString]) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let mut keys = BTreeMap::new();
    for argument in given {
        let (name, spec) = named(argument)?;
        let key = KeySource::parse(spec, "--rpc-key")?.read(KeyFormat::Text)?;
        if keys.insert(name.to_owned(), key).is_some() {
            return Err(Usage(format!("--rpc-key: the name {name} is given twice")).into());
        }
    }
    Ok(keys)
}

/// Splits NAME=SPEC. An error does not repeat it: it may be the key itself.
fn named(argument: &OsStr) -> Result<(&str, &OsStr)> {
    let bytes = argument.as_bytes();
    let split = bytes.iter().position(|byte| *byte == b'=').and_then(|equals| {
        let (name, spec) = (bytes.get(..equals)?, bytes.get(equals + 1..)?);
        let name = str::from_utf8(name).ok().filter(|name| is_name(name))?;
        Some((name, OsStr::from_bytes(spec)))
    });
    let text = "invalid --rpc-key (expected NAME=SPEC, such as ci=env:CI_KEY)";
    Ok(split.ok_or_else(|| Usage(text.into()))?)
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(is_allowed)
}
