//! `--save`: files with the body, the headers and the metadata of a verified request.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use hsum::internals::AtomicFile;
use hsum::sign::VerifiedRequest;

use crate::cli::print::file_error;
use crate::cli::quote::quote;
use crate::server::connections::log::timestamp;
use crate::server::listen::received::Received;

/// A directory for verified requests.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Opens the directory, or creates it for its owner only.
    ///
    /// # Errors
    /// Returns an error if it cannot be created, or is a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(file_error(path, error))
            }
            _ if path.is_dir() => Ok(Self(path.to_owned())),
            _ => bail!("{}: not a directory", quote(path)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the files of a request, all or none, and returns their name without ending.
    ///
    /// The name consists of the time of arrival and the replay key: no sender can choose it, and a
    /// repetition does not replace the files of the first request.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn save(
        &self,
        received: &Received,
        verified: &VerifiedRequest,
        metadata: &[u8],
    ) -> Result<String> {
        let name = name(received.arrival.time, verified);
        let parts =
            [("body", &received.body[..]), ("headers", &headers(received)), ("json", metadata)];
        let write = |(ending, contents): (&str, &[u8])| -> io::Result<AtomicFile> {
            let mut file = AtomicFile::create_private(self.0.join(format!("{name}.{ending}")))?;
            file.write_all(contents)?;
            Ok(file)
        };
        let files: io::Result<Vec<_>> = parts.into_iter().map(write).collect();
        let saved = files.and_then(AtomicFile::commit_all);
        saved.map_err(|error| file_error(&self.0, error))?;
        Ok(name)
    }
}

fn name(time: SystemTime, verified: &VerifiedRequest) -> String {
    let micros = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_micros());
    let time = timestamp(time).replace(['-', ':', 'Z'], "");
    format!("{time}.{micros:06}Z-{}", hex::encode(verified.replay_key()))
}

/// Returns the headers as 'hsum verify-request --headers' reads them.
fn headers(received: &Received) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in &received.request.headers {
        lines.extend([name.as_bytes(), b": ", value, b"\n"].concat());
    }
    lines
}
