//! `hsum send`: sends a request, optionally signed, and prints the response.

use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::internals::{BODY, read_all, read_some};
use hsum::net::{Body, Failure, FailureKind, HeaderFields, Redirect, Reply, Url, redacted};
use serde_json::json;

use super::client::{self, Session};
use super::exit::{self, Exit, as_setup_error, failure_status};
use super::hints;
use super::json::{Object, stopped};
use super::output::{Output, WriteError};
use super::print::complain;
use super::sign::{request, sender};
use crate::cli::args::send::SendArgs;

pub(crate) fn run(args: SendArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("send", is_json, as_setup_error(send(args)))
}

fn send(args: SendArgs) -> Result<Exit> {
    let has_stdin_key = sender::has_stdin_key(&args.client.signing)?;
    request::check_stdin(has_stdin_key, &[args.body.as_deref()])?;
    let mut request = client::request(&args.client.request, client::url(&args.url)?)?;
    if let Some(path) = &args.body {
        let body = request::read_body(path)?;
        if let Some(media_type) = request::media_type(&body) {
            request.headers.push("Content-Type", media_type)?;
        }
        request.body = Body::Bytes(body);
        request.method = args.client.request.method.clone().unwrap_or_else(|| "POST".into());
    }
    let session = Session::new(&args.client)?;
    if session.has_content_type {
        request.headers.remove("Content-Type");
    }
    let exit = match session.client.send(&request) {
        Ok(reply) if args.json => print_json(reply, args.output.as_deref()),
        Ok(reply) => print_response(reply, args.show_headers, args.output.as_deref()),
        Err(failure) if args.json => failed_in_json(&failure),
        Err(failure) => Ok(failed(&failure)),
    };
    // A failure to save the cookies does not hide the response.
    let saved = session.finish();
    let exit = exit::with_status(exit?.and(saved), exit::LOCAL)?;
    if args.json {
        print_line(&Object::summary("send").exit(exit.status()))?;
    }
    Ok(exit)
}

/// Prints the response, and returns the exit status for its status.
fn print_response(mut reply: Reply, include: bool, path: Option<&Path>) -> Result<Exit> {
    let mut output = path.map_or_else(|| Ok(Output::stdout()?), Output::replacing)?;
    let status = reply.response.status;
    if include {
        output.line(&head(status, &reply.response.headers))?;
    }
    if let Err(error) = copy(&mut *reply.response.body, &mut output)? {
        let exit = failed(&incomplete(&reply.url, error));
        give_up(output)?;
        return Ok(exit);
    }
    output.finish()?;
    if (200..300).contains(&status) {
        return Ok(Exit::Success);
    }
    complain(Failure::status(&reply.url, status));
    Ok(Exit::Code((status / 100) as u8))
}

/// Writes a body. The inner result is that of reading it: the number of bytes.
fn copy(body: &mut dyn Read, output: &mut Output) -> Result<io::Result<u64>, WriteError> {
    let mut screen = Screen::default();
    let mut piece = vec![0; 64 * 1024];
    let mut total = 0;
    let read = loop {
        match read_some(body, &mut piece) {
            Ok(0) => break Ok(total),
            Ok(count) => {
                total += count as u64;
                match output.is_terminal() {
                    true => screen.show(&piece[..count], output)?,
                    false => output.bytes(&piece[..count])?,
                }
            }
            Err(error) => break Err(error),
        }
    };
    screen.end(output)?;
    Ok(read)
}

/// Gives up the output of an incomplete response.
fn give_up(output: Output) -> Result<(), WriteError> {
    if let Some(file) = output.give_up()? {
        complain(format_args!("{file}, because the response is incomplete"));
    }
    Ok(())
}

fn incomplete(url: &Url, error: io::Error) -> Failure {
    Failure::network(format!("{}: {}", redacted(url), ErrorKind::Io(error)))
}

