//! Conversion of arguments to a client and its requests.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use hsum::ErrorKind;
use hsum::internals::{AtomicFile, BODY, lock, read_file};
use hsum::net::cookies::CookieJar;
use hsum::net::form::{self, FilePart, Multipart};
use hsum::net::netrc::Netrc;
use hsum::net::{
    AuthScheme, Body, Client, ClientSigner, Credentials, Downgrade, Failure, HeaderFields,
    Identity, PlaintextAuth, Proxies, RedirectPolicy, Request, RetryPolicy, Secret, Timeouts,
    TlsOptions, TlsVersion, Url,
};
use hsum::notation::Expected;
use hsum::sign::{Clock, KeyFormat, SystemClock};

use super::exit::Usage;
use super::input::header_field;
use super::key::{KeySource, Warnings, exposure, protect_memory, read_secrets, unusable};
use super::print::complain;
use super::quote::quote;
use super::sign::sender;
use super::sign::values::random;
use crate::cli::args::client::{
    AuthChoice, ClientArgs, IdentityArgs, NetworkArgs, RequestArgs, TlsArgs, Version,
};

/// A client, and the cookie file to write at the end.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Set if the user gave a `Content-Type` header.
    pub(crate) has_content_type: bool,
    jar: Option<(PathBuf, Arc<Mutex<CookieJar>>)>,
}

impl Session {
    pub(crate) fn new(args: &ClientArgs) -> Result<Self> {
        let ClientArgs { signing, request, network, identity, tls } = args;
        let signer = sender::signer(signing)?;
        Self::with(&request.headers, network, identity, tls, signer)
    }

    /// Creates a session for a verb that does not take all arguments of a client.
    pub(crate) fn with(
        lines: &[OsString],
        network: &NetworkArgs,
        identity: &IdentityArgs,
        tls: &TlsArgs,
        signer: Option<Arc<dyn ClientSigner>>,
    ) -> Result<Self> {
        let jar = identity.cookie_jar.as_deref().map(read_jar).transpose()?;
        let jar = identity.cookie_jar.clone().zip(jar.map(|jar| Arc::new(Mutex::new(jar))));
        let stall = network.stall_timeout;
        let downgrade = match network.allow_downgrade {
            true => Downgrade::Allowed,
            false => Downgrade::Refused,
        };
        let proxies = match network.proxy.as_deref() {
            None => Proxies::from_environment(),
            Some("none") => Proxies::none(),
            Some(url) => Proxies::all(url).map_err(|failure| usage(failure.during("--proxy")))?,
        };
        let headers = headers(lines)?;
        let has_content_type = headers.contains("Content-Type");
        let mut builder = Client::builder()
            .tls(tls_settings(tls, identity)?)
            .proxies(proxies)
            .timeouts(Timeouts { connect: network.connect_timeout, response: stall, stall })
            .headers(headers)
            .identity(identity_of(identity)?)
            .redirects(RedirectPolicy { limit: network.max_redirects, downgrade })
            .retries(RetryPolicy {
                count: network.retries,
                first_pause: network.retry_delay,
                longest_pause: Duration::from_secs(60),
            });
        if let Some(limit) = network.max_time {
            builder = builder.deadline(Instant::now() + limit);
        }
        if let Some((_, jar)) = &jar {
            builder = builder.cookies(Arc::clone(jar));
        }
        if let Some(signer) = signer {
            builder = builder.signer(signer);
        }
        Ok(Self { client: builder.build(), has_content_type, jar })
    }

    /// Writes the cookie file.
    pub(crate) fn finish(&self) -> Result<()> {
        let Some((path, jar)) = &self.jar else { return Ok(()) };
        let jar = lock(jar);
        let written = AtomicFile::create_private(path).and_then(|mut file| {
            file.write_all(&jar.to_bytes(SystemClock.now() as i64))?;
            file.commit()
        });
        written.map_err(|error| anyhow!("{}: {}", quote(path), ErrorKind::Io(error)))
    }
}

/// Converts a failure caused by the arguments.
pub(crate) fn usage(failure: Failure) -> anyhow::Error {
    Usage(failure.to_string()).into()
}

