//! An XML-RPC server over TLS, for clients with a certificate. It adds numbers and computes digests.
//!
//! ```text
//! cargo run --features server --example xmlrpc_server -- 127.0.0.1:10443 server.crt server.key ca.crt
//! ```
//!
//! `xmlrpc_server.py` is the same in Python. `hsum serve --rpc` is a complete server of this kind.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::thread;

use dxr::{Fault, FaultResponse, MethodCall, MethodResponse, TryFromParams, TryToValue, Value};
use hsum::Algorithm;
use hsum::net::TlsStream;
use hsum::net::server::{TlsListener, TlsServerOptions};

/// The longest accepted head and body of a request, in bytes.
const LONGEST_HEAD: u64 = 16 * 1024;
const LONGEST_BODY: u64 = 1024 * 1024;

/// The fault codes that servers have agreed on: https://xmlrpc-epi.sourceforge.net/specs/rfc.fault_codes.php
const NOT_WELL_FORMED: i32 = -32700;
const NO_SUCH_METHOD: i32 = -32601;
const INVALID_PARAMETERS: i32 = -32602;

type Method = fn(&[Value]) -> Result<Value, Fault>;

/// The methods, sorted by name.
const METHODS: [(&str, Method); 3] =
    [("add", add), ("digest", digest), ("system.listMethods", list_methods)];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, certificate, key, authority] = &args[..] else {
        return Err("usage: xmlrpc_server ADDR:PORT CERTIFICATE KEY CLIENT-CA".into());
    };
    let options = TlsServerOptions::open(certificate, key)?.client_authorities(authority)?;
    let listener = TlsListener::bind(address, &options)?;
    eprintln!("listening on https://{}/RPC2", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((client, address)) => {
                thread::spawn(move || {
                    if let Err(error) = serve(client) {
                        eprintln!("{address}: {error}");
                    }
                });
            }
            Err(error) => eprintln!("accept: {error}"),
        }
    }
}

fn add(params: &[Value]) -> Result<Value, Fault> {
    let (a, b) = <(i32, i32)>::try_from_params(params).map_err(invalid_parameters)?;
    let sum = a.checked_add(b).ok_or_else(|| invalid_parameters("the sum exceeds 32 bits"))?;
    sum.try_to_value().map_err(invalid_parameters)
}

/// `digest("sha256", base64)` returns the digest in hex.
fn digest(params: &[Value]) -> Result<Value, Fault> {
    let (name, bytes) = <(String, Vec<u8>)>::try_from_params(params).map_err(invalid_parameters)?;
    let algorithm: Algorithm = name.parse().map_err(invalid_parameters)?;
    Ok(Value::String(hsum::digest(algorithm, &bytes).to_string()))
}

fn list_methods(_: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Array(METHODS.map(|(name, _)| Value::String(name.into())).into()))
}

fn invalid_parameters(why: impl ToString) -> Fault {
    Fault::new(INVALID_PARAMETERS, why.to_string())
}

/// Calls the method of a request. Errors are answers too, and come with status 200.
fn answer(request: &str) -> Result<String, dxr::Error> {
    match call(request) {
        Ok(value) => MethodResponse { value }.to_xml(),
        Err(fault) => FaultResponse { fault }.to_xml(),
    }
}

fn call(request: &str) -> Result<Value, Fault> {
    let call = MethodCall::from_xml(request)
        .map_err(|_| Fault::new(NOT_WELL_FORMED, "not a method call".into()))?;
    let (_, method) = METHODS
        .iter()
        .find(|(name, _)| *name == call.name)
        .ok_or_else(|| Fault::new(NO_SUCH_METHOD, "no such method".into()))?;
    method(&call.params)
}

/// Answers one request. A framework would keep the connection open for the next.
fn serve(client: TlsStream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let (status, body) = match read_request(&mut client)? {
        Ok(request) => ("200 OK", answer(&request).map_err(io::Error::other)?),
        Err(status) => (status, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut client = client.into_inner();
    client.write_all(head.as_bytes())?;
    client.write_all(body.as_bytes())?;
    client.close()
}

/// Reads the body of a POST, or returns the status of the error.
fn read_request(client: &mut impl BufRead) -> io::Result<Result<String, &'static str>> {
    let mut head = client.by_ref().take(LONGEST_HEAD);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let is_call = line.starts_with("POST /RPC2 ") || line.starts_with("POST / ");
    let mut length = None;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Ok(Err("400 Bad Request"));
        }
        match line.trim_end().split_once(':') {
            None if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("Content-Length") => {
                length = value.trim().parse::<u64>().ok();
            }
            _ => {}
        }
    }
    let Some(length) = length.filter(|_| is_call) else {
        return Ok(Err(if is_call { "411 Length Required" } else { "404 Not Found" }));
    };
    if length > LONGEST_BODY {
        return Ok(Err("413 Content Too Large"));
    }
    let mut body = String::new();
    client.take(length).read_to_string(&mut body)?;
    Ok(Ok(body))
}
