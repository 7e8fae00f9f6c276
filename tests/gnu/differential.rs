//! The same calls of coreutils and hsum must give the same bytes and statuses.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, pipe};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use super::cases::{Case, Dice, Files, made, name};
use super::known::{KNOWN, Known};
use super::scratch::{Scratch, TOOLS};

/// The number of cases unless HSUM_GNU_CASES is set.
const CASES: u64 = 1500;

/// The result of a call.
#[derive(PartialEq, Eq, Clone)]
pub(crate) struct Ran {
    pub(crate) stdout: Vec<u8>,
    stderr: Vec<u8>,
    code: Option<i32>,
}

impl Ran {
    pub(crate) fn all(&self) -> Vec<u8> {
        [&*self.stderr, &*self.stdout].concat()
    }

    fn show(&self) -> String {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n      ");
        format!("{:?}\n  out {}\n  err {}", self.code, text(&self.stdout), text(&self.stderr))
    }
}

impl Case {
    pub(crate) fn has(&self, start: &str) -> bool {
        self.words.iter().any(|word| word.starts_with(start.as_bytes()))
    }

    pub(crate) fn has_short(&self, letter: u8) -> bool {
        let is = |word: &Vec<u8>| matches!(&**word, [b'-', b, ..] if *b != b'-');
        self.words.iter().filter(|word| is(word)).any(|word| word.contains(&letter))
    }

    pub(crate) fn has_length(&self) -> bool {
        self.has_short(b'l') || self.has("--len")
    }

    pub(crate) fn checks(&self) -> bool {
        self.has_short(b'c') || self.has("--c")
    }

    /// Returns the command line in shell syntax.
    fn show(&self) -> String {
        let quoted = |bytes: &[u8]| format!("$'{}'", bytes.escape_ascii());
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let mut text = format!("{} {}", self.tool, words.join(" "));
        for (on, what) in
            [(self.posix, "POSIXLY_CORRECT"), (self.utf8, "UTF-8"), (self.merged, "2>&1")]
        {
            text += if on { " # " } else { "" };
            text += if on { what } else { "" };
        }
        for (i, list) in self.lists.iter().enumerate() {
            text += &format!(
                "\n  l{i}: {}",
                list.escape_ascii().to_string().replace("\\n", "\n      ")
            );
        }
        text + &format!("\n  stdin: {}", self.stdin.escape_ascii())
    }

    fn run(&self, program: &Path, place: &Place) -> Ran {
        let mut command = Command::new(program);
        command
            .arg0(self.tool)
            .args(self.words.iter().map(|word| OsStr::from_bytes(word)))
            .current_dir(&place.work)
            .env("LC_ALL", if self.utf8 { "C.UTF-8" } else { "C" })
            .env_remove("POSIXLY_CORRECT")
            .stdin(File::open(&place.stdin).unwrap());
        if self.posix {
            command.env("POSIXLY_CORRECT", "1");
        }
        if !self.merged {
            let output = command.output().unwrap();
            return Ran {
                stdout: output.stdout,
                stderr: output.stderr,
                code: output.status.code(),
            };
        }
        let (mut reader, writer) = pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut stdout = Vec::new();
        reader.read_to_end(&mut stdout).unwrap();
        Ran { stdout, stderr: Vec::new(), code: child.wait().unwrap().code() }
    }
}

/// The working directory of a thread.
struct Place {
    work: PathBuf,
    stdin: PathBuf,
}

fn files() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut dice = Dice::new(7);
    let mut files: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (b"a".to_vec(), b"a".to_vec()),
        (b"empty".to_vec(), Vec::new()),
        (b"-c".to_vec(), b"option".to_vec()),
        (b"large".to_vec(), vec![7; 300_000]),
    ];
    while files.len() < 40 {
        let name = name(&mut dice);
        if !name.contains(&b'/') && !files.iter().any(|(known, _)| *known == name) {
            // Not eight characters of base64, which since 9.2 are a BLAKE2b digest of 48 bits (C7).
            files.push((name, b"con-tents ".repeat(files.len() * 3)));
        }
    }
    files
}

