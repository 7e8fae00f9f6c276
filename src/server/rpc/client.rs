//! `hsum rpc`: calls a method, and prints its result.

use anyhow::Result;
use dxr::{Fault, Value};
use hsum::ErrorKind;
use hsum::internals::{SMALL_FILE, escape, read_all};
use hsum::net::{Body, Failure, Reply, Request, redacted};

use crate::cli::client::{self, Session};
use crate::cli::exit::{Exit, Usage, as_setup_error, failure_status};
use crate::cli::hints;
use crate::cli::json::{Object, stopped};
use crate::cli::key::KeySource;
use crate::cli::output::Output;
use crate::cli::print::complain;
use crate::cli::sign::request::check_stdin;
use crate::server::args::rpc::RpcArgs;
use crate::server::rpc::{json, text, typed, xml};

pub(crate) fn run(args: RpcArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("rpc", is_json, as_setup_error(call(&args)))
}

fn call(args: &RpcArgs) -> Result<Exit> {
    let request = request(args)?;
    let RpcArgs { headers, network, identity, tls, .. } = args;
    let session = Session::with(headers, network, identity, tls, None)?;
    let answer = session.client.send(&request).and_then(parse);
    let exit = match answer {
        Ok(Ok(value)) => print(&value, args)?,
        Ok(Err(fault)) => fail_in_method(&fault, args)?,
        Err(failure) => fail(&failure, args)?,
    };
    // A failure to save the cookies does not hide the result.
    let exit = exit.and(session.finish())?;
    if args.json {
        print_line(&Object::summary("rpc").exit(exit.status()))?;
    }
    Ok(exit)
}

/// Returns the request that calls the method.
fn request(args: &RpcArgs) -> Result<Request> {
    let secrets = [&args.identity.password, &args.identity.token];
    let mut has_stdin_key = false;
    for (spec, option) in secrets.into_iter().zip(["--password", "--token"]) {
        let source = spec.as_deref().map(|spec| KeySource::parse(spec, option)).transpose()?;
        has_stdin_key |= source.is_some_and(|source| source.is_stdin());
    }
    let files: Vec<_> = typed::files(&args.arguments).map(Some).collect();
    check_stdin(has_stdin_key, &files)?;
    let mut request = Request::new("POST", client::url(&args.url)?);
    if !["http", "https"].contains(&request.url.scheme()) {
        return Err(Usage("expected an http or https URL".into()).into());
    }
    let params =
        args.arguments.iter().map(|word| typed::parse(word)).collect::<Result<Vec<_>>>()?;
    request.body = Body::Bytes(xml::write_call(&args.method, params).map_err(Usage)?.into_bytes());
    request.headers.push("Content-Type", "text/xml")?;
    Ok(request)
}

/// Parses the response: the result or the fault.
fn parse(mut reply: Reply) -> Result<Result<Value, Fault>, Failure> {
    let url = redacted(&reply.url);
    let status = reply.response.status;
    if status != 200 {
        return Err(Failure::status(&reply.url, status));
    }
    let invalid = |text: &str| Failure::network(format!("{url}: not an XML-RPC response: {text}"));
    let headers = &reply.response.headers;
    let media_type = headers.value("Content-Type").unwrap_or_default();
    let name = media_type.split(';').next().unwrap_or_default().trim();
    if !["text/xml", "application/xml"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        let found = escape(name.as_bytes(), &[]);
        return Err(invalid(&format!("its media type is '{found}' (expected text/xml)")));
    }
    if headers.value("Content-Encoding").is_some_and(|coding| coding != "identity") {
        return Err(invalid("it has a content coding that was not requested"));
    }
    let message = read_all(&mut *reply.response.body, SMALL_FILE);
    let message =
        message.map_err(|error| Failure::network(format!("{url}: {}", ErrorKind::Io(error))))?;
    xml::parse_response(&message).map_err(|text| invalid(&text))
}

/// Prints the result.
fn print(value: &Value, args: &RpcArgs) -> Result<Exit> {
    if args.json {
        let mut object = Object::new("result");
        object.set("method", &args.method);
        match value {
            Value::Base64(bytes) => object.set("value_base64", json::encode(bytes)),
            value => object.set("value", json::from_value(value)),
        };
        print_line(&object.line())?;
        return Ok(Exit::Success);
    }
    let Some(path) = &args.output else {
        print_line(text::lines(value).as_bytes())?;
        return Ok(Exit::Success);
    };
    let bytes = match value {
        Value::Base64(bytes) => bytes,
        Value::String(text) => text.as_bytes(),
        _ => {
            complain("the result is neither a string nor base64, which --output needs");
            return Ok(Exit::Failed);
        }
    };
    let mut output = Output::replacing(path)?;
    output.bytes(bytes)?;
    output.finish()?;
    Ok(Exit::Success)
}

/// Prints the fault that the server returned.
fn fail_in_method(fault: &Fault, args: &RpcArgs) -> Result<Exit> {
    if args.json {
        let mut object = Object::new("fault");
        object.set("method", &args.method).set("code", fault.code());
        print_line(&object.problem("fault", fault.string()).line())?;
    }
    let method = escape(args.method.as_bytes(), &[]);
    complain(format_args!("{method}: fault {}: {}", fault.code(), fault.string()));
    Ok(Exit::Failed)
}

/// Prints why there is no response.
fn fail(failure: &Failure, args: &RpcArgs) -> Result<Exit> {
    let text = hints::failure(failure);
    if args.json {
        print_line(&Object::new("error").problem(failure.reason_code(), &text).line())?;
    }
    complain(text);
    match failure_status(failure) {
        2 => Ok(Exit::Code(2)),
        _ => Ok(Exit::Failed),
    }
}

fn print_line(line: &[u8]) -> Result<()> {
    let mut output = Output::stdout()?;
    output.line(line)?;
    Ok(output.finish()?)
}
