//! Reads with a size limit, because devices and pipes may be endless, and reads with retries.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The limit for keys, certificates, header files, cookie jars and other small files.
pub const SMALL_FILE: u64 = 16 << 20;

/// The limit for the body of a request.
pub const BODY: u64 = 1 << 30;

/// Reads the whole file at `path`.
///
/// # Errors
/// If it cannot be opened or read, or holds more than `limit` bytes ([`ErrorKind::FileTooLarge`]).
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_all(File::open(path)?, limit)
}

/// Reads `input` to its end.
///
/// # Errors
/// If it cannot be read, or holds more than `limit` bytes ([`ErrorKind::FileTooLarge`]).
pub fn read_all(input: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

/// Reads once into `buffer`, retrying after `Interrupted`; returns 0 at the end.
///
/// # Errors
/// Those of `input`.
pub fn read_some(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Returns the error of a file that holds more than `limit` bytes.
pub fn too_large(limit: u64) -> io::Error {
    let text = format!("File too large (more than {limit} bytes)");
    io::Error::new(ErrorKind::FileTooLarge, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_up_to_the_limit_are_read() {
        assert_eq!(read_all(&b"abc"[..], 3).unwrap(), b"abc");
        assert_eq!(read_all(&b""[..], 0).unwrap(), b"");
        for limit in [0, 2, 1 << 20] {
            let error = read_all(io::repeat(0), limit).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FileTooLarge);
            assert_eq!(error.to_string(), format!("File too large (more than {limit} bytes)"));
        }
    }
}
