//! What a download is verified against: digests, checksum files, pins, signatures.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::fetch::{Download, VerifiedDownload};
use hsum::internals::{SMALL_FILE, read_file};
use hsum::net::{Client, Failure, FailureKind, Origin, Reply, Request, Url, redacted};
use hsum::notation::Expected;
use hsum::trust::Pins;
use hsum::trust::checksum_file::{self, ApprovedText, ChecksumFile, ListedFile};
use hsum::trust::discovery::{self, SignatureFormat};
use hsum::trust::file_name::{self, ChosenBy};
use hsum::trust::metalink::{self, MetalinkFile};
use hsum::trust::signature::{
    self, Keyring, LegacySignatures, MinisignKey, MinisignSignature, OpenPgpSignature,
    SignatureError, SignedData,
};
use hsum::trust::small_file;
use hsum::{ErrorKind, Strength};

use super::super::args::TrustArgs;
use super::super::client;
use super::super::exit::Usage;
use super::super::quote::quote;
use super::origin_of;

/// All that was said about trust.
pub(super) struct Trust<'a> {
    args: &'a TrustArgs,
    expected: Vec<Expected>,
    sums: Option<Place>,
    /// The checksum file, once it is here.
    list: Option<ChecksumFile>,
    pins: Option<Pins>,
    signature: Option<Signature>,
}

/// Where the signature is that counts, and whose it must be.
enum Signature {
    /// In a file of its own.
    Apart(Place, Arc<Key>),
    /// Round the checksum file: it is clear-signed.
    Around(Keyring),
}

/// Where a checksum file or a signature is.
enum Place {
    At(Url),
    Here(PathBuf),
    Auto,
}

/// Whose signature counts.
enum Key {
    Minisign(MinisignKey),
    OpenPgp(Keyring),
}

impl Place {
    fn parse(word: &OsStr) -> Result<Self> {
        match word.to_str() {
            Some("auto") => Ok(Self::Auto),
            Some(text) if text.contains("://") => Ok(Self::At(client::url(text)?)),
            _ => Ok(Self::Here(word.into())),
        }
    }
}

impl<'a> Trust<'a> {
    pub(super) fn new(args: &'a TrustArgs) -> Result<Self> {
        let parse = |text: &std::ffi::OsString| {
            let parsed = Expected::parse(text.as_bytes(), args.algorithm);
            parsed.map_err(|error| Usage(format!("--expect: {error}")).into())
        };
        let key = match (&args.minisign_key, &args.gpg_keyring) {
            (Some(key), _) => Some(Key::Minisign(minisign(key)?)),
            (None, Some(path)) => {
                let ring = Keyring::open(path);
                Some(Key::OpenPgp(ring.map_err(|error| anyhow!("{}: {error}", quote(path)))?))
            }
            (None, None) => None,
        };
        let sums = args.metalink.as_deref().or(args.sums.as_deref());
        let place = args.sig.as_deref().map(Place::parse).transpose()?;
        let signature = match (place, key) {
            (Some(place), Some(key)) => Some(Signature::Apart(place, Arc::new(key))),
            (None, Some(Key::OpenPgp(_))) if sums.is_none() => {
                let text = "--gpg-keyring needs --sig, or --sums with a clear-signed checksum file";
                return Err(Usage(text.into()).into());
            }
            (None, Some(Key::OpenPgp(ring))) => Some(Signature::Around(ring)),
            // The parser lets neither stand alone.
            (_, None) | (None, Some(Key::Minisign(_))) => None,
        };
        Ok(Self {
            args,
            expected: args.expect.iter().map(parse).collect::<Result<_>>()?,
            sums: sums.map(Place::parse).transpose()?,
            list: None,
            pins: args.pin.as_ref().map(Pins::new),
            signature,
        })
    }

    /// Fetches the checksum file that serves all, and verifies its signature before it is read.
    /// `own` is of the origin that gets credentials.
    pub(super) fn load(&mut self, client: &Client, own: Option<&Url>) -> Result<(), Failure> {
        let list = match &self.sums {
            None | Some(Place::Auto) => return Ok(()),
            Some(Place::At(url)) => {
                ChecksumFile::fetch(client, url, origin_of(url, own.unwrap_or(url)))?
            }
            Some(Place::Here(path)) => ChecksumFile::open(path)?,
        };
        let at = match &self.sums {
            Some(Place::At(url)) => Some(url),
            _ => None,
        };
        let part = self.approve(client, at, own.or(at), list.text().to_vec())?;
        self.list = Some(list.approved(part));
        Ok(())
    }

    /// The files that the Metalink names, with the places where they are.
    pub(super) fn metalink(&self) -> Result<Vec<MetalinkFile>, Failure> {
        match (&self.args.metalink, &self.list) {
            (Some(_), Some(list)) => metalink::files(list.text()),
            _ => Ok(Vec::new()),
        }
    }

