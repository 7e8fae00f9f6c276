//! `hsum cert sign`: signs a certificate signing request.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use hsum::internals::{SMALL_FILE, escape, read_all, read_file};

use crate::cli::exit::{Exit, SetupError};
use crate::cli::print::{complain, file_error};
use crate::cli::quote::quote;
use crate::server::args::cert::making::SignArgs;
use crate::server::cert::authority::Authority;
use crate::server::cert::issue::{chain, parse_names, purposes, texts, validity};
use crate::server::cert::names::Name;
use crate::server::cert::new_files::{Access, NewFiles, check_free, create_directory, path_in};
use crate::server::cert::report::Report;
use crate::server::cert::request::Request;
use crate::server::cert::{certificates, profile};

/// The value of `--names` that confirms the names of the request.
const FROM_CSR: &str = "from-csr";

pub(crate) fn run(args: SignArgs) -> Result<Exit> {
    let request = Request::parse(&read(&args.request)?)
        .map_err(|why| anyhow!("{}: {why}", quote(&args.request)))?;
    let purposes = purposes(&args.certificate);
    let names = parse_names(&confirmed(&args, &request)?, purposes)?;
    let path = path_in(&args.output.output, file_name(&args.request, &names));
    check_free(args.output.force, [path.as_path()])?;
    let authority = Authority::open(&args.authority.ca, args.authority.ca_password.as_deref())?;
    for refused in &request.refused {
        let path = quote(&args.request);
        complain(format_args!("warning: {path}: not granted: {refused}"));
    }
    let validity = validity(args.certificate.days, &authority);
    let params = profile::end_entity(&names, purposes, request.is_rsa, validity)?;
    let own = authority.sign(&params, &request.public_key)?;
    let texts = texts(&names);
    let checked = authority.check(&own, purposes);
    checked.map_err(|why| anyhow!("{}: {why}", texts.join(", ")))?;
    let chain = chain(own, &authority);
    let own = chain.first().ok_or_else(|| anyhow!("no certificate"))?;
    create_directory(&args.output.output)?;
    let mut files = NewFiles::new(args.output.force);
    files.add(&path, certificates::to_pem(&chain).as_bytes(), Access::Everyone)?;
    authority.record(own, &texts.join(", "), files)?;
    let mut report = Report::new("sign", args.output.json)?;
    report.certificate(&path, purposes.description(), &texts, own)?;
    report.finish()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = match path.as_os_str() == "-" {
        true => read_all(io::stdin().lock(), SMALL_FILE),
        false => read_file(path, SMALL_FILE),
    };
    bytes.map_err(|error| file_error(path, error))
}

/// Returns the names that the signer confirms.
fn confirmed(args: &SignArgs, request: &Request) -> Result<Vec<String>> {
    if args.names.is_empty() {
        let wanted = request.names.join(", ");
        let wanted = escape(wanted.as_bytes(), &[]).into_owned();
        let hint = match wanted.is_empty() {
            true => "it names nothing; use --names LIST".to_owned(),
            false => format!(
                "it asks for {wanted}; use --names {FROM_CSR} to confirm this, or --names LIST"
            ),
        };
        return Err(SetupError(format!("{}: {hint}", quote(&args.request))).into());
    }
    let mut names = Vec::new();
    for name in &args.names {
        match name == FROM_CSR {
            true => names.extend_from_slice(&request.names),
            false => names.push(name.clone()),
        }
    }
    match names.is_empty() {
        true => {
            Err(SetupError(format!("{}: it names nothing; use --names LIST", quote(&args.request)))
                .into())
        }
        false => Ok(names),
    }
}

/// Returns the name of the new file: that of the request, or of the first name for standard input.
fn file_name(request: &Path, names: &[Name]) -> PathBuf {
    let stem = request.file_stem().filter(|_| request.as_os_str() != "-");
    match stem {
        Some(stem) => {
            let mut name = stem.to_owned();
            name.push(".crt");
            name.into()
        }
        None => format!("{}.crt", names.first().map(Name::to_file_name).unwrap_or_default()).into(),
    }
}