fn read_jar(path: &Path) -> Result<CookieJar> {
    match read_secrets(path) {
        Ok(text) => {
            let (jar, bad) = CookieJar::parse(&text, SystemClock.now() as i64);
            for bad in bad {
                complain(format_args!("{}: {bad}", quote(path)));
            }
            Ok(jar)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CookieJar::default()),
        Err(error) => bail!("{}: {}", quote(path), ErrorKind::Io(error)),
    }
}

fn tls_settings(tls: &TlsArgs, identity: &IdentityArgs) -> Result<TlsOptions> {
    let mut pins = Vec::new();
    for pin in &tls.pins {
        let text = pin.as_bytes();
        // curl's format has this prefix.
        let text = text.strip_prefix(b"sha256//").unwrap_or(text);
        let expected =
            Expected::parse(text, None).map_err(|e| Usage(format!("--pin-spki: {e}")))?;
        pins.extend_from_slice(expected.digests());
    }
    let key = identity.cert_key.clone().or_else(|| identity.cert.clone());
    if let Some(key) = &key {
        // The library reads the key when it connects.
        protect_memory();
        if let Some(exposure) = exposure(key) {
            Warnings::Printed.warn(exposure)?;
        }
    }
    Ok(TlsOptions {
        authorities: tls.cacert.clone(),
        identity: identity.cert.clone().zip(key),
        minimum: match tls.tls_min {
            Version::V1_2 => TlsVersion::V1_2,
            Version::V1_3 => TlsVersion::V1_3,
        },
        pins,
    })
}

/// Returns the headers given as arguments or in files.
fn headers(arguments: &[OsString]) -> Result<HeaderFields> {
    let mut headers = HeaderFields::new();
    let mut add = |line: &[u8], source: &str| {
        let field = header_field(line);
        let field = field.and_then(|(name, value)| headers.push(name, value).ok());
        // The value is not repeated: it may be a secret.
        field.ok_or_else(|| Usage(format!("{source}: invalid header (expected 'NAME: VALUE')")))
    };
    for argument in arguments {
        let Some(path) = argument.as_bytes().strip_prefix(b"@") else {
            add(argument.as_bytes(), "-H")?;
            continue;
        };
        let path = Path::new(OsStr::from_bytes(path));
        let text = read_secrets(path);
        let text = text.map_err(|error| anyhow!("{}: {}", quote(path), ErrorKind::Io(error)))?;
        for line in text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii) {
            if !line.is_empty() && !line.starts_with(b"#") {
                add(line, &quote(path).to_string())?;
            }
        }
    }
    Ok(headers)
}

fn secret(spec: &OsStr, option: &str) -> Result<Secret> {
    Ok(Secret::new(KeySource::parse(spec, option)?.read(KeyFormat::Text)?.to_vec()))
}

fn identity_of(args: &IdentityArgs) -> Result<Identity> {
    let mut identity = Identity::default();
    if args.allow_plaintext_auth {
        identity.plaintext = PlaintextAuth::Allowed;
    }
    if let (Some(user), Some(password)) = (&args.user, &args.password) {
        if user.contains(':') {
            let text =
                "-u: the user name must not contain a colon; use --password for the password";
            return Err(Usage(text.into()).into());
        }
        let password = secret(password, "--password")?;
        identity.user = Some(Credentials { user: user.clone().into_bytes(), password });
    }
    identity.scheme = match (&args.token, args.auth) {
        (Some(token), _) => AuthScheme::Bearer(secret(token, "--token")?),
        (None, AuthChoice::Any) => AuthScheme::Any,
        (None, AuthChoice::Basic) => AuthScheme::Basic,
        (None, AuthChoice::BasicFirst) => AuthScheme::PreemptiveBasic,
        (None, AuthChoice::Digest) => AuthScheme::Digest,
    };
    if let Some(path) = &args.netrc {
        let path = match path {
            Some(path) => path.clone(),
            None => PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".netrc"),
        };
        let title = quote(&path);
        if let Some(exposure) = exposure(&path) {
            Warnings::Printed.warn(exposure)?;
        }
        let text = read_secrets(&path).map_err(|error| unusable(&title, ErrorKind::Io(error)))?;
        let parsed = Netrc::parse(&text);
        identity.netrc = Some(parsed.map_err(|error| unusable(&title, error))?);
    }
    Ok(identity)
}

