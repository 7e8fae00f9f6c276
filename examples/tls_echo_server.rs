//! A TLS server that sends back what it receives. With an authority, it answers only clients whose
//! certificate that authority signed.
//!
//! ```text
//! cargo run --example tls_echo_server -- 127.0.0.1:10443 server.crt server.key ca.crt
//! ```
//!
//! `tls_echo_server.py` is the same in Python.

use std::error::Error;
use std::io::{self, Read, Write};
use std::thread;

use hsum::net::TlsStream;
use hsum::net::server::{TlsListener, TlsServerOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (address, certificate, key, authority) = match &args[..] {
        [address, certificate, key] => (address, certificate, key, None),
        [address, certificate, key, authority] => (address, certificate, key, Some(authority)),
        _ => return Err("usage: tls_echo_server ADDR:PORT CERTIFICATE KEY [CLIENT-CA]".into()),
    };
    let mut options = TlsServerOptions::open(certificate, key)?;
    if let Some(authority) = authority {
        options = options.client_authorities(authority)?;
    }
    let listener = TlsListener::bind(address, &options)?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        // The handshake happens in the thread, so that a client that stalls it delays only itself.
        match listener.accept() {
            Ok((client, address)) => {
                thread::spawn(move || match echo(client) {
                    Ok(bytes) => eprintln!("{address}: {bytes} bytes"),
                    Err(error) => eprintln!("{address}: {error}"),
                });
            }
            // The client has gone already, or there are too many connections: others may do better.
            Err(error) => eprintln!("accept: {error}"),
        }
    }
}

/// Sends back what the client sends until it closes the connection. Returns the number of bytes.
fn echo(mut client: TlsStream) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        match client.read(&mut buffer)? {
            0 => break,
            length => {
                client.write_all(&buffer[..length])?;
                total += length;
            }
        }
    }
    // Tells the client that the connection was not cut.
    client.close()?;
    Ok(total)
}
