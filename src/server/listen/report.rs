//! The line or object that is printed for each request.

use std::io::{self, IsTerminal};
use std::sync::Mutex;

use hsum::internals::lock;
use hsum::sign::{VerifiedRequest, VerifyError};

use crate::cli::args::shared::ColourChoice;
use crate::cli::colour::Status;
use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::cli::sign::verdict;
use crate::cli::summary;
use crate::server::listen::provider::Event;
use crate::server::listen::received::Arrival;

/// The result of a request.
pub(crate) struct Line<'a> {
    pub(crate) arrival: &'a Arrival,
    pub(crate) status: Status,
    /// The HTTP status of the answer.
    pub(crate) answer: u16,
    /// The length of the body, if it was received.
    pub(crate) size: Option<usize>,
    pub(crate) event: Option<&'a Event>,
    pub(crate) verified: Option<&'a VerifiedRequest>,
    pub(crate) problem: Option<Problem<'a>>,
    /// The output of the command.
    pub(crate) output: Option<&'a [u8]>,
    /// The name of the saved files without their endings.
    pub(crate) saved: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(arrival: &'a Arrival, status: Status, answer: u16) -> Self {
        Self {
            arrival,
            status,
            answer,
            size: None,
            event: None,
            verified: None,
            problem: None,
            output: None,
            saved: None,
        }
    }
}

/// The reason why a request was not handled.
pub(crate) enum Problem<'a> {
    Rejected { error: &'a VerifyError, causes: &'a [String] },
    Other { reason: &'static str, text: &'a str },
}

/// The printer of lines, and their counts.
pub(crate) struct Reporter {
    scheme: &'static str,
    is_json: bool,
    state: Mutex<State>,
}

struct State {
    output: Output,
    has_failed: bool,
    counts: Vec<(Status, u64)>,
}

/// The status words that are counted, and the names of their counts.
const COUNTED: [(Status, &str); 4] = [
    (Status::Ok, "ok"),
    (Status::Failed, "failed"),
    (Status::Refused, "refused"),
    (Status::Duplicate, "duplicate"),
];

impl Reporter {
    /// Opens standard output: for JSON if `json`, or if it is not a terminal.
    pub(crate) fn new(
        scheme: &'static str,
        json: bool,
        colour: ColourChoice,
    ) -> Result<Self, WriteError> {
        let is_json = json || !io::stdout().is_terminal();
        let output = Output::stdout()?.for_people(colour);
        let counts = COUNTED.map(|(status, _)| (status, 0)).into();
        let state = Mutex::new(State { output, has_failed: false, counts });
        Ok(Self { scheme, is_json, state })
    }

    /// Prints a request with a body or an attempt at one, and counts it.
    pub(crate) fn print(&self, line: &Line<'_>) {
        let mut state = lock(&self.state);
        if let Some((_, count)) = state.counts.iter_mut().find(|row| row.0 == line.status) {
            *count += 1;
        }
        let printed = match self.is_json {
            true => state.output.line(&self.object(line)),
            false => self.text(line, &mut state.output),
        };
        state.check(printed);
    }

    /// Prints that a question of the sender was answered. Its query may contain a token.
    pub(crate) fn print_challenge(&self, arrival: &Arrival, answer: u16, is_verified: bool) {
        let mut state = lock(&self.state);
        let status = if answer < 400 { Status::Ok } else { Status::Refused };
        let printed = match self.is_json {
            true => {
                let mut object = Object::new("challenge");
                let target = arrival.target.split('?').next().unwrap_or_default();
                set_arrival(&mut object, &Arrival { target: target.to_owned(), ..arrival.clone() });
                object.set("status", status.word()).set("answer", answer);
                object.set("scheme", self.scheme).set("verified", is_verified);
                state.output.line(&object.line())
            }
            false => {
                let after = format!(" {} challenge answered with {answer}\n", self.scheme);
                state.output.painted(&before(arrival), status, &after)
            }
        };
        state.check(printed);
    }

