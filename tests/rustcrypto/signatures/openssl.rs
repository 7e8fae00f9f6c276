//! The `openssl` command as a judge.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Returns `true` if `openssl dgst` can verify signatures here.
pub(crate) fn is_installed() -> bool {
    let is_installed = Command::new("openssl").arg("version").output().is_ok();
    if !is_installed {
        eprintln!("skipped: openssl is not installed");
    }
    is_installed
}

/// Verifies a signature with `openssl dgst -HASH -verify`.
pub(crate) fn verifies(hash: &str, public_pem: &str, options: &[&str], signature: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("key.pem"), public_pem).unwrap();
    fs::write(dir.path().join("message"), super::MESSAGE).unwrap();
    fs::write(dir.path().join("signature"), signature).unwrap();
    let verify = ["-verify", "key.pem", "-signature", "signature", "message"];
    let (is_ok, output) = dgst(dir.path(), hash, options, &verify);
    is_ok && output.starts_with(b"Verified OK")
}

/// Signs with `openssl dgst -HASH -sign`.
pub(crate) fn sign(hash: &str, private_pem: &str, options: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("key.pem"), private_pem).unwrap();
    fs::write(dir.path().join("message"), super::MESSAGE).unwrap();
    let (is_ok, signature) = dgst(dir.path(), hash, options, &["-sign", "key.pem", "message"]);
    assert!(is_ok, "openssl dgst -{hash} -sign");
    signature
}

fn dgst(dir: &Path, hash: &str, options: &[&str], rest: &[&str]) -> (bool, Vec<u8>) {
    let mut command = Command::new("openssl");
    command.current_dir(dir).arg("dgst").arg(format!("-{hash}"));
    for option in options {
        command.args(["-sigopt", option]);
    }
    let output = command.args(rest).output().unwrap();
    (output.status.success(), output.stdout)
}