/// Prints the response as an object, and returns the exit status for its status. The object has the
/// body, unless it is written to `path`.
fn print_json(mut reply: Reply, path: Option<&Path>) -> Result<Exit> {
    let status = reply.response.status;
    let mut object = Object::new("response");
    object.set("url", redacted(&reply.url)).set("status", status);
    let redirect = |one: &Redirect| json!({ "status": one.status, "to": redacted(&one.to) });
    object.set("redirects", reply.redirects.iter().map(redirect).collect::<Vec<_>>());
    let header = |(name, value): (&str, &[u8])| {
        let value = String::from_utf8_lossy(value);
        json!({ "name": name, "value": value })
    };
    object.set("headers", reply.response.headers.iter().map(header).collect::<Vec<_>>());
    let body = &mut *reply.response.body;
    let read = match path {
        Some(path) => {
            let mut file = Output::replacing(path)?;
            let read = copy(body, &mut file)?;
            if read.is_ok() {
                file.finish()?
            } else {
                give_up(file)?
            }
            read.map(|bytes| _ = object.set("bytes", bytes))
        }
        None => read_all(body, BODY)
            .map(|bytes| _ = object.set("bytes", bytes.len()).name("body", &bytes)),
    };
    if let Err(error) = read {
        return failed_in_json(&incomplete(&reply.url, error));
    }
    let mut exit = Exit::Success;
    if !(200..300).contains(&status) {
        let failure = Failure::status(&reply.url, status);
        object.problem(failure.reason_code(), &failure);
        complain(failure);
        exit = Exit::Code((status / 100) as u8);
    }
    print_line(&object.line())?;
    Ok(exit)
}

/// Prints the failure as an object and as a message, and returns the exit status.
fn failed_in_json(failure: &Failure) -> Result<Exit> {
    let mut object = Object::new("error");
    object.problem(failure.reason_code(), hints::failure(failure));
    print_line(&object.line())?;
    Ok(failed(failure))
}

fn print_line(line: &[u8]) -> Result<(), WriteError> {
    let mut output = Output::stdout()?;
    output.line(line)?;
    output.finish()
}

/// A body that is written to a terminal in pieces, which may end within a character.
#[derive(Default)]
struct Screen {
    /// The start of an incomplete character, or a CR that an LF may follow.
    rest: Vec<u8>,
    /// Set if the last line has not ended.
    within_line: bool,
}

impl Screen {
    fn show(&mut self, piece: &[u8], output: &mut Output) -> Result<(), WriteError> {
        self.rest.extend_from_slice(piece);
        let rest = self.rest.split_off(complete_len(&self.rest));
        let text = std::mem::replace(&mut self.rest, rest);
        self.within_line = text.last().map_or(self.within_line, |&last| last != b'\n');
        output.line(&text)
    }

    /// Shows the rest and ends its line, so that later output starts on a new one.
    fn end(self, output: &mut Output) -> Result<(), WriteError> {
        output.line(&self.rest)?;
        if self.within_line || !self.rest.is_empty() { output.line(b"\n") } else { Ok(()) }
    }
}

/// Returns the length of `text` without an incomplete character or line end.
fn complete_len(text: &[u8]) -> usize {
    let cut = text.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    match str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => text.len() - cut.len(),
        _ if text.ends_with(b"\r") => text.len() - 1,
        _ => text.len(),
    }
}

/// Returns the status line and the headers, each on one line.
fn head(status: u16, headers: &HeaderFields) -> Vec<u8> {
    let mut text = format!("HTTP {status}\n").into_bytes();
    for (name, value) in headers.iter() {
        text.extend([name.as_bytes(), b": ", value, b"\n"].concat());
    }
    text.push(b'\n');
    text
}

/// Prints the failure, and returns the exit status of `hsum get`, except for network failures:
/// `hsum get` uses 5, which here means a response with a status of 5xx.
fn failed(failure: &Failure) -> Exit {
    complain(hints::failure(failure));
    match failure.kind() {
        FailureKind::Network => Exit::Failed,
        _ => Exit::Code(failure_status(failure)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_after_complete_characters() {
        for (text, length) in [
            (&b""[..], 0),
            (b"a\n", 2),
            (b"a\r", 1),
            (b"a\r\n", 3),
            ("aé".as_bytes(), 3),
            (b"a\xc3", 1),
            (b"\xff\xf0\x9f\x98", 1),
            (b"a\xff", 2),
            (b"a\x80\x80", 3),
        ] {
            assert_eq!(complete_len(text), length, "{text:?}");
        }
    }
}
