//! The test environment: a temporary directory, `hsum` run in it, and readable differences.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use md5::Md5;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The program under test.
pub(crate) const HSUM: &str = env!("CARGO_BIN_EXE_hsum");
/// The time after which a process is considered hung.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A directory that is removed at the end of the test.
pub(crate) struct Dir(TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// Creates a directory with these files. Each contains its own name.
    pub(crate) fn with(names: &[&str]) -> Self {
        let dir = Self::new();
        names.iter().for_each(|name| dir.write(name, name));
        dir
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    /// Writes a file, and creates the directories above it.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, contents).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn mkdir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).expect("a directory");
    }

    pub(crate) fn link(&self, target: &str, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).expect("a symbolic link");
    }

    pub(crate) fn fifo(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.path(name)).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("chmod");
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).expect("metadata").permissions().mode() & 0o7777
    }

    /// Returns the sorted names of the entries.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let entries = fs::read_dir(self.0.path()).expect("a directory");
        let mut names: Vec<_> = entries.map(|e| e.expect("an entry").file_name()).collect();
        names.sort();
        names
    }

    /// Prepares `hsum ARGS` in this directory, with empty standard input and a minimal environment.
    pub(crate) fn hsum<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        let mut call = self.command(HSUM);
        call.command.args(args);
        call
    }

    /// Prepares `hsum WORDS`, split at blanks.
    pub(crate) fn words(&self, words: &str) -> Call {
        self.hsum(words.split_whitespace())
    }

    /// Prepares a shell script, in which `$HSUM` is the program.
    pub(crate) fn shell(&self, script: &str) -> Call {
        let mut call = self.command("sh");
        call.command.args(["-c", script]);
        call
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Call {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).env_clear().env("LC_ALL", "C").env("HSUM", HSUM);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Call { command, stdin: Vec::new() }
    }

    /// Prepares `hsum ARGS` as an unprivileged user.
    ///
    /// Returns `None`, with a message, if this test runs as root and cannot become another user.
    pub(crate) fn powerless(&self, args: &[&str]) -> Option<Call> {
        self.chmod("", 0o755);
        if fs::metadata(self.path("")).expect("metadata").uid() != 0 {
            return Some(self.hsum(args));
        }
        let unprivileged = ["--reuid=65534", "--regid=65534", "--clear-groups", HSUM];
        let mut probe = Command::new("setpriv");
        let probe = probe.args(unprivileged).arg("--version").output();
        if !probe.is_ok_and(|output| output.status.success()) {
            return skip("setpriv is missing, or the other user cannot run the program");
        }
        let mut call = self.command("setpriv");
        call.command.args(unprivileged).args(args);
        Some(call)
    }
}

/// A prepared run of a program.
pub(crate) struct Call {
    command: Command,
    stdin: Vec<u8>,
}

impl Call {
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts the program with empty standard input and piped outputs.
    pub(crate) fn spawn(mut self) -> Child {
        let command = self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// Runs the program with a pipe without a reader as standard output.
    pub(crate) fn run_unread(mut self) -> Ran {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        self.command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = self.command.spawn().expect("the program starts");
        drop(self.command);
        finish(child)
    }

    /// Runs the program to its end.
    pub(crate) fn run(mut self) -> Ran {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("piped");
        let stdin = std::mem::take(&mut self.stdin);
        // The program may end before it has read everything.
        thread::spawn(move || pipe.write_all(&stdin));
        finish(child)
    }

    /// Runs the program, and fails unless it ends with this status and these outputs.
    #[track_caller]
    pub(crate) fn gives(self, code: i32, stdout: impl AsRef<[u8]>, stderr: &str) -> Ran {
        let ran = self.run();
        ran.is(code, stdout.as_ref(), stderr);
        ran
    }

    /// Runs the program, and fails unless it succeeds and prints exactly `stdout`.
    #[track_caller]
    pub(crate) fn prints(self, stdout: impl AsRef<[u8]>) -> Ran {
        self.gives(0, stdout, "")
    }

    /// Runs the program, and fails unless it ends with status 2, no output and `word` in a message.
    #[track_caller]
    pub(crate) fn refuses(self, word: &str) -> Ran {
        let ran = self.run();
        ran.is_in(2, b"", word);
        ran
    }
}

/// Waits for the end of a process, and fails if it hangs.
pub(crate) fn finish(mut child: Child) -> Ran {
    let (send, receive) = mpsc::channel();
    let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    for (number, pipe) in [(1, stdout), (2, stderr)] {
        let send = send.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.into_iter().for_each(|mut pipe| drop(pipe.read_to_end(&mut bytes)));
            let _ = send.send((number, bytes));
        });
    }
    let mut outputs = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let Ok((number, bytes)) = receive.recv_timeout(TIMEOUT) else {
            let _ = child.kill();
            panic!("the program hangs");
        };
        outputs[number - 1] = bytes;
    }
    let [stdout, stderr] = outputs;
    let status = child.wait().expect("a status");
    Ran { stdout, stderr: String::from_utf8_lossy(&stderr).into_owned(), status }
}

