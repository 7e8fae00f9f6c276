//! `--exec`: a command that runs for each verified request.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hsum::internals::lock;
use rustix::process::{Pid, Signal, kill_process_group};

/// The length of the output that is kept; the rest is read and dropped.
const KEPT: usize = 4096;
/// The time for which the output is awaited after the command has ended: a process that it left
/// behind may hold it open.
const OUTPUT_TIME: Duration = Duration::from_millis(500);
/// The longest pause between two looks at the command.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A shell command.
pub(crate) struct ShellCommand {
    pub(crate) line: OsString,
    pub(crate) limit: Duration,
    /// The environment variables that hold keys, which the command does not get.
    pub(crate) secrets: Vec<OsString>,
}

/// The end of a command.
pub(crate) struct Ended {
    pub(crate) outcome: Result<(), CommandError>,
    /// The start of its output and messages.
    pub(crate) output: Vec<u8>,
}

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("the command cannot be started: {0}")]
    NotStarted(io::Error),
    #[error("the command took longer than {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the command ended with status {0}")]
    Status(i32),
    #[error("signal {0} ended the command")]
    Signal(i32),
}

impl ShellCommand {
    /// Runs the command with `body` as its standard input and `variables` in its environment.
    ///
    /// The shell sees the operator's line only: values of the request are never part of it.
    pub(crate) fn run(&self, body: &Bytes, variables: &[(&str, String)]) -> Ended {
        match self.start(variables) {
            Ok((child, output)) => self.supervise(child, output, body.clone()),
            Err(error) => {
                Ended { outcome: Err(CommandError::NotStarted(error)), output: Vec::new() }
            }
        }
    }

    fn start(&self, variables: &[(&str, String)]) -> io::Result<(Child, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.line).process_group(0);
        self.secrets.iter().for_each(|name| _ = command.env_remove(name));
        for (name, value) in variables {
            // A value with a NUL cannot be passed on.
            command.env(name, OsStr::from_bytes(value.replace('\0', "").as_bytes()));
        }
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        Ok((command.spawn()?, reader))
    }

    fn supervise(&self, mut child: Child, output: PipeReader, body: Bytes) -> Ended {
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || feed(stdin, &body));
        }
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (done, is_done) = mpsc::channel();
        thread::spawn({
            let kept = Arc::clone(&kept);
            move || {
                keep(output, &kept);
                let _ = done.send(());
            }
        });
        let outcome = match wait(&mut child, self.limit) {
            Ok(Some(status)) => check(status),
            Ok(None) => Err(CommandError::TimedOut(self.limit)),
            Err(error) => Err(CommandError::NotStarted(error)),
        };
        if !matches!(outcome, Ok(()) | Err(CommandError::Status(_) | CommandError::Signal(_))) {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
        let _ = is_done.recv_timeout(OUTPUT_TIME);
        let output = std::mem::take(&mut *lock(&kept));
        Ended { outcome, output }
    }
}

/// Waits for the end of the command; returns `None` after the limit.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

fn check(status: ExitStatus) -> Result<(), CommandError> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(CommandError::Status(code)),
        (None, signal) => Err(CommandError::Signal(signal.unwrap_or_default())),
    }
}

/// Writes the body. A command that does not read it to its end is not at fault.
fn feed(mut stdin: ChildStdin, body: &[u8]) {
    let _ = stdin.write_all(body);
}

/// Reads the output to its end, and keeps its start.
fn keep(mut output: PipeReader, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 4096];
    loop {
        match output.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                let mut kept = lock(kept);
                let room = KEPT.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&piece[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str, limit: Duration, body: &[u8], variables: &[(&str, String)]) -> Ended {
        let secrets = vec!["HOME".into()];
        let command = ShellCommand { line: line.into(), limit, secrets };
        command.run(&Bytes::copy_from_slice(body), variables)
    }

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn the_body_is_the_input_and_values_are_not_code() {
        let variables = [("HSUM_EVENT", "$(echo code)`id`\0; exit 7".to_owned())];
        let ended = run(
            "cat; printf %s \"$HSUM_EVENT\"; echo ${HOME-none} >&2",
            LIMIT,
            b"body ",
            &variables,
        );
        assert!(ended.outcome.is_ok());
        assert_eq!(ended.output.escape_ascii().to_string(), "body $(echo code)`id`; exit 7none\\n");
    }

    #[test]
    fn failures_are_told_apart() {
        let failed = |line, limit| run(line, limit, b"", &[]).outcome.expect_err("a failure");
        assert!(matches!(failed("exit 3", LIMIT), CommandError::Status(3)));
        assert!(matches!(failed("kill -9 $$", LIMIT), CommandError::Signal(9)));
        let start = Instant::now();
        let slow = failed("sleep 600 & sleep 600", Duration::from_millis(50));
        assert!(matches!(slow, CommandError::TimedOut(_)));
        assert!(start.elapsed() < LIMIT);
    }

    #[test]
    fn output_is_cut_and_an_unread_body_is_no_failure() {
        let ended = run("exec <&-; yes | head -c 1000000", LIMIT, &[0; 1 << 20], &[]);
        assert!(ended.outcome.is_ok());
        assert_eq!(ended.output.len(), KEPT);
    }

    #[test]
    fn a_process_left_behind_does_not_delay_the_end() {
        let start = Instant::now();
        let ended = run("echo a; sleep 30 &", LIMIT, b"", &[]);
        assert!(ended.outcome.is_ok() && start.elapsed() < Duration::from_secs(20));
        assert_eq!(ended.output, b"a\n");
    }
}