/// Returns a request to `url` as the arguments describe it.
pub(crate) fn request(args: &RequestArgs, mut url: Url) -> Result<Request> {
    let pairs: Vec<_> = pairs(&args.queries, "--query")?;
    form::add_query(&mut url, pairs);
    let mut request = Request::get(url);
    if !args.data.is_empty() {
        let mut fields = Vec::new();
        for (name, value) in self::pairs(&args.data, "--data")? {
            fields.push((name, contents(value)?));
        }
        request.method = "POST".into();
        request.body = Body::Bytes(form::urlencoded(fields).into_bytes());
        request.headers.push("Content-Type", form::URLENCODED)?;
    } else if !args.forms.is_empty() {
        let fields = self::pairs(&args.forms, "--form")?;
        let fields: Vec<_> =
            fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let random = random()?;
        let content_type = Multipart::new(random).content_type();
        request.method = "POST".into();
        request.body = Body::Generated(Arc::new(move || multipart(random, &fields)));
        request.headers.push("Content-Type", content_type)?;
    }
    if let Some(method) = &args.method {
        request.method = method.clone();
    }
    Ok(request)
}

/// Splits each NAME=VALUE.
fn pairs<'a>(arguments: &'a [String], option: &str) -> Result<Vec<(&'a str, &'a str)>> {
    let split = |argument: &'a String| {
        let pair = argument.split_once('=');
        pair.ok_or_else(|| Usage(format!("{option}: expected NAME=VALUE")).into())
    };
    arguments.iter().map(split).collect()
}

/// Returns `value`, or the text of FILE if it is `@FILE`.
fn contents(value: &str) -> Result<String> {
    let Some(path) = value.strip_prefix('@') else { return Ok(value.to_owned()) };
    let bytes = read_file(Path::new(path), BODY);
    let text = bytes.and_then(|bytes| io::read_to_string(&bytes[..]));
    let text = text.map_err(|e| anyhow!("{}: {}", quote(Path::new(path)), ErrorKind::Io(e)))?;
    // Editors append a newline, which is not part of a password.
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

fn multipart(
    random: [u8; 16],
    fields: &[(String, String)],
) -> Result<(Box<dyn io::Read + Send>, u64), Failure> {
    let mut form = Multipart::new(random);
    for (name, value) in fields {
        let Some(path) = value.strip_prefix('@') else {
            form.text(name, value.as_bytes());
            continue;
        };
        let path = Path::new(path);
        let opened = fs::File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|error| Failure::local(path, error))?;
        form.file(name, FilePart::new(path.as_os_str().as_bytes(), file, Some(length)));
    }
    let length = form.len().unwrap_or(0);
    Ok((Box::new(form.into_reader()), length))
}

/// Parses a URL as browsers and curl do, but without guessing a scheme.
///
/// # Errors
/// Fails if the URL is invalid; the message omits the parts that may be secret.
pub(crate) fn url(argument: &str) -> Result<Url> {
    match Url::parse(argument) {
        Ok(url) if url.has_host() => Ok(url),
        _ => {
            let shown = quote(Path::new(without_secrets(argument)));
            Err(Usage(format!("{shown}: invalid URL (expected https://host/file)")).into())
        }
    }
}

/// Returns the part of an invalid URL that a message may show: neither credentials nor query.
pub(crate) fn without_secrets(argument: &str) -> &str {
    let (shown, rest) = argument.split_at(argument.find(['?', '#']).unwrap_or(argument.len()));
    match shown.rsplit_once('@') {
        Some((_, shown)) => shown,
        // The password contains '?' or '#'.
        None if rest.contains('@') => &shown[..shown.find("://").map_or(0, |scheme| scheme + 3)],
        None => shown,
    }
}
