//! `hsum cert convert`: writes a private key in another format.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::Result;
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::key::{Warnings, unusable};
use crate::cli::output::Output;
use crate::server::args::cert::making::{ConvertArgs, KeyFormat};
use crate::server::cert::key::{KeyError, PrivateKey};
use crate::server::cert::new_files::{Access, NewFiles, check_free};
use crate::server::cert::report::Report;
use crate::server::cert::{certificates, p12, secrets};

pub(crate) fn run(args: ConvertArgs) -> Result<Exit> {
    check_options(&args)?;
    check_free(args.output.force, args.output.output.as_deref())?;
    let (key, chain) = read(&args)?;
    let bytes = write(&args, &key, &chain)?;
    let Some(path) = &args.output.output else {
        let mut output = Output::plain_stdout()?;
        output.bytes(&bytes)?;
        output.finish()?;
        return Ok(Exit::Success);
    };
    let mut files = NewFiles::new(args.output.force);
    files.add(path, &bytes, Access::Owner)?;
    files.commit()?;
    let mut report = Report::new("convert", args.output.json)?;
    report.key(path, key.algorithm_name(), args.encrypt.is_some())?;
    report.finish()
}

fn check_options(args: &ConvertArgs) -> Result<()> {
    let is_p12 = args.to == KeyFormat::P12;
    let can_be_encrypted = is_p12 || args.to == KeyFormat::Pkcs8;
    let problem = match () {
        () if is_p12 && args.encrypt.is_none() => "--to p12 needs --encrypt SPEC",
        () if !can_be_encrypted && args.encrypt.is_some() => "--encrypt needs --to pkcs8 or p12",
        () if !is_p12 && args.cert.is_some() => "--cert needs --to p12",
        () if !is_p12 && args.legacy => "--legacy needs --to p12",
        () if is_p12 && args.output.output.is_none() && io::stdout().is_terminal() => {
            "PKCS#12 is not text; use --output FILE"
        }
        () => return Ok(()),
    };
    Err(Usage(problem.into()).into())
}

/// Reads the key, and the certificates of its file.
fn read(args: &ConvertArgs) -> Result<(PrivateKey, Vec<CertificateDer<'static>>)> {
    let source = secrets::source_of(&args.input);
    let (title, bytes) = source.read_text(Warnings::Printed)?;
    let password = args.password.as_deref().map(|spec| secrets::password(spec, "--password"));
    let password = password.transpose()?;
    let needed = || {
        let why = KeyError::PasswordNeeded;
        unusable(&title, format_args!("{why}; use --password SPEC to name its source"))
    };
    if p12::is_p12(&bytes) {
        // Many of these files have an empty password.
        let is_given = password.is_some();
        let read = p12::read(&bytes, &password.unwrap_or_default());
        return read.map_err(|why| if is_given { unusable(&title, why) } else { needed() });
    }
    let key = PrivateKey::parse(&bytes, password.as_ref().map(|password| password.as_slice()));
    let key = key.map_err(|why| match why {
        KeyError::PasswordNeeded => needed(),
        why => unusable(&title, why),
    })?;
    Ok((key, certificates::from_bytes(&bytes).unwrap_or_default()))
}

/// Returns the key in the new format; with PEM, followed by the certificates of a PKCS#12 file.
fn write(
    args: &ConvertArgs,
    key: &PrivateKey,
    chain: &[CertificateDer<'static>],
) -> Result<Zeroizing<Vec<u8>>> {
    let password = args.encrypt.as_deref().map(|spec| secrets::new_password(spec, "--encrypt"));
    let password = password.transpose()?;
    let text = match (args.to, password) {
        (KeyFormat::Pkcs8, None) => key.pkcs8_pem(),
        (KeyFormat::Pkcs8, Some(password)) => key.encrypted_pem(&password)?,
        (KeyFormat::Pkcs1, _) => key.pkcs1_pem()?,
        (KeyFormat::Sec1, _) => key.sec1_pem()?,
        (KeyFormat::P12, password) => {
            let password = password.unwrap_or_default();
            return write_p12(args, key, chain, &password).map(Zeroizing::new);
        }
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 4096 * chain.len()));
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(certificates::to_pem(chain).as_bytes());
    Ok(bytes)
}

fn write_p12(
    args: &ConvertArgs,
    key: &PrivateKey,
    chain: &[CertificateDer<'static>],
    password: &[u8],
) -> Result<Vec<u8>> {
    let chain = match &args.cert {
        Some(path) => certificates::read(path)?,
        None => chain.to_vec(),
    };
    let public_key = key.public_key();
    let is_own = |own: &CertificateDer<'_>| {
        certificates::parse(own).is_ok_and(|own| own.public_key().raw == public_key)
    };
    if !chain.first().is_some_and(is_own) {
        let text = "the first certificate is not that of the key (expected --cert FILE)";
        return Err(SetupError(text.into()).into());
    }
    let name = args.input.file_stem().unwrap_or(args.input.as_os_str());
    p12::write(key, &chain, &Path::new(name).to_string_lossy(), password, args.legacy)
}
