//! OpenPGP signatures, verified by `gpgv`. An unknown status line in its output is an error.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::fs::bounded::read_file;
use crate::fs::temporary::TemporaryDirectory;
use crate::trust::signature::armor;
use crate::trust::signature::error::SignatureError;
use crate::trust::signature::signed_data::{SignedData, is_clear_signed};

/// The limit for signatures, in bytes: a pipe holds this much before `gpgv` reads it.
const MAX_SIGNATURE: usize = 60 << 10;

/// The limit for keyrings and clear-signed texts, in bytes.
const MAX_SIZE: u64 = 64 << 20;

/// A file of trusted public keys, as exported by `gpg --export` with or without armor.
#[derive(Clone, Debug)]
pub struct Keyring {
    path: PathBuf,
    /// The temporary directory of a copy without armor, removed with the last clone.
    _directory: Option<Arc<TemporaryDirectory>>,
}

/// A verified OpenPGP signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenPgpSignature {
    /// The fingerprint of the primary key, in hex.
    pub key: String,
    /// The fingerprint of the key that signed, which may be a subkey.
    pub signing_key: String,
    /// The user ID in the key, which only the owner of the keyring vouches for.
    pub user: String,
    /// The time of the signature by the signer's clock, in seconds since 1970.
    pub created: i64,
}

/// The class of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    /// Over bytes.
    Binary,
    /// Over lines of text with any line endings.
    Text,
}

impl Keyring {
    /// Opens the keyring at `path`.
    ///
    /// # Errors
    /// If it cannot be read, or is not a keyring.
    pub fn open(path: &Path) -> Result<Self, SignatureError> {
        // gpgv looks for names without a slash among the user's own keyrings.
        let path = std::path::absolute(path)?;
        let bytes = read_file(&path, MAX_SIZE)?;
        if !armor::is_armored(&bytes) {
            // gpgv would report only that each signature's key is missing.
            if !is_keyring(&bytes) {
                return Err(SignatureError::InvalidKey);
            }
            return Ok(Self { path, _directory: None });
        }
        let keys = armor::keys(&bytes).ok_or(SignatureError::InvalidKey)?;
        let directory = TemporaryDirectory::new()?;
        let path = directory.path().join("ring");
        fs::write(&path, keys)?;
        Ok(Self { path, _directory: Some(directory.into()) })
    }

    /// Verifies that every signature in `signature` covers `signed` and is by a key of this ring.
    ///
    /// # Errors
    /// If one of them is not good, or cannot be verified. `gpgv` succeeds even if a key has
    /// expired, so its status lines are checked too.
    pub fn verify(
        &self,
        signature: &[u8],
        signed: SignedData<'_>,
    ) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        if is_clear_signed(signature) {
            return Err(SignatureError::ClearSigned);
        }
        if signature.is_empty() || signature.len() > MAX_SIGNATURE {
            return Err(SignatureError::Malformed);
        }
        let directory = TemporaryDirectory::new()?;
        let path = match signed {
            SignedData::File(path) => std::path::absolute(path)?,
            SignedData::Bytes(bytes) => {
                let path = directory.path().join("signed");
                fs::write(&path, bytes)?;
                path
            }
        };
        File::open(&path)?;
        let args = ["--".as_ref(), "-".as_ref(), path.as_os_str()];
        self.gpgv(directory.path(), &args, signature)?.signatures(Class::Binary)
    }

    /// Returns the text in a clear-signed message, and its signatures.
    ///
    /// # Errors
    /// If one of the signatures is not good, or cannot be verified.
    pub fn open_clearsigned(
        &self,
        message: &[u8],
    ) -> Result<(Vec<u8>, Vec<OpenPgpSignature>), SignatureError> {
        let directory = TemporaryDirectory::new()?;
        let (input, output) = (directory.path().join("message"), directory.path().join("text"));
        fs::write(&input, message)?;
        let args: [&OsStr; 4] =
            ["--output".as_ref(), output.as_os_str(), "--".as_ref(), input.as_os_str()];
        let signatures = self.gpgv(directory.path(), &args, b"")?.signatures(Class::Text)?;
        Ok((read_file(&output, MAX_SIZE)?, signatures))
    }

    fn gpgv(
        &self,
        home: &Path,
        args: &[&OsStr],
        input: &[u8],
    ) -> Result<GpgvOutput, SignatureError> {
        let mut gpgv = Command::new("gpgv")
            .args(["--status-fd", "1", "--keyring"])
            .arg(&self.path)
            .args(args)
            .env("LC_ALL", "C")
            .env("GNUPGHOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => SignatureError::GpgvMissing,
                _ => SignatureError::Io(error),
            })?;
        if let Some(mut stdin) = gpgv.stdin.take() {
            // If gpgv ends early, its status lines say why.
            let _ = stdin.write_all(input);
        }
        let Output { status, stdout, .. } = gpgv.wait_with_output()?;
        match status.code() {
            Some(code @ 0..=2) => Ok(GpgvOutput { status: stdout, code }),
            // gpgv crashed, which says nothing about the signature.
            _ => Err(SignatureError::Io(io::Error::other(format!("gpgv failed: {status}")))),
        }
    }
}