    /// Everything that is known of the file at `url`, which is called `path`: here, or in the
    /// Metalink that names it.
    pub(super) fn bring(
        &self,
        mut fetch: Download,
        client: &Client,
        url: &Url,
        path: impl AsRef<Path>,
    ) -> Result<Download, Failure> {
        for expected in &self.expected {
            fetch = fetch.expected(expected.clone(), "--expect");
        }
        if let Some(expected) = in_fragment(url) {
            fetch = fetch.expected(expected?, "the URL's fragment");
        }
        if let Some(pins) = &self.pins {
            match pins.find(url)? {
                Some(pinned) => fetch = fetch.expected(pinned.expected, pinned.source),
                None => fetch = fetch.unverified(hsum::fetch::Unverified::Accepted),
            }
        }
        // As the URL has it: the user may call it otherwise here. A Metalink's URLs may end in
        // anything.
        let own = path.as_ref().file_name().unwrap_or_default();
        let name = match self.args.metalink {
            Some(_) => own.into(),
            None => file_name::from_url(url, ChosenBy::User).unwrap_or_else(|_| own.into()),
        };
        let found = match (&self.sums, &self.list) {
            (Some(Place::Auto), _) => {
                let approve =
                    |at: &Url, text: Vec<u8>| self.approve(client, Some(at), Some(url), text);
                let found = checksum_file::beside(client, url, &name, &approve);
                Some(found.map_err(|failure| absent(client, url, failure))?)
            }
            (_, Some(list)) => Some(list.find(&name, self.args.algorithm)?),
            (_, None) => None,
        };
        let has_list = found.is_some();
        if let Some(ListedFile { evidence, size }) = found {
            fetch = fetch.evidence(evidence);
            match (self.args.size, size) {
                (Some(own), Some(size)) if own != size => {
                    let text = format!("--size is {own}, but the checksum file says {size} bytes");
                    return Err(Failure::new(FailureKind::Unverifiable, text));
                }
                (None, Some(size)) => fetch = fetch.size(size),
                _ => {}
            }
        }
        if let (false, Some(Signature::Apart(place, key))) = (has_list, &self.signature) {
            let (text, source) = fetch_signature(client, place, Some(url), url, key)?;
            let key = Arc::clone(key);
            fetch = fetch.accept_if(Arc::new(move |path: &Path| {
                key.verify(&text, SignedData::File(path)).map_err(|failure| failure.during(&source))
            }));
        }
        Ok(fetch)
    }

    /// Remembers a file that was fetched for the first time.
    pub(super) fn pin(&self, url: &Url, found: &VerifiedDownload) -> Result<(), Failure> {
        let Some(pins) = &self.pins else { return Ok(()) };
        let mut digests = found.digests.iter();
        let sound = digests.find(|digest| digest.algorithm().strength() == Strength::Sound);
        match (pins.find(url)?, sound.or(found.digests.first())) {
            (None, Some(digest)) => pins.add(url, digest),
            _ => Ok(()),
        }
    }

    /// Verifies the signature of a checksum file, where one is asked for, and returns what is
    /// signed.
    fn approve(
        &self,
        client: &Client,
        at: Option<&Url>,
        own: Option<&Url>,
        text: Vec<u8>,
    ) -> Result<ApprovedText, Failure> {
        match &self.signature {
            None => Ok(ApprovedText { text, signature: None }),
            Some(Signature::Around(ring)) => {
                let whence = at.map_or("the checksum file".into(), redacted);
                clear_signed(ring, &text).map_err(|failure| failure.during(whence))
            }
            Some(Signature::Apart(place, key)) => {
                let own = own.ok_or_else(|| {
                    Failure::new(FailureKind::Usage, "--sig needs a URL to be about")
                })?;
                let (signature, source) = fetch_signature(client, place, at, own, key)?;
                let verified = key.verify(&signature, SignedData::Bytes(&text));
                let signature = verified.map_err(|failure| failure.during(source))?;
                Ok(ApprovedText { text, signature: Some(signature) })
            }
        }
    }
}

/// Returns a better reason than `unlisted`, if there is no file at `url`.
fn absent(client: &Client, url: &Url, unlisted: Failure) -> Failure {
    if unlisted.kind() != FailureKind::Unverifiable {
        return unlisted;
    }
    let head = Request { method: "HEAD".into(), ..Request::get(url.clone()) };
    match client.send(&head) {
        Ok(Reply { response, url, .. }) if matches!(response.status, 404 | 410) => {
            let status = response.status;
            let text = format!("{}: the server answers {status}", redacted(&url));
            Failure::new(FailureKind::Status(status), text)
        }
        // FTP answers by a failure.
        Err(failure) if matches!(failure.kind(), FailureKind::Status(550)) => failure,
        _ => unlisted,
    }
}

