//! PEM (RFC 7468), as lenient as OpenSSL: text between sections, any line length, old headers.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// A section of a PEM file.
pub(crate) struct Section {
    /// The label, such as `CERTIFICATE`.
    pub(crate) label: String,
    /// The contents are encrypted in the format of OpenSSL before 1.0 (`Proc-Type: 4,ENCRYPTED`).
    pub(crate) is_encrypted: bool,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// A damaged PEM file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PemError {
    #[error("no line '-----END {0}-----' (the file is cut off)")]
    NoEnd(String),
    #[error("the section '{0}' is not Base64")]
    NotBase64(String),
}

/// Returns `true` if `bytes` has a line that begins a section.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.split(|&byte| byte == b'\n').any(|line| label(line, b"-----BEGIN ").is_some())
}

/// Returns the sections in order.
///
/// # Errors
/// Returns an error if a section does not end or is not Base64.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section>, PemError> {
    let mut sections = Vec::new();
    let mut lines = bytes.split(|&byte| byte == b'\n');
    while let Some(line) = lines.next() {
        if let Some(label) = label(line, b"-----BEGIN ") {
            sections.push(section(label, &mut lines)?);
        }
    }
    Ok(sections)
}

/// Returns the label of a line that begins with `prefix` and ends with dashes.
fn label(line: &[u8], prefix: &[u8]) -> Option<String> {
    let label = line.trim_ascii().strip_prefix(prefix)?.strip_suffix(b"-----")?;
    let is_label = label.len() <= 64 && label.iter().all(|c| c.is_ascii_graphic() || *c == b' ');
    is_label.then(|| String::from_utf8_lossy(label).into_owned())
}

/// Reads a section up to its end.
fn section<'a>(
    label: String,
    lines: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<Section, PemError> {
    let mut text = Zeroizing::new(Vec::new());
    let mut is_encrypted = false;
    for line in lines {
        let line = line.trim_ascii();
        if self::label(line, b"-----END ").is_some_and(|end| end == label) {
            let text = str::from_utf8(&text).map_err(|_| PemError::NotBase64(label.clone()))?;
            let der = Base64::decode_vec(text).map_err(|_| PemError::NotBase64(label.clone()))?;
            return Ok(Section { label, is_encrypted, der: Zeroizing::new(der) });
        }
        match line.contains(&b':') {
            true => is_encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"),
            false => append(&mut text, line),
        }
    }
    Err(PemError::NoEnd(label))
}

/// Appends a line, and wipes the buffer that it outgrows.
fn append(text: &mut Zeroizing<Vec<u8>>, line: &[u8]) {
    if text.capacity() - text.len() < line.len() {
        let capacity = 2 * (text.len() + line.len()).max(2048);
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(text);
        *text = larger;
    }
    text.extend_from_slice(line);
}

/// Returns `der` as a section with lines of 64 characters.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(Base64::encode_string(der));
    let mut text = Zeroizing::new(String::with_capacity(base64.len() * 66 / 64 + 128));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_as_openssl_reads_them() {
        let text = b"subject=/CN=x\r\n-----BEGIN A-----\r\nAAEC\r\nAwQ=\r\n-----END A-----\r\n\
            -----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\nAAEC\n\
            -----END RSA PRIVATE KEY-----";
        let sections = sections(text).expect("two sections");
        assert_eq!(sections.len(), 2);
        assert_eq!((sections[0].label.as_str(), sections[0].is_encrypted), ("A", false));
        assert_eq!(*sections[0].der, [0, 1, 2, 3, 4]);
        assert!(sections[1].is_encrypted);
        assert!(is_pem(text) && !is_pem(b"0\x82\x01"));
    }

    #[test]
    fn damaged_sections_are_rejected() {
        let error = |text: &str| sections(text.as_bytes()).err().expect("an error");
        assert_eq!(error("-----BEGIN A-----\nAAEC\n"), PemError::NoEnd("A".into()));
        assert_eq!(
            error("-----BEGIN A-----\nAA!C\n-----END A-----"),
            PemError::NotBase64("A".into())
        );
    }

    #[test]
    fn what_is_encoded_can_be_read() {
        for length in [0, 1, 47, 48, 49, 96, 1000] {
            let der: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let text = encode("X", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(*sections(text.as_bytes()).expect("a section")[0].der, der);
        }
    }
}