/// The status lines and the exit status of `gpgv`.
struct GpgvOutput {
    status: Vec<u8>,
    code: i32,
}

impl GpgvOutput {
    /// Returns the signatures if the status lines and the exit status agree that all are good.
    fn signatures(&self, class: Class) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        let good = parse_status(&self.status, class)?;
        match self.code {
            0 => Ok(good),
            code => Err(SignatureError::Gpgv(format!("exit status {code}"))),
        }
    }
}

/// Returns `true` if a file begins with a public key packet (RFC 9580, section 4.2) or is a keybox.
fn is_keyring(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x98..=0x9b | 0xc6)) || bytes.get(8..12) == Some(b"KBXf")
}

/// Parses status lines; returns the signatures if all are good.
fn parse_status(status: &[u8], class: Class) -> Result<Vec<OpenPgpSignature>, SignatureError> {
    let text = String::from_utf8_lossy(status);
    let mut signatures = 0;
    let mut users = Vec::new();
    let mut good = Vec::new();
    let mut texts = 0;
    for line in text.lines() {
        let refused = || SignatureError::Gpgv(line.chars().take(200).collect());
        let line = line.strip_prefix("[GNUPG:] ").ok_or_else(refused)?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "NEWSIG" => signatures += 1,
            "GOODSIG" => {
                let (id, user) = rest.split_once(' ').unwrap_or((rest, ""));
                users.push((id, user));
            }
            "VALIDSIG" => {
                let (id, user) = users.last().copied().ok_or_else(refused)?;
                let signature = parse_validsig(rest, user, class)?.ok_or_else(refused)?;
                if id.is_empty() || !signature.signing_key.ends_with(id) {
                    return Err(refused());
                }
                good.push(signature);
            }
            "PLAINTEXT" => texts += 1,
            "PLAINTEXT_LENGTH"
            | "KEY_CONSIDERED"
            | "SIG_ID"
            | "NOTATION_NAME"
            | "NOTATION_FLAGS"
            | "NOTATION_DATA"
            | "POLICY_URL"
            | "PROGRESS"
            | "VERIFICATION_COMPLIANCE_MODE" => {}
            "BADSIG" => return Err(SignatureError::Mismatch),
            "EXPSIG" | "EXPKEYSIG" | "KEYEXPIRED" | "SIGEXPIRED" => {
                return Err(SignatureError::Expired);
            }
            "REVKEYSIG" | "KEYREVOKED" => return Err(SignatureError::Revoked),
            "ERRSIG" => return Err(parse_errsig(rest)),
            "NODATA" => return Err(SignatureError::Malformed),
            _ => return Err(refused()),
        }
    }
    let texts_fit = match class {
        Class::Binary => texts == 0,
        Class::Text => texts == 1,
    };
    if good.is_empty() || good.len() != signatures || users.len() != signatures || !texts_fit {
        return Err(SignatureError::Gpgv("not all signatures are good".into()));
    }
    Ok(good)
}

/// Parses the fields of `VALIDSIG`; returns `None` unless they follow GnuPG's doc/DETAILS.
fn parse_validsig(
    rest: &str,
    user: &str,
    class: Class,
) -> Result<Option<OpenPgpSignature>, SignatureError> {
    let fields: Vec<&str> = rest.split(' ').collect();
    let [signing_key, _, created, _, _, _, _, hash, own_class, key] = fields[..] else {
        return Ok(None);
    };
    let is_fingerprint =
        |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let expected = match class {
        Class::Binary => "00",
        Class::Text => "01",
    };
    if own_class != expected || !is_fingerprint(signing_key) || !is_fingerprint(key) {
        return Ok(None);
    }
    // RFC 9580, section 9.5: MD5, SHA-1, RIPEMD-160.
    if matches!(hash, "1" | "2" | "3") {
        return Err(SignatureError::WeakHash);
    }
    let Ok(created) = created.parse() else { return Ok(None) };
    let [key, signing_key, user] = [key, signing_key, user].map(str::to_owned);
    Ok(Some(OpenPgpSignature { key, signing_key, user, created }))
}

