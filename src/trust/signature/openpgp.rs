//! OpenPGP by `gpgv`, whose status lines are read to the letter.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use super::{SignatureError, SignedData, armor, is_clear_signed};
use crate::fs::bounded::read_file;
use crate::fs::temporary::TemporaryFolder;

/// The longest signature, in bytes; a pipe takes as much without a reader.
const LONGEST_SIGNATURE: usize = 60 << 10;

/// The longest keyring and the longest signed text, in bytes.
const LONGEST: u64 = 64 << 20;

/// A file of public keys that signatures may be by: in `gpg --export`'s format, or in armour.
#[derive(Clone, Debug)]
pub struct Keyring {
    path: PathBuf,
    /// The folder of a copy without armour, which goes with the last of its users.
    _folder: Option<Arc<TemporaryFolder>>,
}

/// A good signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenPgpSignature {
    /// The fingerprint of the primary key, in hex.
    pub key: String,
    /// The fingerprint of the key that signed, which may be a subkey.
    pub signing_key: String,
    /// The user that the key says it belongs to; nobody but the keyring's owner vouches for it.
    pub user: String,
    /// When it was made, in seconds since 1970, by the signer's clock.
    pub made: i64,
}

/// What a signature's class may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    /// Bytes as they are.
    Binary,
    /// Lines of text, whatever ends them.
    Text,
}

impl Keyring {
    /// The keyring at `path`.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged armour.
    pub fn open(path: &Path) -> Result<Self, SignatureError> {
        // gpgv would look for a name without a folder in the user's own keyrings.
        let path = std::path::absolute(path)?;
        let bytes = read(&path)?;
        if bytes.is_empty() {
            return Err(SignatureError::BadKey);
        }
        if !armor::is_armored(&bytes) {
            // gpgv would only report that the key of each signature is missing.
            if !is_keyring(&bytes) {
                return Err(SignatureError::BadKey);
            }
            return Ok(Self { path, _folder: None });
        }
        let keys = armor::keys(&bytes).ok_or(SignatureError::BadKey)?;
        let folder = TemporaryFolder::new()?;
        let path = folder.path().join("ring");
        fs::write(&path, keys)?;
        Ok(Self { path, _folder: Some(folder.into()) })
    }

    /// Whose signature it is, if every one in `signature` is by a key of this ring and of what
    /// `signed` says, as bytes.
    ///
    /// # Errors
    /// [`SignatureError`] says why not. `gpgv` itself ends well if a key has expired, so its status
    /// lines decide as well: none may be there that does not belong to a good signature.
    pub fn verify(
        &self,
        signature: &[u8],
        signed: SignedData<'_>,
    ) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        if is_clear_signed(signature) {
            return Err(SignatureError::ClearSigned);
        }
        if signature.is_empty() || signature.len() > LONGEST_SIGNATURE {
            return Err(SignatureError::Malformed);
        }
        let folder = TemporaryFolder::new()?;
        let path = match signed {
            SignedData::File(path) => std::path::absolute(path)?,
            SignedData::Bytes(bytes) => {
                let path = folder.path().join("signed");
                fs::write(&path, bytes)?;
                path
            }
        };
        File::open(&path)?;
        let words = ["--".as_ref(), "-".as_ref(), path.as_os_str()];
        self.gpgv(folder.path(), &words, signature)?.judge(Class::Binary)
    }

    /// The text inside a clear-signed message, without what stands around it, and whose signature
    /// it is.
    ///
    /// # Errors
    /// [`SignatureError`] says why there is nothing that is signed.
    pub fn open_clearsigned(
        &self,
        message: &[u8],
    ) -> Result<(Vec<u8>, Vec<OpenPgpSignature>), SignatureError> {
        let folder = TemporaryFolder::new()?;
        let (input, output) = (folder.path().join("message"), folder.path().join("text"));
        fs::write(&input, message)?;
        let words: [&OsStr; 4] =
            ["--output".as_ref(), output.as_os_str(), "--".as_ref(), input.as_os_str()];
        let signatures = self.gpgv(folder.path(), &words, b"")?.judge(Class::Text)?;
        Ok((read(&output)?, signatures))
    }

    fn gpgv(&self, home: &Path, words: &[&OsStr], input: &[u8]) -> Result<Ended, SignatureError> {
        let mut gpgv = Command::new("gpgv")
            .args(["--status-fd", "1", "--keyring"])
            .arg(&self.path)
            .args(words)
            .env("LC_ALL", "C")
            .env("GNUPGHOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => SignatureError::NoGpgv,
                _ => SignatureError::Io(error),
            })?;
        if let Some(mut stdin) = gpgv.stdin.take() {
            // Where it ends early, its status lines tell why.
            let _ = stdin.write_all(input);
        }
        let Output { status, stdout, .. } = gpgv.wait_with_output()?;
        match status.code() {
            Some(code @ 0..=2) => Ok(Ended { status: stdout, code }),
            // It crashed, or did not even begin: that says nothing of the signature.
            _ => Err(SignatureError::Io(io::Error::other(format!("gpgv failed: {status}")))),
        }
    }
}

