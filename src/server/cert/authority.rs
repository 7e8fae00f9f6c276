//! A certificate authority in a directory: `ca.crt`, `ca.key`, its index and its root.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use rcgen::{CertificateParams, Issuer, PublicKeyData};
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::x509::X509Name;

use crate::cli::exit::SetupError;
use crate::cli::key::KeySource;
use crate::cli::quote::quote;
use crate::server::cert::index::{self, Entry, Index};
use crate::server::cert::key::PrivateKey;
use crate::server::cert::new_files::{NewFiles, path_in};
use crate::server::cert::profile::{Purposes, Validity};
use crate::server::cert::{certificates, secrets, time};

pub(crate) const CERTIFICATE: &str = "ca.crt";
pub(crate) const KEY: &str = "ca.key";
pub(crate) const ROOT: &str = "root.crt";
pub(crate) const CRL: &str = "ca.crl";

/// An authority that can sign.
#[derive(Debug)]
pub(crate) struct Authority {
    directory: PathBuf,
    /// Its own certificate, followed by those of the authorities above it, without the root's.
    chain: Vec<CertificateDer<'static>>,
    /// The certificate at which verification ends.
    root: CertificateDer<'static>,
    key: PrivateKey,
    pub(crate) validity: Validity,
    /// The number of authorities that may follow; `None` if it is not restricted.
    pub(crate) path_length: Option<u32>,
    is_root: bool,
}

impl Authority {
    /// Opens the authority in `directory`; `option` names the source of its password.
    ///
    /// # Errors
    /// Returns an error if there is none, its key does not match, or it may not sign now.
    pub(crate) fn open(directory: &Path, password: Option<&OsStr>) -> Result<Self> {
        let path = directory.join(CERTIFICATE);
        let chain = chain_in(directory)?;
        let Some(own) = chain.first() else { bail!("{}: no certificate", quote(&path)) };
        let parsed = certificates::parse(own)?;
        let (validity, path_length) =
            check(&parsed).map_err(|why| anyhow!("{}: {why}", quote(&path)))?;
        let is_root = parsed.subject().as_raw() == parsed.issuer().as_raw();
        let key_path = directory.join(KEY);
        let key = secrets::private_key(&KeySource::File(&key_path), password, "--ca-password")?;
        if key.public_key() != parsed.public_key().raw {
            bail!("{}: not the key of {}", quote(&key_path), quote(&path));
        }
        let root = match directory.join(ROOT) {
            root if !is_root && root.exists() => certificates::read(&root)?.into_iter().next(),
            _ => chain.last().cloned(),
        };
        let root = root.unwrap_or_else(|| own.clone());
        let directory = directory.to_owned();
        Ok(Self { directory, root, key, validity, path_length, is_root, chain })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        path_in(&self.directory, name)
    }

    /// Returns the certificates that a server sends after its own.
    pub(crate) fn intermediates(&self) -> &[CertificateDer<'static>] {
        if self.is_root { &[] } else { &self.chain }
    }

