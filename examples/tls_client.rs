//! A TLS client: verifies the server's certificate and host name, sends each line of standard
//! input, and prints the line that comes back.
//!
//! ```text
//! echo hello | cargo run --example tls_client -- localhost 10443 ca.crt client.crt client.key
//! ```
//!
//! `tls_client.py` is the same in Python.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};

use hsum::net::{Timeouts, TlsOptions, TlsStream};
use hsum::{Algorithm, digest};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (host, port, authority, identity) = match &args[..] {
        [host, port, authority] => (host, port, authority, None),
        [host, port, authority, certificate, key] => {
            (host, port, authority, Some((certificate.into(), key.into())))
        }
        _ => return Err("usage: tls_client HOST PORT CA [CERTIFICATE KEY]".into()),
    };
    let options =
        TlsOptions { authorities: Some(authority.into()), identity, ..TlsOptions::default() };
    let server = TlsStream::connect(host, port.parse()?, &options, Timeouts::default())?;
    let certificate = digest(Algorithm::Sha256, server.peer_certificate().unwrap_or_default());
    eprintln!("{}, certificate {certificate}", server.cipher_suite().unwrap_or("no cipher"));

    let mut server = BufReader::new(server);
    for line in io::stdin().lock().lines() {
        server.get_mut().write_all(format!("{}\n", line?).as_bytes())?;
        let mut answer = String::new();
        if server.read_line(&mut answer)? == 0 {
            return Err("the server closed the connection".into());
        }
        print!("{answer}");
    }
    Ok(server.into_inner().close()?)
}
