//! One object of JSON or one table of TOML, as far as it tells a file's name and digests. What is
//! not said by name or by URL is not taken.

use super::fields::{self, url_name};
use super::{BadLine, Entry};
use crate::algorithm::Function;
use crate::digest::Digest;

/// The fields seen so far.
#[derive(Default)]
pub(super) struct Record {
    /// From `filename`, `path` or `file`.
    path: Option<Vec<u8>>,
    /// The best URL: the rank of its key, the name of its file, and itself.
    url: Option<(usize, Vec<u8>, Box<str>)>,
    name: Option<String>,
    version: Option<String>,
    size: Option<u64>,
    /// Digests in a notation of their own, or of the algorithm that `algorithm` names.
    texts: Vec<String>,
    algorithm: Option<String>,
    digests: Vec<Digest>,
    bad: Option<BadLine>,
}

/// Digests of one file; more are not kept.
const TEXTS: usize = 64;

/// Keys of URLs, the best first: what GitHub calls `url` is its API's.
const URLS: [&str; 8] = [
    "browser_download_url",
    "download_url",
    "resolved",
    "tarball",
    "archive",
    "href",
    "uri",
    "url",
];

/// What a record without a name or URL may be called by.
#[derive(Clone, Copy)]
pub(super) enum Fallback<'a> {
    None,
    /// The key that the record stands under.
    Key(&'a str),
    /// A crate's name and version.
    Crate,
}

impl Record {
    pub(super) fn text(&mut self, key: &str, value: &str) {
        if let Some(rank) = URLS.iter().position(|known| *known == key) {
            let name = url_name(value);
            let is_better = self.url.as_ref().is_none_or(|(other, ..)| rank < *other);
            if is_better && value.contains('/') && !name.is_empty() {
                self.url = Some((rank, name, value.into()));
            }
            return;
        }
        match key {
            "filename" | "fileName" | "file_name" | "path" | "file" => {
                self.path = Some(value.as_bytes().to_vec());
            }
            "path_base64" => {
                use base64ct::{Base64, Encoding};
                self.path = Base64::decode_vec(value).ok();
            }
            "name" => self.name = Some(value.into()),
            "version" => self.version = Some(value.into()),
            "algorithm" | "algo" | "alg" => self.algorithm = Some(value.into()),
            "digest" | "integrity" | "hash" | "checksum" if self.texts.len() < TEXTS => {
                self.texts.push(value.into());
            }
            "shasum" => self.digest("sha1", value),
            _ if key.parse::<Function>().is_ok() => self.digest(key, value),
            _ => {}
        }
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        if matches!(key, "size" | "length" | "fileSize" | "bytes") {
            self.size = Some(value);
        }
    }

    /// A digest of the algorithm called `key`; of an unknown one, nothing.
    pub(super) fn digest(&mut self, key: &str, value: &str) {
        match key.parse().map(|function| fields::notation(value, Some(function))) {
            Ok(Ok(digests)) => {
                digests.into_iter().for_each(|digest| fields::add(&mut self.digests, digest));
            }
            Ok(Err(bad)) => self.bad = Some(bad),
            Err(_) => {}
        }
    }

    /// The digests of an object below this one, such as `"digests": {…}`.
    #[cfg(feature = "fs")]
    pub(super) fn adopt(&mut self, inner: Self) {
        self.digests.extend(inner.digests);
        self.texts.extend(inner.texts);
        self.bad = self.bad.or(inner.bad);
    }

    /// Whether it has a name of its own.
    #[cfg(feature = "fs")]
    pub(super) fn is_named(&self) -> bool {
        self.path.is_some() || self.url.is_some() || self.name.is_some()
    }

    /// The entry, if it is one of a file.
    pub(super) fn finish(self, fallback: Fallback) -> Option<Result<Entry, BadLine>> {
        if self.digests.is_empty() && self.texts.is_empty() {
            return None;
        }
        let (url_name, url) = self.url.map(|(_, name, url)| (name, url)).unzip();
        let name = match (self.path, url_name, fallback) {
            (Some(path), _, _) => path,
            (None, Some(name), _) => name,
            (None, None, Fallback::Crate) => {
                format!("{}-{}.crate", self.name?, self.version?).into_bytes()
            }
            (None, None, Fallback::Key(key)) => match self.name {
                Some(name) => name.into_bytes(),
                None if key.contains('.') => key.as_bytes().to_vec(),
                None => return None,
            },
            (None, None, Fallback::None) => self.name?.into_bytes(),
        };
        let hint = self.algorithm.as_deref().and_then(|name| name.parse().ok());
        let (mut digests, mut bad) = (self.digests, self.bad);
        for text in self.texts {
            match fields::notation(&text, hint) {
                Ok(more) => digests.extend(more),
                Err(error) => bad = Some(error),
            }
        }
        Some(match (digests.is_empty(), bad) {
            (true, bad) => Err(bad.unwrap_or(BadLine::NoDigest)),
            // One that is broken is not made good by another one.
            (false, Some(bad @ BadLine::BadDigest)) => Err(bad),
            (false, _) => {
                fields::entry(&name, digests, self.size).map(|entry| Entry { url, ..entry })
            }
        })
    }
}