/// Converts the fields of `ERRSIG`; the sixth is the reason.
fn parse_errsig(rest: &str) -> SignatureError {
    match rest.split(' ').nth(5) {
        Some("9") => SignatureError::OtherKey,
        _ => SignatureError::Gpgv(format!("ERRSIG {rest}").chars().take(200).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[GNUPG:] NEWSIG t@example.org\n\
        [GNUPG:] KEY_CONSIDERED 3CCD8718AB1CF396869F6E62F5C32A9E896F626C 0\n\
        [GNUPG:] SIG_ID AT+B6/GVqQYAMt3ohCiUgQxXLko 2026-11-24 1795556116\n\
        [GNUPG:] GOODSIG F5C32A9E896F626C Test <t@example.org>\n\
        [GNUPG:] VALIDSIG 3CCD8718AB1CF396869F6E62F5C32A9E896F626C 2026-11-24 1795556116 0 4 0 22 \
        8 00 3CCD8718AB1CF396869F6E62F5C32A9E896F626C\n";

    fn parsed(status: &str) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        parse_status(status.as_bytes(), Class::Binary)
    }

    #[test]
    fn good_signatures_are_accepted() {
        let good = parsed(GOOD).unwrap();
        assert_eq!(good.len(), 1);
        assert_eq!(good[0].key, "3CCD8718AB1CF396869F6E62F5C32A9E896F626C");
        assert_eq!((&*good[0].user, good[0].created), ("Test <t@example.org>", 1_795_556_116));
        assert_eq!(parsed(&GOOD.repeat(2)).unwrap().len(), 2);
    }

    #[test]
    fn the_exit_status_must_be_zero() {
        let ended = |code| GpgvOutput { status: GOOD.into(), code }.signatures(Class::Binary);
        assert_eq!(ended(0).unwrap().len(), 1);
        for code in [1, 2] {
            assert!(matches!(ended(code), Err(SignatureError::Gpgv(_))), "{code}");
        }
    }

    #[test]
    fn unknown_status_lines_are_rejected() {
        use SignatureError::*;
        let with = |line: &str| parsed(&format!("{GOOD}[GNUPG:] {line}\n")).unwrap_err();
        assert!(matches!(with("BADSIG F5C32A9E896F626C Test"), Mismatch));
        for line in ["EXPSIG F5", "EXPKEYSIG F5", "KEYEXPIRED 1", "SIGEXPIRED"] {
            assert!(matches!(with(line), Expired), "{line}");
        }
        for line in ["REVKEYSIG F5", "KEYREVOKED"] {
            assert!(matches!(with(line), Revoked), "{line}");
        }
        assert!(matches!(with("ERRSIG EA 22 8 00 1795556116 9 D5"), OtherKey));
        assert!(matches!(with("ERRSIG EA 22 8 00 1795556116 4 D5"), Gpgv(_)));
        assert!(matches!(with("NODATA 1"), Malformed));
        for line in ["FAILURE gpg-exit 1", "ERROR x", "NEWSIG", "PLAINTEXT 62 0 ", "", "goodsig"] {
            assert!(matches!(with(line), Gpgv(_)), "{line}");
        }
    }

    #[test]
    fn incomplete_status_is_rejected() {
        let lines: Vec<&str> = GOOD.lines().collect();
        for omitted in [0, 3, 4] {
            let rest: Vec<&str> = (0..5).filter(|i| *i != omitted).map(|i| lines[i]).collect();
            assert!(matches!(parsed(&rest.join("\n")), Err(SignatureError::Gpgv(_))));
        }
        assert!(parsed("").is_err());
        let changes = [
            ("GOODSIG F5C32A9E896F626C", "GOODSIG F5C32A9E896F626D"),
            ("GOODSIG F5C32A9E896F626C ", "GOODSIG "),
            (" 8 00 ", " 8 01 "),
            (" 22 8 ", " 22 "),
            ("VALIDSIG 3CCD87", "VALIDSIG 3CC"),
            ("[GNUPG:] SIG_ID", "gpgv: SIG_ID"),
        ];
        for (from, to) in changes {
            assert!(GOOD.contains(from));
            assert!(
                matches!(parsed(&GOOD.replace(from, to)), Err(SignatureError::Gpgv(_))),
                "{to}"
            );
        }
        for hash in [" 22 1 00", " 22 2 00", " 22 3 00"] {
            let status = GOOD.replace(" 22 8 00", hash);
            assert!(matches!(parsed(&status), Err(SignatureError::WeakHash)), "{hash}");
        }
    }
}
