//! `hsum send`: a request, signed if that is asked for, and the answer.

use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::fetch::{Body, Failure, FailureKind, Headers, Reply, redacted};

use super::args::SendArgs;
use super::client::{self, Session};
use super::exit::Exit;
use super::output::Output;
use super::print::complain;
use super::sign::{request, sender, untried};

pub(crate) fn run(args: SendArgs) -> Result<Exit> {
    untried(send(args))
}

fn send(args: SendArgs) -> Result<Exit> {
    let keys_take_stdin = sender::keys_take_stdin(&args.client.signing)?;
    request::one_stdin(keys_take_stdin, &[args.body.as_deref()])?;
    let mut request = client::request(&args.client.request, client::url(&args.url)?)?;
    if let Some(path) = &args.body {
        let body = request::read_body(path)?;
        if let Some(media_type) = request::media_type(&body) {
            let _ = request.headers.push("Content-Type", media_type);
        }
        request.body = Body::Bytes(body);
        request.method = args.client.request.method.clone().unwrap_or_else(|| "POST".into());
    }
    let session = Session::new(&args.client)?;
    if session.has_content_type {
        request.headers.remove("Content-Type");
    }
    let reply = session.client.send(&request);
    session.finish()?;
    match reply {
        Ok(reply) => answer(reply, args.include, args.output.as_deref()),
        Err(failure) => Ok(failed(&failure)),
    }
}

/// Prints the answer; its status decides how it ends.
fn answer(mut reply: Reply, include: bool, path: Option<&Path>) -> Result<Exit> {
    let mut output = path.map_or_else(|| Ok(Output::stdout()?), Output::replacing)?;
    let status = reply.response.status;
    if include {
        output.line(&head(status, &reply.response.headers))?;
    }
    let mut piece = vec![0; 64 * 1024];
    loop {
        match reply.response.body.read(&mut piece) {
            Ok(0) => break,
            Ok(count) if output.is_terminal() => output.line(&piece[..count])?,
            Ok(count) => output.bytes(&piece[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let text = format!("{}: {}", redacted(&reply.url), ErrorKind::Io(error));
                let exit = failed(&Failure::network(text));
                if let Some(file) = output.give_up()? {
                    complain(format_args!("{file}, because the answer is not complete"));
                }
                return Ok(exit);
            }
        }
    }
    output.finish()?;
    if (200..300).contains(&status) {
        return Ok(Exit::Well);
    }
    complain(format_args!("{}: the server answers {status}", redacted(&reply.url)));
    Ok(Exit::Code((status / 100) as u8))
}

/// Status line and headers, each value on one line.
fn head(status: u16, headers: &Headers) -> Vec<u8> {
    let mut text = format!("HTTP {status}\n").into_bytes();
    for (name, value) in headers.iter() {
        text.extend([name.as_bytes(), b": ", value, b"\n"].concat());
    }
    text.push(b'\n');
    text
}

/// There is no answer. The numbers of `hsum get` where an answer has none of them.
fn failed(failure: &Failure) -> Exit {
    complain(failure);
    match failure.kind() {
        FailureKind::Network => Exit::Failed,
        _ => Exit::Code(failure.exit_code()),
    }
}