/// The result of a run.
pub(crate) struct Ran {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
}

impl Ran {
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &[u8], stderr: &str) {
        let mut wrong = self.differences(code, Some(stdout));
        if self.stderr != stderr {
            differ(&mut wrong, "standard error", stderr.as_bytes(), self.stderr.as_bytes());
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// Fails unless the status and the output match, and standard error contains `word`.
    #[track_caller]
    pub(crate) fn is_in(&self, code: i32, stdout: &[u8], word: &str) {
        let mut wrong = self.differences(code, Some(stdout));
        if !self.stderr.contains(word) {
            let _ = writeln!(wrong, "'{word}' is missing in standard error:\n{}", self.stderr);
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// Returns the output as text. Fails unless the status is `code`.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> String {
        let wrong = self.differences(code, None);
        assert!(wrong.is_empty(), "{wrong}{}", self.stderr);
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns the signal that ended the program.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    fn differences(&self, code: i32, stdout: Option<&[u8]>) -> String {
        let mut wrong = String::new();
        if self.status.code() != Some(code) {
            let _ = writeln!(wrong, "exit status {code} expected, got {}", self.status);
            let _ = writeln!(wrong, "standard error was:\n{}", self.stderr);
        }
        if let Some(stdout) = stdout.filter(|stdout| *stdout != self.stdout) {
            differ(&mut wrong, "standard output", stdout, &self.stdout);
        }
        wrong
    }
}

/// Appends the lines that differ to the report.
fn differ(report: &mut String, title: &str, expected: &[u8], got: &[u8]) {
    let _ = writeln!(report, "{title} differs (- expected, + got):");
    let expected: Vec<_> = expected.split_inclusive(|&b| b == b'\n').collect();
    let got: Vec<_> = got.split_inclusive(|&b| b == b'\n').collect();
    for i in 0..expected.len().max(got.len()) {
        let (minus, plus) = (expected.get(i), got.get(i));
        if minus != plus {
            for (sign, line) in [('-', minus), ('+', plus)] {
                let _ = line.map(|line| writeln!(report, "{sign} {}", line.escape_ascii()));
            }
        }
    }
}

/// Reports that a test is skipped, and why.
pub(crate) fn skip<T>(why: &str) -> Option<T> {
    eprintln!("skipped: {}: {why}", thread::current().name().unwrap_or("a test"));
    None
}

/// Returns `true` if the program is installed; otherwise reports that the test is skipped.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    found || skip::<()>(&format!("no {program}")).is_some()
}

/// Returns the output of a shell script on a terminal, with CR LF as LF.
///
/// Returns `None`, with a message, if util-linux's `script` is not installed.
pub(crate) fn on_a_terminal(dir: &Dir, script: &str) -> Option<Vec<u8>> {
    let probe = Command::new("script").arg("--version").output();
    if !probe.is_ok_and(|output| output.stdout.windows(10).any(|w| w == b"util-linux")) {
        return skip("util-linux's script is not installed");
    }
    let mut call = dir.command("script").args(["-qec", script, "/dev/null"]);
    call = call.env("SHELL", "/bin/sh").env("TERM", "xterm");
    let bytes = call.run().stdout;
    let before_lf = |i: usize| bytes[i] == b'\r' && bytes.get(i + 1) == Some(&b'\n');
    Some((0..bytes.len()).filter(|&i| !before_lf(i)).map(|i| bytes[i]).collect())
}

/// Opens a FIFO for writing as soon as another process has opened it for reading.
pub(crate) fn open_fifo(path: &Path) -> File {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let start = Instant::now();
    loop {
        match OpenOptions::new().write(true).custom_flags(nonblocking).open(path) {
            Ok(file) => return file,
            Err(_) if start.elapsed() < TIMEOUT => thread::sleep(Duration::from_millis(2)),
            Err(error) => panic!("{path:?} has no reader: {error}"),
        }
    }
}

pub(crate) fn kill(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill");
}

/// Returns the lines of JSON in `text` with the times replaced by zero.
pub(crate) fn without_times(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split("\"seconds\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        shown + "\"seconds\":0" + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
    })
}

pub(crate) fn sha256(contents: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(contents))
}

pub(crate) fn md5(contents: impl AsRef<[u8]>) -> String {
    hex::encode(Md5::digest(contents))
}

/// Returns a checksum file of the files that [`Dir::with`] creates.
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("{}  {name}\n", sha256(name))).collect()
}

/// Pseudo-random numbers that are the same in every run (xorshift64*).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// Returns `bytes` as a file name.
pub(crate) fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
