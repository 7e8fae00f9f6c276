//! Passwords and key files.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;
use hsum::sign::KeyFormat;
use zeroize::Zeroizing;

use crate::cli::exit::SetupError;
use crate::cli::key::{KeySource, Warnings, protect_memory, unusable};
use crate::server::args::cert::making::NewKeyArgs;
use crate::server::cert::generate::generate;
use crate::server::cert::key::{KeyError, PrivateKey};

/// Reads the password at `spec`, the value of `option`.
///
/// # Errors
/// Returns an error if there is none.
pub(crate) fn password(spec: &OsStr, option: &str) -> Result<Zeroizing<Vec<u8>>> {
    KeySource::parse(spec, option)?.read(KeyFormat::Text)
}

/// Reads a password for a new file; at the prompt twice, because a typing error would lock it.
///
/// # Errors
/// Returns the errors of [`password`].
pub(crate) fn new_password(spec: &OsStr, option: &str) -> Result<Zeroizing<Vec<u8>>> {
    let first = password(spec, option)?;
    if matches!(KeySource::parse(spec, option)?, KeySource::Prompt)
        && password(spec, option)? != first
    {
        return Err(SetupError("the two passwords differ".into()).into());
    }
    Ok(first)
}

/// Reads a private key; `option` names the source of the password.
///
/// # Errors
/// Returns an error if the key cannot be read or used.
pub(crate) fn private_key(
    source: &KeySource<'_>,
    password_spec: Option<&OsStr>,
    option: &str,
) -> Result<PrivateKey> {
    let (title, text) = source.read_text(Warnings::Printed)?;
    let secret = password_spec.map(|spec| password(spec, option)).transpose()?;
    PrivateKey::parse(&text, secret.as_ref().map(|secret| secret.as_slice())).map_err(|error| {
        let hint = match error {
            KeyError::PasswordNeeded => format!("; use {option} SPEC to name its source"),
            _ => String::new(),
        };
        unusable(&title, format_args!("{error}{hint}"))
    })
}

/// Returns the source of a key that the user named by a path or `-`.
pub(crate) fn source_of(path: &Path) -> KeySource<'_> {
    if path.as_os_str() == "-" { KeySource::Stdin } else { KeySource::File(path) }
}

/// Makes a key, and its text in PEM.
///
/// # Errors
/// Returns an error if the password cannot be read, or the system has no random numbers.
pub(crate) fn new_key(args: &NewKeyArgs) -> Result<(PrivateKey, Zeroizing<String>)> {
    protect_memory();
    let password = args.encrypt.as_deref().map(|spec| new_password(spec, "--encrypt"));
    let password = password.transpose()?;
    let key = generate(args.alg)?;
    let text = match password {
        Some(password) => key.encrypted_pem(&password)?,
        None => key.pkcs8_pem(),
    };
    Ok((key, text))
}