/// The result of `gpgv`: its status lines and its exit status.
struct Ended {
    status: Vec<u8>,
    code: i32,
}

impl Ended {
    /// Returns the good signatures, if both say that all are good.
    fn judge(&self, class: Class) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        let good = judge(&self.status, class)?;
        match self.code {
            0 => Ok(good),
            code => Err(SignatureError::Refused(format!("exit status {code}"))),
        }
    }
}

/// Returns `true` if a file begins as keyrings do: with a public key's packet (RFC 9580, section
/// 4.2), or as a keybox.
fn is_keyring(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x98..=0x9b | 0xc6)) || bytes.get(8..12) == Some(b"KBXf")
}

/// Status lines → the good signatures, as many as there are signatures at all.
fn judge(status: &[u8], class: Class) -> Result<Vec<OpenPgpSignature>, SignatureError> {
    let text = String::from_utf8_lossy(status);
    let mut begun = 0;
    let mut users = Vec::new();
    let mut good = Vec::new();
    let mut texts = 0;
    for line in text.lines() {
        let refused = || SignatureError::Refused(line.chars().take(200).collect());
        let line = line.strip_prefix("[GNUPG:] ").ok_or_else(refused)?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "NEWSIG" => begun += 1,
            "GOODSIG" => {
                let (id, user) = rest.split_once(' ').unwrap_or((rest, ""));
                users.push((id, user));
            }
            "VALIDSIG" => {
                let (id, user) = users.last().copied().ok_or_else(refused)?;
                let signature = valid(rest, user, class)?.ok_or_else(refused)?;
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
            "BADSIG" => return Err(SignatureError::Wrong),
            "EXPSIG" | "EXPKEYSIG" | "KEYEXPIRED" | "SIGEXPIRED" => {
                return Err(SignatureError::Expired);
            }
            "REVKEYSIG" | "KEYREVOKED" => return Err(SignatureError::Revoked),
            "ERRSIG" => return Err(error_of(rest)),
            "NODATA" => return Err(SignatureError::Malformed),
            _ => return Err(refused()),
        }
    }
    let texts_fit = match class {
        Class::Binary => texts == 0,
        Class::Text => texts == 1,
    };
    if good.is_empty() || good.len() != begun || users.len() != begun || !texts_fit {
        return Err(SignatureError::Refused("not every signature is good".into()));
    }
    Ok(good)
}

