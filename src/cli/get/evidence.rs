//! The evidence that downloads are verified against: digests, checksum files, pins, signatures.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::fetch::{Download, Unverified, VerifiedDownload};
use hsum::internals::{SMALL_FILE, read_file};
use hsum::net::{Client, Failure, FailureKind, Origin, Reply, Request, Url, redacted};
use hsum::notation::Expected;
use hsum::trust::Pins;
use hsum::trust::checksum_file::{ApprovedText, ChecksumFile, ListedFile, find_beside_url};
use hsum::trust::discovery::{self, SignatureFormat};
use hsum::trust::file_name::{self, ChosenBy};
use hsum::trust::metalink::{self, MetalinkFile};
use hsum::trust::signature::{
    Keyring, LegacySignatures, MinisignKey, MinisignSignature, OpenPgpSignature, SignatureError,
    SignedData, is_clear_signed,
};
use hsum::trust::small_file;
use hsum::{ErrorKind, HashFunction, Strength};

use crate::cli::args::get::TrustArgs;
use crate::cli::client;
use crate::cli::exit::Usage;
use crate::cli::quote::quote;

/// The sources of evidence on the command line.
pub(super) struct EvidenceSources<'a> {
    args: &'a TrustArgs,
    expected: Vec<Expected>,
    sums: Option<Location>,
    /// The checksum file that serves all jobs, once loaded.
    list: Option<ChecksumFile>,
    pins: Option<Pins>,
    signature: Option<Signature>,
}

/// The required signature.
enum Signature {
    /// A detached signature.
    Detached(Location, Arc<PublicKey>),
    /// The checksum file must be clear-signed.
    ClearSigned(Keyring),
}

/// The location of a checksum file or signature.
enum Location {
    Remote(Url),
    Local(PathBuf),
    /// The usual names beside the file.
    Auto,
}

enum PublicKey {
    Minisign(MinisignKey),
    OpenPgp(Keyring),
}

impl Location {
    fn parse(word: &OsStr) -> Result<Self> {
        match word.to_str() {
            Some("auto") => Ok(Self::Auto),
            Some(text) if text.contains("://") => Ok(Self::Remote(client::url(text)?)),
            _ => Ok(Self::Local(word.into())),
        }
    }
}

impl<'a> EvidenceSources<'a> {
    pub(super) fn new(args: &'a TrustArgs) -> Result<Self> {
        let parse = |text: &OsString| {
            let parsed = Expected::parse(text.as_bytes(), args.algorithm);
            parsed.map_err(|error| Usage(format!("--expect: {error}")).into())
        };
        let key = match (&args.minisign_key, &args.gpg_keyring) {
            (Some(key), _) => Some(PublicKey::Minisign(read_minisign_key(key)?)),
            (None, Some(path)) => {
                let ring = Keyring::open(path);
                let ring = ring.map_err(|error| anyhow!("{}: {error}", quote(path)))?;
                Some(PublicKey::OpenPgp(ring))
            }
            (None, None) => None,
        };
        let sums = args.metalink.as_deref().or(args.sums.as_deref());
        let location = args.sig.as_deref().map(Location::parse).transpose()?;
        let signature = match (location, key) {
            (Some(location), Some(key)) => Some(Signature::Detached(location, Arc::new(key))),
            (None, Some(PublicKey::OpenPgp(_))) if sums.is_none() => {
                let text = "--gpg-keyring needs --sig, or --sums with a clear-signed checksum file";
                return Err(Usage(text.into()).into());
            }
            (None, Some(PublicKey::OpenPgp(ring))) => Some(Signature::ClearSigned(ring)),
            // The argument parser rejects the other combinations.
            (_, None) | (None, Some(PublicKey::Minisign(_))) => None,
        };
        Ok(Self {
            args,
            expected: args.expect.iter().map(parse).collect::<Result<_>>()?,
            sums: sums.map(Location::parse).transpose()?,
            list: None,
            pins: args.pin.as_ref().map(Pins::new),
            signature,
        })
    }

    /// Loads the checksum file that serves all jobs, and verifies its signature before it is
    /// parsed. Credentials are sent only to the origin of `first`.
    pub(super) fn load(&mut self, client: &Client, first: Option<&Url>) -> Result<(), Failure> {
        let (list, url) = match &self.sums {
            None | Some(Location::Auto) => return Ok(()),
            Some(Location::Remote(url)) => {
                let origin = origin_of(url, first.unwrap_or(url));
                (ChecksumFile::fetch(client, url, origin)?, Some(url))
            }
            Some(Location::Local(path)) => (ChecksumFile::open(path)?, None),
        };
        let part = self.approve(client, url, first.or(url), list.text().to_vec())?;
        self.list = Some(list.approved(part));
        Ok(())
    }

    /// Returns the host of the checksum file that serves all jobs, if it is a remote one.
    pub(super) fn list_host(&self) -> Option<&str> {
        match &self.sums {
            Some(Location::Remote(url)) => url.host_str(),
            _ => None,
        }
    }