fn place(scratch: &Scratch, number: usize, files: &Files) -> Place {
    let work = scratch.path().join(format!("work{number}"));
    fs::create_dir_all(work.join("dir")).unwrap();
    for (name, contents) in files {
        fs::write(work.join(OsStr::from_bytes(name)), contents).unwrap();
    }
    symlink("loop", work.join("loop")).unwrap();
    symlink("nowhere", work.join("dangling")).unwrap();
    Place { work, stdin: scratch.path().join(format!("stdin{number}")) }
}

/// Compares the results; fails with the number of known differences that excuse the case.
#[allow(clippy::type_complexity)] // which of a row's two functions
fn compare(case: &Case, gnu: &Ran, ours: &Ran) -> Result<(), usize> {
    let through = |ran: &Ran, change: fn(&Known) -> fn(&Case, Vec<u8>) -> Vec<u8>| {
        let all = |bytes: &[u8]| {
            KNOWN.iter().fold(bytes.to_vec(), |bytes, known| change(known)(case, bytes))
        };
        (all(&ran.stdout), all(&ran.stderr), ran.code)
    };
    if gnu == ours || through(gnu, |known| known.gnu) == through(ours, |known| known.ours) {
        return Ok(());
    }
    Err(KNOWN.iter().position(|known| (known.skips)(case, gnu)).unwrap_or(KNOWN.len()))
}

#[test]
fn hsum_agrees_with_coreutils() {
    let bins = [Path::new("/usr/bin"), Path::new("/bin")];
    let Some(bin) = bins.into_iter().find(|bin| TOOLS.iter().all(|t| bin.join(t).exists())) else {
        eprintln!("skipped: coreutils are not installed");
        return;
    };
    let version = Command::new(bin.join("md5sum")).arg("--version").output().unwrap().stdout;
    if !version.starts_with(b"md5sum (GNU coreutils) 9.1\n") {
        eprintln!("skipped: the differences are listed for GNU coreutils 9.1");
        return;
    }
    let number = |name: &str, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let (cases, seed) = (number("HSUM_GNU_CASES", CASES), number("HSUM_GNU_SEED", 1));
    let scratch = Scratch::new();
    let files = files();
    let next = AtomicU64::new(0);
    let (compared, skipped) = (AtomicU64::new(0), KNOWN.map(|_| AtomicU64::new(0)));
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..3 {
            let place = place(&scratch, thread, &files);
            let (scratch, files, next, wrong) = (&scratch, &files, &next, &wrong);
            let (compared, skipped) = (&compared, &skipped);
            scope.spawn(move || {
                while let Some(number) = Some(next.fetch_add(1, Relaxed)).filter(|n| *n < cases) {
                    let case = made(seed.wrapping_mul(1 << 32) + number, files);
                    fs::write(&place.stdin, &case.stdin).unwrap();
                    for (i, list) in case.lists.iter().enumerate() {
                        fs::write(place.work.join(format!("l{i}")), list).unwrap();
                    }
                    let gnu = case.run(&bin.join(case.tool), &place);
                    let ours = case.run(&scratch.bin().join(case.tool), &place);
                    match compare(&case, &gnu, &ours) {
                        Ok(()) => drop(compared.fetch_add(1, Relaxed)),
                        Err(row) if row < KNOWN.len() => drop(skipped[row].fetch_add(1, Relaxed)),
                        Err(_) => wrong.lock().unwrap().push(format!(
                            "#{number} {}\ngnu  {}\nours {}\n",
                            case.show(),
                            gnu.show(),
                            ours.show()
                        )),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{} agree of {cases}", compared.into_inner());
    for (known, count) in KNOWN.iter().zip(skipped) {
        println!("{:6} not compared: {}", count.into_inner(), known.why);
    }
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} unexplained differences of {cases}\n{shown}", wrong.len());
}
