//! A scratch directory with links to the program, named like coreutils, and scripts that run there.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The names of the tools.
pub(crate) const TOOLS: [&str; 9] = [
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2sum",
    "cksum",
    "sum",
];

/// MD5 of the file `a`, which holds the letter a, and of `empty`.
pub(crate) const A: &str = "0cc175b9c0f1b6a831c399e269772661";
pub(crate) const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// A directory with `bin`, which has the links, and `work`, which has the files `a` (the letter a),
/// `b` (the letter b), `empty` and `a b` (both empty) and the directory `dir`.
pub(crate) struct Scratch {
    directory: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let scratch = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(scratch.bin()).unwrap();
        fs::create_dir_all(scratch.work().join("dir")).unwrap();
        for name in TOOLS {
            symlink(env!("CARGO_BIN_EXE_hsum"), scratch.bin().join(name)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_hsum"), scratch.bin().join("hsum")).unwrap();
        for (name, contents) in [("a", "a"), ("b", "b"), ("empty", ""), ("a b", "")] {
            fs::write(scratch.work().join(name), contents).unwrap();
        }
        scratch
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.path().join("bin")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// Runs a `bash` script in `work`, with the links first in PATH, in the C locale.
    pub(crate) fn run(&self, script: impl AsRef<OsStr>) -> Output {
        let path = format!("{}:{}", self.bin().display(), std::env::var("PATH").unwrap());
        Command::new("bash")
            .arg("-c")
            .arg(script)
            .current_dir(self.work())
            .env("PATH", path)
            .env("LC_ALL", "C")
            .env_remove("POSIXLY_CORRECT")
            .env_remove("GLIBC_TUNABLES")
            .output()
            .unwrap()
    }

    /// Fails unless the script has this standard output, standard error and status.
    #[track_caller]
    pub(crate) fn check(&self, script: &str, stdout: &str, stderr: &str, code: i32) {
        let ran = self.run(script);
        let shown = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n");
        let got = (shown(&ran.stdout), shown(&ran.stderr), ran.status.code());
        let wanted = (shown(stdout.as_bytes()), shown(stderr.as_bytes()), Some(code));
        assert!(
            got == wanted,
            "$ {script}\n-- stdout\n{}\n-- stderr\n{}\n-- {:?}\nbut should be\n-- stdout\n{}\n\
             -- stderr\n{}\n-- {:?}",
            got.0,
            got.1,
            got.2,
            wanted.0,
            wanted.1,
            wanted.2
        );
    }

    /// Fails unless the script fails with this message and a reference to `--help`.
    #[track_caller]
    pub(crate) fn refused(&self, script: &str, message: &str) {
        let tool = script.split(' ').next().unwrap();
        let hint = format!("{tool}: {message}\nTry '{tool} --help' for more information.\n");
        self.check(script, "", &hint, 1);
    }
}