    /// Prints the last object: the counts. Returns `true` if everything could be written.
    pub(crate) fn finish(&self) -> bool {
        let mut state = lock(&self.state);
        if !self.is_json {
            return !state.has_failed;
        }
        let mut object = Object::summary("listen");
        object.set("requests", state.counts.iter().map(|(_, count)| count).sum::<u64>());
        for ((_, name), (_, count)) in COUNTED.iter().zip(&state.counts) {
            object.set(name, count);
        }
        let exit = if state.has_failed { Exit::Failed } else { Exit::Success };
        let line = object.exit(exit.status());
        let printed = state.output.line(&line);
        state.check(printed);
        !state.has_failed
    }

    fn object(&self, line: &Line<'_>) -> Vec<u8> {
        let mut object = Object::new("request");
        set_arrival(&mut object, line.arrival);
        object.set("status", line.status.word()).set("answer", line.answer);
        set_details(&mut object, self.scheme, line);
        match &line.problem {
            Some(Problem::Rejected { error, causes }) => {
                verdict::set_rejected(&mut object, error, causes);
            }
            Some(Problem::Other { reason, text }) => _ = object.problem(reason, text),
            None => {}
        }
        if let Some(output) = line.output {
            object.name("output", output);
        }
        if let Some(saved) = line.saved {
            object.set("saved", saved);
        }
        object.line()
    }

    fn text(&self, line: &Line<'_>, output: &mut Output) -> Result<(), WriteError> {
        let mut after = format!(" {}", self.scheme);
        if let Some(event) = line.event {
            after.push_str(&format!(" {}", one_line(&event.name)));
        }
        if let Some(size) = line.size {
            after.push_str(&format!(" {}", summary::size(size as u64)));
        }
        match &line.problem {
            Some(Problem::Rejected { error, .. }) => {
                after.push_str(&format!(" ({}): {}", error.reason(), one_line(error)));
            }
            Some(Problem::Other { reason, text }) => {
                after.push_str(&format!(" ({reason}): {}", one_line(text)));
            }
            None => {}
        }
        after.push('\n');
        output.painted(&before(line.arrival), line.status, &after)?;
        if let Some(Problem::Rejected { causes, .. }) = &line.problem {
            for cause in verdict::explanation(causes) {
                output.line(format!("  {cause}").as_bytes())?;
            }
        }
        let lines = line.output.unwrap_or_default().split_inclusive(|&byte| byte == b'\n');
        for line in lines {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            output.line(&[b"  output: ", line, b"\n"].concat())?;
        }
        Ok(())
    }
}

impl State {
    /// Writes the pending lines. The server goes on if that fails, and says so once.
    fn check(&mut self, printed: Result<(), WriteError>) {
        let written = printed.and_then(|()| self.output.flush());
        let Err(error) = written else { return };
        error.end_if_pipe_is_closed();
        if !std::mem::replace(&mut self.has_failed, true) {
            complain(error);
        }
    }
}

/// Returns the object that is saved beside a verified request.
pub(crate) fn metadata(scheme: &str, line: &Line<'_>) -> Vec<u8> {
    let mut object = Object::new("request");
    set_arrival(&mut object, line.arrival);
    set_details(&mut object, scheme, line);
    object.line()
}

fn set_arrival(object: &mut Object, arrival: &Arrival) {
    object.set("time", arrival.timestamp()).set("peer", arrival.peer.to_string());
    object.set("method", &arrival.method).set("target", &arrival.target);
}

fn set_details(object: &mut Object, scheme: &str, line: &Line<'_>) {
    object.set("scheme", scheme).set("verified", line.verified.is_some());
    if let Some(verified) = line.verified {
        verdict::set_verified(object, verified);
    }
    if let Some(event) = line.event {
        let is_signed = event.is_in_body
            && line.verified.is_some_and(|verified| verified.coverage().has_body());
        object.set("event", &event.name).set("event_signed", is_signed);
    }
    if let Some(size) = line.size {
        object.set("size", size);
    }
}

/// Returns the text before the status word.
fn before(arrival: &Arrival) -> String {
    format!("{} {} ", arrival.timestamp(), arrival.peer)
}

/// Returns a text of the network on one line.
fn one_line(text: impl std::fmt::Display) -> String {
    hsum::internals::escape(text.to_string().as_bytes(), &[]).into_owned()
}