    /// Returns the files in the Metalink, if there is one.
    pub(super) fn metalink(&self) -> Result<Vec<MetalinkFile>, Failure> {
        match (&self.args.metalink, &self.list) {
            (Some(_), Some(list)) => {
                metalink::files(list.text()).map_err(|failure| failure.during(list.source()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Adds the evidence for the file at `url` to its download. `path` is the local path of the
    /// file, or its name in the Metalink.
    pub(super) fn add_to(
        &self,
        mut download: Download,
        client: &Client,
        url: &Url,
        path: &Path,
    ) -> Result<Download, Failure> {
        for expected in &self.expected {
            download = download.expected(expected.clone(), "--expect");
        }
        if let Some(expected) = expected_in_fragment(url)? {
            download = download.expected(expected, "the URL's fragment");
        }
        if let Some(pins) = &self.pins {
            download = match pins.find(url)? {
                Some(pinned) => download.evidence(pinned),
                None => download.unverified(Unverified::Accepted),
            };
        }
        // Checksum files list the name in the URL, Metalinks their own.
        let name = path.file_name().unwrap_or_default();
        let name = match self.args.metalink {
            Some(_) => name.into(),
            None => file_name::from_url(url, ChosenBy::User).unwrap_or_else(|_| name.into()),
        };
        let listed = match (&self.sums, &self.list) {
            (Some(Location::Auto), _) => {
                let approve =
                    |at: &Url, text: Vec<u8>| self.approve(client, Some(at), Some(url), text);
                let listed = find_beside_url(client, url, &name, &approve);
                Some(listed.map_err(|failure| check_absent(client, url, failure))?)
            }
            (_, Some(list)) => Some(list.find(&name, self.args.algorithm)?),
            (_, None) => None,
        };
        let has_list = listed.is_some();
        if let Some(ListedFile { evidence, size }) = listed {
            download = download.evidence(evidence);
            match (self.args.size, size) {
                (Some(given), Some(size)) if given != size => {
                    let text =
                        format!("--size is {given}, but the checksum file lists {size} bytes");
                    return Err(Failure::new(FailureKind::Unverifiable, text));
                }
                (None, Some(size)) => download = download.size(size),
                _ => {}
            }
        }
        if let (false, Some(Signature::Detached(location, key))) = (has_list, &self.signature) {
            let (signature, source) = fetch_signature(client, location, Some(url), url, key)?;
            let key = Arc::clone(key);
            download = download.accept_if(Arc::new(move |path: &Path| {
                let signer = key.verify(&signature, SignedData::File(path));
                signer.map_err(|failure| failure.during(&source))
            }));
        }
        Ok(download)
    }

    /// Pins the digest of a file that was downloaded for the first time.
    pub(super) fn pin(&self, url: &Url, file: &VerifiedDownload) -> Result<(), Failure> {
        let Some(pins) = &self.pins else { return Ok(()) };
        let whole = || file.digests.iter().filter(|d| d.hash_function().part_len().is_none());
        let of = |strength| whole().find(move |digest| digest.algorithm().strength() == strength);
        match (pins.find(url)?, of(Strength::Sound).or(of(Strength::Broken))) {
            (None, Some(digest)) => pins.add(url, digest),
            _ => Ok(()),
        }
    }

    /// Verifies the signature of the checksum file at `url`, if one is required. Returns the signed
    /// text. Credentials are sent only to the origin of `own`.
    fn approve(
        &self,
        client: &Client,
        url: Option<&Url>,
        own: Option<&Url>,
        text: Vec<u8>,
    ) -> Result<ApprovedText, Failure> {
        match &self.signature {
            None => Ok(ApprovedText { text, signature: None }),
            Some(Signature::ClearSigned(ring)) => {
                let source = url.map_or("the checksum file".into(), redacted);
                open_clear_signed(ring, &text).map_err(|failure| failure.during(source))
            }
            Some(Signature::Detached(location, key)) => {
                let own = own.ok_or_else(|| {
                    Failure::new(FailureKind::Usage, "--sig needs a URL to download")
                })?;
                let (signature, source) = fetch_signature(client, location, url, own, key)?;
                let signer = key.verify(&signature, SignedData::Bytes(&text));
                let signer = signer.map_err(|failure| failure.during(source))?;
                Ok(ApprovedText { text, signature: Some(signer) })
            }
        }
    }
}

/// Returns [`Origin::Own`], to which credentials may be sent, if both URLs have the same origin.
fn origin_of(url: &Url, own: &Url) -> Origin {
    if url.origin() == own.origin() { Origin::Own } else { Origin::Foreign }
}

/// Returns the failure "not found" if there is no file at `url`; otherwise `unlisted`.
fn check_absent(client: &Client, url: &Url, unlisted: Failure) -> Failure {
    if unlisted.kind() != FailureKind::Unverifiable {
        return unlisted;
    }
    let head = Request { method: "HEAD".into(), ..Request::get(url.clone()) };
    match client.send(&head) {
        Ok(Reply { response, url, .. }) if matches!(response.status, 404 | 410) => {
            Failure::status(&url, response.status)
        }
        // FTP reports a missing file as a failure.
        Err(failure) if failure.kind() == FailureKind::Status(550) => failure,
        _ => unlisted,
    }
}

/// Verifies a clear-signed checksum file.
fn open_clear_signed(ring: &Keyring, text: &[u8]) -> Result<ApprovedText, Failure> {
    if !is_clear_signed(text) {
        let text = "not clear-signed; use --sig";
        return Err(Failure::new(FailureKind::Unverifiable, text));
    }
    let (text, signatures) = ring.open_clearsigned(text).map_err(signature_failure)?;
    Ok(ApprovedText { text, signature: Some(describe_signers(&signatures)) })
}

fn describe_signers(signatures: &[OpenPgpSignature]) -> String {
    let users: Vec<_> =
        signatures.iter().map(|one| format!("{} ({})", one.user, one.key)).collect();
    format!("signed by {}", users.join(", "))
}

fn signature_failure(error: SignatureError) -> Failure {
    match error.is_rejection() {
        true => Failure::new(FailureKind::Mismatch, format!("signature rejected: {error}")),
        false => Failure::new(FailureKind::Local, format!("signature not verified: {error}")),
    }
}

/// Returns the digest in a fragment such as `#sha256=…`, which Python's package indices use.
fn expected_in_fragment(url: &Url) -> Result<Option<Expected>, Failure> {
    let Some(fragment) = url.fragment() else { return Ok(None) };
    let name = fragment.split_once(['=', ':']).map(|(name, _)| name.parse::<HashFunction>());
    let Some(Ok(_)) = name else { return Ok(None) };
    let expected = Expected::parse(fragment, None).map_err(|error| {
        Failure::new(FailureKind::Usage, format!("the URL's fragment: {error}"))
    })?;
    Ok(Some(expected))
}

/// Fetches the signature of the file at `url`; returns it and its source. Credentials are sent only
/// to the origin of `own`.
fn fetch_signature(
    client: &Client,
    location: &Location,
    url: Option<&Url>,
    own: &Url,
    key: &PublicKey,
) -> Result<(Vec<u8>, String), Failure> {
    let missing = |text: String| Failure::new(FailureKind::Unverifiable, text);
    match location {
        Location::Local(path) => {
            let text = read_file(path, SMALL_FILE).map_err(|error| Failure::local(path, error))?;
            Ok((text, quote(path)))
        }
        Location::Remote(url) => match small_file::fetch(client, url, origin_of(url, own))? {
            Some(text) => Ok((text, redacted(url))),
            None => Err(missing(format!("{}: not found", redacted(url)))),
        },
        Location::Auto => {
            let Some(url) = url else {
                return Err(missing("--sig auto needs a checksum file at a URL".into()));
            };
            let mut clear_signed = None;
            for candidate in discovery::signatures(url, key.format()) {
                match small_file::fetch(client, &candidate, origin_of(&candidate, own))? {
                    Some(text) if is_clear_signed(&text) => clear_signed = Some(candidate),
                    Some(text) => return Ok((text, redacted(&candidate))),
                    None => {}
                }
            }
            Err(missing(match clear_signed {
                None => format!("{}: no signature beside it", redacted(url)),
                Some(clear_signed) => format!(
                    "{}: a clear-signed message, not a signature of {}; use it as the checksum file (--sums URL without --sig)",
                    redacted(&clear_signed),
                    redacted(url)
                ),
            }))
        }
    }
}

impl PublicKey {
    fn format(&self) -> SignatureFormat {
        match self {
            Self::Minisign(_) => SignatureFormat::Minisign,
            Self::OpenPgp(_) => SignatureFormat::OpenPgp,
        }
    }

    /// Verifies a signature; returns a description of the signer.
    fn verify(&self, signature: &[u8], signed: SignedData<'_>) -> Result<String, Failure> {
        let signer = match self {
            Self::Minisign(key) => MinisignSignature::parse(signature)
                .and_then(|signature| key.verify(&signature, signed, LegacySignatures::Refused))
                .map(|comment| format!("signed by minisign key {}, comment: {comment}", key.id())),
            Self::OpenPgp(ring) => {
                ring.verify(signature, signed).map(|signatures| describe_signers(&signatures))
            }
        };
        signer.map_err(signature_failure)
    }
}

/// Reads a minisign key: from a file, or from the argument itself.
fn read_minisign_key(word: &OsStr) -> Result<MinisignKey> {
    let path = Path::new(word);
    let text = match read_file(path, SMALL_FILE) {
        Ok(text) => text,
        Err(_) if MinisignKey::parse(word.as_bytes()).is_ok() => word.as_bytes().to_vec(),
        Err(error) => return Err(anyhow!("{}: {}", quote(path), ErrorKind::Io(error))),
    };
    MinisignKey::parse(&text).map_err(|error| anyhow!("{}: {error}", quote(path)))
}
