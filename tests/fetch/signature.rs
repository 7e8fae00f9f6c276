//! Signatures made by minisign and GnuPG, good and bad.

use std::fs;
use std::process::{Command, Stdio};

use hsum::trust::signature::{
    Keyring, LegacySignatures, MinisignKey, MinisignSignature, OpenPgpSignature, SignatureError,
    SignedData,
};
use tempfile::TempDir;

const KEY: &[u8] = include_bytes!("../fixtures/minisign/key.pub");
const PREHASHED: &[u8] = include_bytes!("../fixtures/minisign/prehashed.minisig");
const LEGACY: &[u8] = include_bytes!("../fixtures/minisign/legacy.minisig");
const OTHER: &[u8] = include_bytes!("../fixtures/minisign/other.minisig");

fn minisign(
    signature: &[u8],
    signed: &[u8],
    legacy: LegacySignatures,
) -> Result<String, SignatureError> {
    let key = MinisignKey::parse(KEY).unwrap();
    key.verify(&MinisignSignature::parse(signature)?, SignedData::Bytes(signed), legacy)
}

#[test]
fn minisign_signatures_verify() {
    let comment = minisign(PREHASHED, b"abc", LegacySignatures::Refused).unwrap();
    assert_eq!(comment, "file: data, release 1.0");
    assert_eq!(minisign(LEGACY, b"abc", LegacySignatures::Accepted).unwrap(), "old style");
    let line = KEY.split(|b| *b == b'\n').nth(1).unwrap();
    let signature = MinisignSignature::parse(PREHASHED).unwrap();
    let alone = MinisignKey::parse(line).unwrap();
    assert!(alone.verify(&signature, SignedData::Bytes(b"abc"), LegacySignatures::Refused).is_ok());
}

#[test]
fn other_minisign_signatures_are_rejected() {
    use SignatureError::{InvalidKey, Malformed, Mismatch, OtherKey};
    for signed in [&b"abd"[..], b"", b"abc\n"] {
        assert!(matches!(minisign(PREHASHED, signed, LegacySignatures::Refused), Err(Mismatch)));
        assert!(matches!(minisign(LEGACY, signed, LegacySignatures::Accepted), Err(Mismatch)));
    }
    assert!(matches!(
        minisign(LEGACY, b"abc", LegacySignatures::Refused),
        Err(SignatureError::Legacy)
    ));
    assert!(matches!(minisign(OTHER, b"abc", LegacySignatures::Refused), Err(OtherKey)));
    let text = String::from_utf8(PREHASHED.to_vec()).unwrap();
    let forged = text.replace("release 1.0", "release 1.1");
    assert!(matches!(
        minisign(forged.as_bytes(), b"abc", LegacySignatures::Refused),
        Err(Mismatch)
    ));
    let lines: Vec<&str> = text.lines().collect();
    for count in 0..4 {
        let cut = lines[..count].join("\n");
        assert!(matches!(
            minisign(cut.as_bytes(), b"abc", LegacySignatures::Refused),
            Err(Malformed)
        ));
    }
    for key in [&b""[..], b"RWTvhJakS7kl", b"\xff", PREHASHED] {
        assert!(matches!(MinisignKey::parse(key), Err(InvalidKey)));
    }
}

#[test]
fn a_missing_file_is_not_a_rejection() {
    let key = MinisignKey::parse(KEY).unwrap();
    let signature = MinisignSignature::parse(PREHASHED).unwrap();
    let error =
        key.verify(&signature, SignedData::File("/no/such".as_ref()), LegacySignatures::Refused);
    assert!(!error.unwrap_err().is_rejection());
}

/// A folder with a GnuPG home, keys and signatures. Tests without GnuPG are skipped with a message.
struct Gnupg(TempDir);