/// What is signed of a checksum file that is its own signature.
fn clear_signed(ring: &Keyring, text: &[u8]) -> Result<ApprovedText, Failure> {
    if !signature::is_clear_signed(text) {
        let text = "it is not clear-signed, and there is no --sig";
        return Err(Failure::new(FailureKind::Unverifiable, text));
    }
    let (text, good) = ring.open_clearsigned(text).map_err(refusal)?;
    Ok(ApprovedText { text, signature: Some(signers(&good)) })
}

/// Returns the users and keys of these signatures, in words.
fn signers(good: &[OpenPgpSignature]) -> String {
    let users: Vec<_> = good.iter().map(|one| format!("{} ({})", one.user, one.key)).collect();
    format!("signed by {}", users.join(", "))
}

fn refusal(error: SignatureError) -> Failure {
    let kind = match error.is_verdict() {
        true => FailureKind::Mismatch,
        false => FailureKind::Local,
    };
    Failure::new(kind, format!("the signature: {error}"))
}

/// `#sha256=…`, as Python's indices have it; other fragments are none of our business.
fn in_fragment(url: &Url) -> Option<Result<Expected, Failure>> {
    let fragment = url.fragment()?;
    let (name, _) = fragment.split_once(['=', ':'])?;
    name.parse::<hsum::HashFunction>().ok()?;
    let expected = Expected::parse(fragment, None);
    Some(
        expected.map_err(|error| {
            Failure::new(FailureKind::Usage, format!("the URL's fragment: {error}"))
        }),
    )
}

/// The signature of what is at `at`, and where it was.
fn fetch_signature(
    client: &Client,
    place: &Place,
    at: Option<&Url>,
    own: &Url,
    key: &Key,
) -> Result<(Vec<u8>, String), Failure> {
    let missing = |what: String| Failure::new(FailureKind::Unverifiable, what);
    match place {
        Place::Here(path) => {
            let text = read_file(path, SMALL_FILE).map_err(|error| Failure::local(path, error))?;
            Ok((text, format!("{path:?}")))
        }
        Place::At(url) => match small_file::fetch(client, url, origin_of(url, own))? {
            Some(text) => Ok((text, redacted(url))),
            None => Err(missing(format!("{}: is not there", redacted(url)))),
        },
        Place::Auto => {
            let Some(at) = at else {
                return Err(missing("--sig auto needs a checksum file at a URL".into()));
            };
            let mut clear_signed = None;
            for url in discovery::signatures(at, key.signer()) {
                let origin: Origin = origin_of(&url, own);
                match small_file::fetch(client, &url, origin)? {
                    // A copy of the list with the signature around it.
                    Some(text) if signature::is_clear_signed(&text) => clear_signed = Some(url),
                    Some(text) => return Ok((text, redacted(&url))),
                    None => {}
                }
            }
            Err(missing(match clear_signed {
                None => format!("{}: no signature beside it", redacted(at)),
                Some(url) => format!(
                    "{}: a clear-signed message, not a signature of {}; use it as the checksum file (--sums URL without --sig)",
                    redacted(&url),
                    redacted(at)
                ),
            }))
        }
    }
}

impl Key {
    fn signer(&self) -> SignatureFormat {
        match self {
            Self::Minisign(_) => SignatureFormat::Minisign,
            Self::OpenPgp(_) => SignatureFormat::OpenPgp,
        }
    }

    /// Whose signature it is, in words; a failure where it does not hold.
    fn verify(&self, signature: &[u8], signed: SignedData<'_>) -> Result<String, Failure> {
        let words = match self {
            Self::Minisign(key) => MinisignSignature::parse(signature)
                .and_then(|signature| key.verify(&signature, signed, LegacySignatures::Refused))
                .map(|comment| format!("signed by minisign key {}, comment: {comment}", key.id())),
            Self::OpenPgp(ring) => ring.verify(signature, signed).map(|good| signers(&good)),
        };
        words.map_err(refusal)
    }
}

/// The file's key, or the line of base64 itself.
fn minisign(word: &OsStr) -> Result<MinisignKey> {
    let path = Path::new(word);
    let text = match read_file(path, SMALL_FILE) {
        Ok(text) => text,
        Err(_) if MinisignKey::parse(word.as_bytes()).is_ok() => word.as_bytes().to_vec(),
        Err(error) => return Err(anyhow!("{}: {}", quote(path), ErrorKind::Io(error))),
    };
    let key = MinisignKey::parse(&text);
    key.map_err(|error| anyhow!("{}: {error}", quote(path)))
}
