//! Conversion of arguments and captured files to a request and a reader of its body.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use hsum::engine::StableFile;
use hsum::internals::{BODY, read_all, read_some};
use hsum::sign::Message;
use serde::de::IgnoredAny;

use crate::cli::args::sign::MessageArgs;
use crate::cli::exit::Usage;
use crate::cli::input::{self, header_field};
use crate::cli::print::file_error;
use crate::cli::quote::quote;

/// The maximum length of the header block of a captured request, in bytes.
const LONGEST_HEAD: usize = 1 << 20;
/// The maximum number of headers of a captured request.
const MAX_HEADERS: usize = 512;

/// A request without its body.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) params: Vec<(String, String)>,
}

impl Request {
    /// Returns the request that the arguments describe.
    pub(crate) fn from_args(args: &MessageArgs) -> Result<Self> {
        const INVALID: &str = "invalid header (expected 'NAME: VALUE')";
        let mut headers = Vec::new();
        for line in &args.lines {
            // The error does not show the line, which may be a secret.
            let header = header_field(line.as_bytes());
            headers.push(header.ok_or_else(|| Usage(format!("-H: {INVALID}")))?);
        }
        if let Some(path) = &args.headers {
            let text = read(path, LONGEST_HEAD as u64)?;
            let lines = text.split(|&byte| byte == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            for line in lines.filter(|line| !line.is_empty()) {
                let header = header_field(line);
                headers.push(header.ok_or_else(|| anyhow!("{}: {INVALID}", quote(path)))?);
            }
        }
        let pair = |param: &String| {
            param.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let params: Option<Vec<(String, String)>> = args.params.iter().map(pair).collect();
        let invalid = || Usage("--param: invalid parameter (expected NAME=VALUE)".into());
        let params = params.ok_or_else(invalid)?;
        let method = args.method.clone().unwrap_or_else(|| "POST".into());
        Ok(Self { method, url: args.url.clone().unwrap_or_default(), headers, params })
    }

    /// Returns `true` if there is a header of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Calls `with` with the request as a message.
    pub(crate) fn message<T>(&self, with: impl FnOnce(&Message<'_>) -> T) -> T {
        let params: Vec<(&str, &str)> =
            self.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let message = Message::new(&self.headers).method(&self.method).url(&self.url);
        with(&message.params(&params))
    }

    /// Reads a captured request up to its body, and returns a reader of the body. Arguments take
    /// precedence over the captured method and URL.
    pub(crate) fn captured(args: &MessageArgs, path: &Path) -> Result<(Self, Box<dyn Read>)> {
        let title = quote(path);
        let mut input = open(path)?;
        let mut head = Vec::new();
        let mut piece = [0; 16 << 10];
        loop {
            let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut parsed = httparse::Request::new(&mut lines);
            let status =
                parsed.parse(&head).map_err(|e| anyhow!("{title}: not an HTTP request: {e}"))?;
            if let httparse::Status::Complete(length) = status {
                let mut request = Self::from_args(args)?;
                if args.method.is_none() {
                    request.method = parsed.method.unwrap_or_default().to_owned();
                }
                if args.url.is_none() {
                    request.url = parsed.path.unwrap_or_default().to_owned();
                }
                for line in parsed.headers.iter() {
                    request.headers.push((line.name.to_owned(), line.value.to_vec()));
                    if line.name.eq_ignore_ascii_case("transfer-encoding") {
                        bail!("{title}: the body is chunked; capture the decoded body instead");
                    }
                }
                let rest = Cursor::new(head.split_off(length));
                return Ok((request, Box::new(rest.chain(input))));
            }
            if head.len() > LONGEST_HEAD {
                bail!("{title}: not an HTTP request: the headers are longer than 1 MiB");
            }
            match read_some(&mut *input, &mut piece).map_err(|error| file_error(path, error))? {
                0 => bail!("{title}: not an HTTP request: no empty line after the headers"),
                count => head.extend_from_slice(&piece[..count]),
            }
        }
    }
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        input::announce_stdin();
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(path).and_then(StableFile::try_from);
    Ok(Box::new(opened.map_err(|error| file_error(path, error))?))
}

/// Reads a whole file of at most `limit` bytes, or standard input for `-`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_all(open(path)?, limit).map_err(|error| file_error(path, error))
}

pub(crate) fn read_body(path: &Path) -> Result<Vec<u8>> {
    read(path, BODY)
}

/// Returns the media type of a body that is JSON, which receivers of webhooks need in a header.
pub(crate) fn media_type(body: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok().map(|_| "application/json")
}

/// Calls `each` with the pieces of a body.
pub(crate) fn stream(mut input: impl Read, name: &Path, mut each: impl FnMut(&[u8])) -> Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match read_some(&mut input, &mut buffer).map_err(|error| file_error(name, error))? {
            0 => return Ok(()),
            count => each(&buffer[..count]),
        }
    }
}

/// Checks that standard input is used at most once. `key` is set if a key comes from it.
pub(crate) fn check_stdin(key: bool, paths: &[Option<&Path>]) -> Result<()> {
    let is_stdin = |path: &&Path| path.as_os_str() == "-" || input::is_stdin(path);
    match usize::from(key) + paths.iter().flatten().filter(|path| is_stdin(path)).count() {
        0 | 1 => Ok(()),
        _ if key => {
            Err(Usage("the key and the request cannot both be standard input".into()).into())
        }
        _ => Err(Usage("headers and body cannot both be standard input".into()).into()),
    }
}