impl Gnupg {
    fn new(test: &str) -> Option<Self> {
        let is_installed = |program: &str| {
            let mut command = Command::new(program);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if let Some(missing) = ["gpg", "gpgv"].into_iter().find(|program| !is_installed(program)) {
            eprintln!("{test}: skipped: no {missing}");
            return None;
        }
        let gnupg = Self(tempfile::Builder::new().prefix("hs").tempdir_in("/tmp").unwrap());
        fs::create_dir(gnupg.path("home")).unwrap();
        fs::write(gnupg.path("data"), "hello\n").unwrap();
        Some(gnupg)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn gpg(&self, args: &str) {
        let status = Command::new("gpg")
            .args(["--quiet", "--batch", "--yes", "--no-permission-warning", "--passphrase", ""])
            .args(args.split(' ').map(|arg| arg.replace('+', " ")))
            .current_dir(self.0.path())
            .env("GNUPGHOME", self.path("home"))
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "gpg {args}");
    }

    fn verify(&self, ring: &str, signature: &str) -> Result<Vec<OpenPgpSignature>, SignatureError> {
        let signature = fs::read(self.path(signature)).unwrap();
        let ring = Keyring::open(&self.path(ring))?;
        let file = ring.verify(&signature, SignedData::File(&self.path("data")));
        let bytes =
            ring.verify(&signature, SignedData::Bytes(&fs::read(self.path("data")).unwrap()));
        assert_eq!(format!("{file:?}"), format!("{bytes:?}"));
        file
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let mut command = Command::new("gpgconf");
        let _ = command.args(["--kill", "all"]).env("GNUPGHOME", self.path("home")).status();
    }
}

#[test]
fn gnupg_signatures_verify() {
    use SignatureError::{Gpgv, InvalidKey, Io, Malformed, Mismatch, OtherKey, WeakHash};
    let Some(gnupg) = Gnupg::new("gnupg_signatures_verify") else { return };
    gnupg.gpg("--quick-gen-key a@example.org ed25519 sign never");
    gnupg.gpg("--quick-gen-key b@example.org ed25519 sign never");
    gnupg.gpg("--output ring.gpg --export a@example.org");
    gnupg.gpg("--output ring.asc --armor --export a@example.org");
    gnupg.gpg("--output both.asc --armor --export");
    gnupg.gpg("--output good.sig -u a@example.org --detach-sign data");
    gnupg.gpg("--output good.asc -u a@example.org --armor --detach-sign data");
    gnupg.gpg("--output other.sig -u b@example.org --detach-sign data");
    gnupg.gpg("--output two.sig -u a@example.org -u b@example.org --detach-sign data");
    gnupg.gpg("--output text.sig -u a@example.org --textmode --detach-sign data");
    gnupg.gpg("--output weak.sig -u a@example.org --digest-algo SHA1 --detach-sign data");
    for ring in ["ring.gpg", "ring.asc"] {
        for signature in ["good.sig", "good.asc"] {
            let good = gnupg.verify(ring, signature).unwrap();
            assert_eq!((good.len(), &*good[0].user), (1, "a@example.org"), "{ring} {signature}");
        }
        assert!(matches!(gnupg.verify(ring, "other.sig"), Err(OtherKey)));
        assert!(matches!(gnupg.verify(ring, "two.sig"), Err(OtherKey)));
        assert!(matches!(gnupg.verify(ring, "data"), Err(Malformed)));
        assert!(matches!(gnupg.verify(ring, "text.sig"), Err(Gpgv(_))));
        assert!(matches!(gnupg.verify(ring, "weak.sig"), Err(WeakHash)));
    }
    assert_eq!(gnupg.verify("both.asc", "two.sig").unwrap().len(), 2);
    fs::write(gnupg.path("data"), "hellO\n").unwrap();
    assert!(matches!(gnupg.verify("ring.gpg", "good.sig"), Err(Mismatch)));
    assert!(matches!(Keyring::open(&gnupg.path("none")), Err(Io(_))));
    let armour = fs::read_to_string(gnupg.path("ring.asc")).unwrap();
    fs::write(gnupg.path("cut.asc"), &armour[..armour.len() / 2]).unwrap();
    assert!(matches!(Keyring::open(&gnupg.path("cut.asc")), Err(InvalidKey)));
    fs::write(gnupg.path("junk"), "no keys").unwrap();
    assert!(matches!(Keyring::open(&gnupg.path("junk")), Err(InvalidKey)));
    // gpgv exits with 2 for data after a good signature, which its status lines do not mention.
    gnupg.gpg("--output inline.gpg -u a@example.org --sign data");
    let mut mixed = fs::read(gnupg.path("good.sig")).unwrap();
    mixed.extend(fs::read(gnupg.path("inline.gpg")).unwrap());
    fs::write(gnupg.path("mixed.sig"), mixed).unwrap();
    fs::write(gnupg.path("data"), "hello\n").unwrap();
    assert!(gnupg.verify("ring.gpg", "good.sig").is_ok());
    assert!(matches!(gnupg.verify("ring.gpg", "mixed.sig"), Err(Gpgv(_))));
    gnupg.gpg("--output clear.asc -u a@example.org --clear-sign data");
    assert!(matches!(gnupg.verify("ring.gpg", "clear.asc"), Err(SignatureError::ClearSigned)));
}

// The exit status of gpgv is 0 for an expired key.
#[test]
fn expired_gnupg_keys_are_rejected() {
    let Some(gnupg) = Gnupg::new("expired_gnupg_keys_are_rejected") else { return };
    let then = "--faked-system-time 20200101T000000";
    gnupg.gpg(&format!("{then} --quick-gen-key e@example.org ed25519 sign 2d"));
    gnupg.gpg(&format!("{then} --output e.sig -u e@example.org --detach-sign data"));
    gnupg.gpg("--output ring.gpg --export");
    assert!(matches!(gnupg.verify("ring.gpg", "e.sig"), Err(SignatureError::Expired)));
    gnupg.gpg(&format!("{then} --quick-gen-key s@example.org ed25519 sign never"));
    let briefly = format!("{then} --default-sig-expire 2d");
    gnupg.gpg(&format!("{briefly} --output s.sig -u s@example.org --detach-sign data"));
    gnupg.gpg("--output ring.gpg --export");
    assert!(matches!(gnupg.verify("ring.gpg", "s.sig"), Err(SignatureError::Expired)));
}

#[test]
fn clear_signed_text_is_extracted() {
    let Some(gnupg) = Gnupg::new("clear_signed_text_is_extracted") else { return };
    gnupg.gpg("--quick-gen-key a@example.org ed25519 sign never");
    gnupg.gpg("--output ring.gpg --export");
    fs::write(gnupg.path("data"), "- dashed\nSHA256 (a) = 00\n").unwrap();
    gnupg.gpg("--output data.asc -u a@example.org --clear-sign data");
    let ring = Keyring::open(&gnupg.path("ring.gpg")).unwrap();
    let message = fs::read_to_string(gnupg.path("data.asc")).unwrap();
    let around = format!("SHA256 (evil) = 11\n{message}SHA256 (evil) = 22\n");
    for message in [&message, &around] {
        let (text, good) = ring.open_clearsigned(message.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "- dashed\nSHA256 (a) = 00\n");
        assert_eq!(good[0].user, "a@example.org");
    }
    let forged = message.replace("(a) = 00", "(a) = 01");
    assert!(matches!(ring.open_clearsigned(forged.as_bytes()), Err(SignatureError::Mismatch)));
    assert!(ring.open_clearsigned(message.repeat(2).as_bytes()).is_err());
    assert!(ring.open_clearsigned(b"SHA256 (a) = 00\n").is_err());
}
