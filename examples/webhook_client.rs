//! A client that sends a signed webhook over plain HTTP.
//!
//! `WEBHOOK_SECRET=whsec_… cargo run --features http --example webhook_client -- 127.0.0.1:8080 '{}'`

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use hsum::sign::{RequestSigner, Scheme, SecretKey, SignOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SecretKey::from_whsec(std::env::var("WEBHOOK_SECRET")?)?;
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8080".into());
    let body = args.next().unwrap_or_else(|| "{}".into()).into_bytes();

    let mut request = http::Request::post(format!("http://{address}/hook")).body(body)?;
    let id = format!("msg_{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let signer = RequestSigner::new(Scheme::StandardWebhooks, vec![key])?;
    signer.sign_request(&mut request, &SignOptions::new().id(id.as_str()))?;

    let mut text = format!("POST {} HTTP/1.1\r\nHost: {address}\r\n", request.uri().path());
    text.push_str(&format!("Connection: close\r\nContent-Length: {}\r\n", request.body().len()));
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str()?));
    }
    let mut stream = TcpStream::connect(&address)?;
    stream.write_all(text.as_bytes())?;
    stream.write_all(b"\r\n")?;
    stream.write_all(request.body())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    println!("{response}");
    Ok(())
}