/// The fields of `VALIDSIG`; `None` where they are not as GnuPG's doc/DETAILS has them.
fn valid(rest: &str, user: &str, class: Class) -> Result<Option<OpenPgpSignature>, SignatureError> {
    let fields: Vec<&str> = rest.split(' ').collect();
    let [signing_key, _, made, _, _, _, _, hash, own_class, key] = fields[..] else {
        return Ok(None);
    };
    let is_fingerprint =
        |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let wanted = match class {
        Class::Binary => "00",
        Class::Text => "01",
    };
    if own_class != wanted || !is_fingerprint(signing_key) || !is_fingerprint(key) {
        return Ok(None);
    }
    // RFC 9580, section 9.5: MD5, SHA-1, RIPEMD-160.
    if matches!(hash, "1" | "2" | "3") {
        return Err(SignatureError::Weak);
    }
    let Ok(made) = made.parse() else { return Ok(None) };
    let own = |text: &str| text.to_owned();
    Ok(Some(OpenPgpSignature {
        key: own(key),
        signing_key: own(signing_key),
        user: own(user),
        made,
    }))
}

/// Why `gpgv` could not verify; the fields of `ERRSIG`, of which the sixth is the reason.
fn error_of(rest: &str) -> SignatureError {
    match rest.split(' ').nth(5) {
        Some("9") => SignatureError::OtherKey,
        _ => SignatureError::Refused(format!("ERRSIG {rest}").chars().take(200).collect()),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_file(path, LONGEST)
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

    fn judged(status: &str) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        judge(status.as_bytes(), Class::Binary)
    }

    #[test]
    fn a_good_signature() {
        let good = judged(GOOD).unwrap();
        assert_eq!(good.len(), 1);
        assert_eq!(good[0].key, "3CCD8718AB1CF396869F6E62F5C32A9E896F626C");
        assert_eq!((&*good[0].user, good[0].made), ("Test <t@example.org>", 1_795_556_116));
        assert_eq!(judged(&GOOD.repeat(2)).unwrap().len(), 2);
    }

    #[test]
    fn the_exit_status_counts_too() {
        let ended = |code| Ended { status: GOOD.into(), code }.judge(Class::Binary);
        assert_eq!(ended(0).unwrap().len(), 1);
        for code in [1, 2] {
            assert!(matches!(ended(code), Err(SignatureError::Refused(_))), "{code}");
        }
    }

    #[test]
    fn every_other_word_is_against_it() {
        use SignatureError::*;
        let with = |line: &str| judged(&format!("{GOOD}[GNUPG:] {line}\n")).unwrap_err();
        assert!(matches!(with("BADSIG F5C32A9E896F626C Test"), Wrong));
        for line in ["EXPSIG F5", "EXPKEYSIG F5", "KEYEXPIRED 1", "SIGEXPIRED"] {
            assert!(matches!(with(line), Expired), "{line}");
        }
        for line in ["REVKEYSIG F5", "KEYREVOKED"] {
            assert!(matches!(with(line), Revoked), "{line}");
        }
        assert!(matches!(with("ERRSIG EA 22 8 00 1795556116 9 D5"), OtherKey));
        assert!(matches!(with("ERRSIG EA 22 8 00 1795556116 4 D5"), Refused(_)));
        assert!(matches!(with("NODATA 1"), Malformed));
        for line in ["FAILURE gpg-exit 1", "ERROR x", "NEWSIG", "PLAINTEXT 62 0 ", "", "goodsig"] {
            assert!(matches!(with(line), Refused(_)), "{line}");
        }
    }

    #[test]
    fn what_is_not_the_whole_of_a_good_signature() {
        let lines: Vec<&str> = GOOD.lines().collect();
        for left_out in [0, 3, 4] {
            let rest: Vec<&str> = (0..5).filter(|i| *i != left_out).map(|i| lines[i]).collect();
            assert!(matches!(judged(&rest.join("\n")), Err(SignatureError::Refused(_))));
        }
        assert!(judged("").is_err());
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
                matches!(judged(&GOOD.replace(from, to)), Err(SignatureError::Refused(_))),
                "{to}"
            );
        }
        for hash in [" 22 1 00", " 22 2 00", " 22 3 00"] {
            let status = GOOD.replace(" 22 8 00", hash);
            assert!(matches!(judged(&status), Err(SignatureError::Weak)), "{hash}");
        }
    }
}
