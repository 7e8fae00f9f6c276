//! `hsum cert csr`: makes a certificate signing request (RFC 2986).

use anyhow::{Result, anyhow};
use rcgen::CertificateParams;

use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::key::KeySource;
use crate::server::args::cert::making::CsrArgs;
use crate::server::cert::issue::{parse_names, texts};
use crate::server::cert::names::Name;
use crate::server::cert::new_files::{Access, NewFiles, check_free, create_directory, path_in};
use crate::server::cert::profile::Purposes;
use crate::server::cert::report::Report;
use crate::server::cert::{pem, profile, secrets};

pub(crate) fn run(args: CsrArgs) -> Result<Exit> {
    // The purpose is for the signer to decide.
    let names = parse_names(&args.names, Purposes::CLIENT)?;
    let stem = names.first().map(Name::to_file_name).unwrap_or_default();
    let [request_path, key_path] =
        ["csr", "key"].map(|end| path_in(&args.output.output, format!("{stem}.{end}")));
    let new_key_path = args.key.is_none().then_some(key_path.as_path());
    check_free(args.output.force, [request_path.as_path()].into_iter().chain(new_key_path))?;
    let (key, new_key) = match &args.key {
        Some(spec) => {
            let source = KeySource::parse(spec, "--key")?;
            let password = args.password.as_deref();
            (secrets::private_key(&source, password, "--password")?, None)
        }
        None => {
            let (key, text) = secrets::new_key(&args.new_key)?;
            (key, Some(text))
        }
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = profile::subject_of(&names);
    params.subject_alt_names = names.iter().filter_map(Name::to_san).collect();
    let request = params.serialize_request(&key);
    let request = request.map_err(|error| anyhow!("cannot make the request: {error}"))?;
    let text = pem::encode("CERTIFICATE REQUEST", request.der());
    create_directory(&args.output.output)?;
    let mut files = NewFiles::new(args.output.force);
    files.add(&request_path, text.as_bytes(), Access::Everyone)?;
    if let Some(text) = &new_key {
        files.add(&key_path, text.as_bytes(), Access::Owner)?;
    }
    files.commit()?;
    let mut report = Report::new("csr", args.output.json)?;
    let texts = texts(&names);
    let mut object = Object::new("request");
    object.path(&request_path).set("names", &texts);
    report.file(&request_path, &format!("request for {}", texts.join(", ")), &mut object)?;
    if new_key.is_some() {
        report.key(&key_path, key.algorithm_name(), args.new_key.encrypt.is_some())?;
    }
    report.finish()
}