    pub(crate) fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// Returns the authority as rcgen expects it.
    ///
    /// # Errors
    /// Returns an error if its name has a form that rcgen cannot repeat.
    pub(crate) fn issuer(&self) -> Result<Issuer<'static, &PrivateKey>> {
        let issuer = Issuer::from_ca_cert_der(self.certificate(), &self.key);
        issuer.map_err(|e| anyhow!("{}: {e}", quote(&self.path(CERTIFICATE))))
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        self.chain.first().unwrap_or(&self.root)
    }

    /// Signs a certificate.
    ///
    /// # Errors
    /// Returns an error if rcgen cannot write it.
    pub(crate) fn sign(
        &self,
        params: &CertificateParams,
        public_key: &impl PublicKeyData,
    ) -> Result<CertificateDer<'static>> {
        let signed = params.signed_by(public_key, &self.issuer()?);
        let signed = signed.map_err(|error| anyhow!("cannot make the certificate: {error}"))?;
        let der: CertificateDer<'static> = signed.into();
        self.check_issuer(certificates::parse(&der)?.issuer())?;
        Ok(der)
    }

    /// Checks that `issuer` is the name of this authority: rcgen keeps only one attribute of each
    /// kind in a name.
    ///
    /// # Errors
    /// Returns an error if the names differ.
    pub(crate) fn check_issuer(&self, issuer: &X509Name<'_>) -> Result<()> {
        let own = certificates::parse(self.certificate())?;
        match issuer.as_raw() == own.subject().as_raw() {
            true => Ok(()),
            false => Err(anyhow!(
                "{}: the name of the authority repeats an attribute, which is not supported; make \
                 an authority with 'hsum cert ca'",
                quote(&self.path(CERTIFICATE))
            )),
        }
    }

    /// Puts `files` in place together with the entry of a certificate in the index.
    ///
    /// # Errors
    /// Returns an error if that fails; then nothing has changed.
    pub(crate) fn record(
        &self,
        certificate: &CertificateDer<'_>,
        names: &str,
        mut files: NewFiles,
    ) -> Result<()> {
        files.paths().iter().try_for_each(|path| self.check_not_own(path))?;
        let parsed = certificates::parse(certificate)?;
        let mut index = Index::lock(&self.directory)?;
        index.add(Entry::Issued {
            serial: certificates::serial(&parsed),
            not_after: parsed.validity().not_after.timestamp(),
            names: names.to_owned(),
        });
        index.write(&mut files)?;
        files.commit()
    }

    /// Checks that `path` is not a file of this authority.
    ///
    /// # Errors
    /// Returns an error if it is.
    pub(crate) fn check_not_own(&self, path: &Path) -> Result<()> {
        if !self.owns(path) {
            return Ok(());
        }
        let why = "is a file of the authority; use another directory or name with --output";
        Err(SetupError(format!("{}: {why}", quote(path))).into())
    }

    /// Returns `true` if `path` is a file of this authority, which even --force never replaces.
    fn owns(&self, path: &Path) -> bool {
        let is_own = |name: &&str| {
            let own = fs::canonicalize(self.path(name));
            own.is_ok_and(|own| fs::canonicalize(path).is_ok_and(|path| path == own))
        };
        [CERTIFICATE, KEY, ROOT, index::FILE, index::LOCK].iter().any(is_own)
    }

    /// Verifies a new certificate as its users will: names that the authority may not sign are
    /// found here.
    ///
    /// # Errors
    /// Returns an error if verifiers would reject it.
    pub(crate) fn check(&self, certificate: &CertificateDer<'_>, purposes: Purposes) -> Result<()> {
        let anchors = [anchor_from_trusted_cert(&self.root).map_err(rejected)?];
        let leaf = EndEntityCert::try_from(certificate).map_err(rejected)?;
        let usage = match purposes.server {
            true => KeyUsage::server_auth(),
            false => KeyUsage::client_auth(),
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(time::now().unsigned_abs()));
        let verified = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &self.chain,
            now,
            usage,
            None,
            None,
        );
        verified.map(drop).map_err(rejected)
    }
}

/// Returns `true` if the parts of the subject are such as rcgen can write: it panics at empty ones, and
/// at object identifiers that do not exist.
fn has_repeatable_name(certificate: &X509Certificate<'_>) -> bool {
    let is_valid = |oid: &Oid<'_>| {
        let arcs: Vec<u64> = oid.iter().map(|arcs| arcs.take(2).collect()).unwrap_or_default();
        matches!(arcs[..], [0 | 1, 0..=39] | [2, _])
    };
    certificate.subject().iter_rdn().all(|part| {
        let mut attributes = part.iter().peekable();
        attributes.peek().is_some() && attributes.all(|attribute| is_valid(attribute.attr_type()))
    })
}

/// Returns the certificate of the authority in `directory`, and those above it.
///
/// # Errors
/// Returns an error if there is none.
pub(crate) fn chain_in(directory: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let path = directory.join(CERTIFICATE);
    match path.exists() {
        true => certificates::read(&path),
        false => Err(SetupError(format!(
            "{}: no certificate authority ({CERTIFICATE} is missing); use --ca DIR, or make one \
             with 'hsum cert ca NAME -o DIR'",
            quote(directory)
        ))
        .into()),
    }
}

fn rejected(error: webpki::Error) -> anyhow::Error {
    match error {
        webpki::Error::NameConstraintViolation => {
            anyhow!("the authority is restricted to other names (--permit when it was made)")
        }
        webpki::Error::PathLenConstraintViolated | webpki::Error::MaximumPathDepthExceeded => {
            anyhow!("too many authorities below the root (--path-length when it was made)")
        }
        error => anyhow!("verifiers would reject the certificate: {error}"),
    }
}

/// Returns the validity and the path length of an authority that may sign now.
fn check(certificate: &X509Certificate<'_>) -> Result<(Validity, Option<u32>)> {
    let constraints = certificate.basic_constraints().ok().flatten();
    let constraints = constraints.filter(|constraints| constraints.value.ca);
    let Some(constraints) = constraints else {
        bail!("not an authority's certificate (its basic constraints lack CA:TRUE)");
    };
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        bail!("the key of this certificate may not sign certificates (its key usage)");
    }
    if !has_repeatable_name(certificate) {
        bail!("the name of the authority is damaged");
    }
    let validity = Validity {
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
    };
    let now = time::now();
    if validity.not_after <= now {
        bail!("the authority's certificate expired on {}", time::to_date(validity.not_after));
    }
    if validity.not_before > now {
        bail!(
            "the authority's certificate is not valid before {}",
            time::to_text(validity.not_before)
        );
    }
    Ok((validity, constraints.value.path_len_constraint))
}
