//! FTP, with a small server that records commands.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

use crate::support::skip;
use crate::world::{BODY, DIGEST, PART, PKI, World, well};

struct Ftp {
    port: u16,
    commands: Arc<Mutex<Vec<String>>>,
}

/// The behaviour of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behavior {
    Good,
    /// Cuts the first transfer.
    Cut,
    /// States neither size nor date.
    Terse,
    /// Closes the connection at SIZE.
    Gone,
    /// Sends without end.
    Endless,
}

impl Ftp {
    fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&commands);
        thread::spawn(move || {
            for (i, control) in listener.incoming().map_while(Result::ok).enumerate() {
                let (shared, cut) = (Arc::clone(&shared), behavior == Behavior::Cut && i == 0);
                thread::spawn(move || serve(control, &shared, behavior, cut));
            }
        });
        Self { port, commands }
    }

    fn commands(&self) -> Vec<String> {
        std::mem::take(&mut *self.commands.lock().unwrap())
    }
}

fn serve(
    control: TcpStream,
    commands: &Mutex<Vec<String>>,
    behavior: Behavior,
    cut: bool,
) -> Option<()> {
    let (mut out, watched) = (control.try_clone().ok()?, control.try_clone().ok()?);
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).ok();
    say("220 ready")?;
    let (mut data, mut offset) = (None, 0);
    for line in BufReader::new(control).lines() {
        let line = line.ok()?;
        commands.lock().unwrap().push(line.clone());
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "USER" => say("331 password")?,
            "PASS" if rest == "wrong" => say("530 no")?,
            "PASS" => say("230 in")?,
            "TYPE" => say("200 so be it")?,
            "SIZE" if behavior == Behavior::Gone => return None,
            "SIZE" if rest == "nowhere" => say("550 no such file")?,
            "SIZE" if behavior != Behavior::Terse && rest == "pub/x" => {
                say(&format!("213 {}", BODY.len()))?
            }
            "MDTM" if behavior != Behavior::Terse => say("213 20200101000000")?,
            "PASV" => {
                let listener = TcpListener::bind("127.0.0.1:0").ok()?;
                let port = listener.local_addr().ok()?.port();
                // The address of another host, which the client must ignore.
                say(&format!(
                    "227 Entering Passive Mode (10,255,255,1,{},{})",
                    port >> 8,
                    port & 255
                ))?;
                data = Some(listener);
            }
            "REST" => {
                offset = rest.parse().ok()?;
                say("350 go on")?;
            }
            "RETR" if behavior == Behavior::Endless => {
                say("150 here it comes")?;
                let (mut data, _) = data.take()?.accept().ok()?;
                while data.write_all(&BODY).is_ok() {}
                drop(data);
                // The client may have closed the connection.
                watched.set_nonblocking(true).ok()?;
                let waits = watched.peek(&mut [0]).is_err();
                watched.set_nonblocking(false).ok()?;
                commands.lock().unwrap().push(format!("waits: {waits}"));
                say("426 aborted")?;
            }
            "RETR" if rest == "pub/x" => {
                say("150 here it comes")?;
                let (mut data, _) = data.take()?.accept().ok()?;
                let end = if cut { 90_000 } else { BODY.len() };
                data.write_all(&BODY[offset..end]).ok()?;
                drop(data);
                say(if cut { "426 aborted" } else { "226 complete" })?;
            }
            "RETR" if rest == "pub/SHA256SUMS" => {
                say("150 here it comes")?;
                let (mut data, _) = data.take()?.accept().ok()?;
                data.write_all(format!("{}  x\n", &*DIGEST).as_bytes()).ok()?;
                drop(data);
                say("226 complete")?;
            }
            "RETR" => say("550 no such file")?,
            "QUIT" => say("221 bye")?,
            _ => say("502 no")?,
        }
    }
    Some(())
}

#[test]
fn files_are_fetched_unchanged() {
    for behavior in [Behavior::Good, Behavior::Terse] {
        let (world, server) = (World::new(), Ftp::start(behavior));
        well(world.expecting(&format!("ftp://127.0.0.1:{}/pub/x", server.port), &[]));
        world.is_good();
        let commands = server.commands();
        assert!(commands.starts_with(&["USER anonymous".into()]), "{commands:?}");
        assert!(commands.contains(&"TYPE I".into()), "{commands:?}");
        for writing in ["STOR", "DELE", "MKD", "APPE", "RNFR", "SITE"] {
            assert!(!commands.iter().any(|command| command.starts_with(writing)));
        }
    }
}

#[test]
fn cut_transfers_are_resumed() {
    let (world, server) = (World::new(), Ftp::start(Behavior::Cut));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    world.expecting(&url, &[]).run().is_in(5, b"", "truncated");
    world.holds(&PART);
    server.commands();
    well(world.expecting(&url, &[]));
    world.is_good();
    assert!(server.commands().contains(&"REST 90000".into()));
}

#[test]
fn refusals_are_reported() {
    let (world, server) = (World::new(), Ftp::start(Behavior::Good));
    let at = |user: &str, path: &str| format!("ftp://{user}127.0.0.1:{}/{path}", server.port);
    world.expecting(&at("", "nowhere"), &[]).run().is_in(4, b"", "no such file");
    world.expecting(&at("me:wrong@", "pub/x"), &[]).run().is_in(4, b"", "the server replied");
    world.expecting(&at("", "a%0d%0aDELE%20x"), &[]).run().is_in(2, b"", "line break");
    assert!(!server.commands().iter().any(|command| command.starts_with("DELE")));
    world.holds(&[]);
    well(world.expecting(&at("me:s3cret@", "pub/x"), &[]));
    assert!(server.commands().contains(&"PASS s3cret".into()));
}

#[test]
fn head_without_a_reply_fails() {
    let world = World::new();
    let head = |server: &Ftp, path: &str| {
        let url = format!("ftp://127.0.0.1:{}/{path}", server.port);
        world.dir.hsum(["head", &url, "--retries", "0"]).run()
    };
    let good = Ftp::start(Behavior::Good);
    head(&good, "pub/x").exits(0);
    head(&good, "nowhere").is_in(4, b"", "no such file");
    head(&Ftp::start(Behavior::Terse), "pub/x").exits(0);
    head(&Ftp::start(Behavior::Gone), "pub/x").is_in(5, b"", "the connection was closed");
}

// With a deadline there is another handle of the connection, which must not keep it open.
#[test]
fn aborted_transfers_end_at_once() {
    let (world, server) = (World::new(), Ftp::start(Behavior::Endless));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    let most = ["--max-size", "1", "--max-time", "3600", "--stall-timeout", "5"];
    world.expecting(&url, &most).run().is_in(7, b"", "--max-size");
    while !server.commands.lock().unwrap().iter().any(|word| word.starts_with("waits")) {
        thread::yield_now();
    }
    assert!(server.commands().contains(&"waits: true".into()));
}

#[test]
fn users_and_passwords_are_sent_once_requested() {
    let (world, server) = (World::new(), Ftp::start(Behavior::Good));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    let words = ["-u", "me", "--password", "env:WORD", "--force"];
    let call = || world.expecting(&url, &words).env("WORD", "a:b@/\u{e4} %41");
    well(call());
    let output = server.commands();
    let login = ["USER me".to_owned(), "PASS a:b@/\u{e4} %41".to_owned()];
    assert!(output.starts_with(&login), "{output:?}");
    let home = crate::support::Dir::new();
    home.write("netrc", "machine 127.0.0.1 login me password s3cret");
    home.chmod("netrc", 0o600);
    let netrc = format!("--netrc={}", home.path("netrc").display());
    well(world.expecting(&url, &[&netrc, "-o", "y"]));
    assert!(server.commands().contains(&"PASS s3cret".into()));
    // No plaintext password if a digest is required, and none for another server.
    call().args(["--auth", "digest", "-o", "z"]).run().is_in(7, b"", "does not support digests");
    let token = world.expecting(&url, &["--token", "env:WORD", "-o", "z"]).env("WORD", "t");
    token.run().is_in(7, b"", "does not support tokens");
    let mirror = ["--mirror", &url, "-o", "z"];
    well(world.expecting("http://127.0.0.1:1/x", &mirror).args(words).env("WORD", "s3cret"));
    assert!(server.commands().contains(&"PASS anonymous@".into()));
}

#[test]
fn missing_checksum_files_are_skipped() {
    let (world, server) = (World::new(), Ftp::start(Behavior::Good));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    well(world.get(&url, &["--sums", "auto"]));
    world.is_good();
    let asked = server.commands();
    let asked: Vec<_> = asked.iter().filter(|command| command.starts_with("RETR")).collect();
    assert_eq!(asked.first().map(|command| &***command), Some("RETR pub/x.sha256"));
    // No checksum file means nothing to verify against. A refused login is a different error.
    let at = |user: &str, path: &str| format!("ftp://{user}127.0.0.1:{}/{path}", server.port);
    let sums = ["--sums", "auto", "-o", "y"];
    world.get(&at("", "other/x"), &sums).run().is_in(3, b"", "not listed in any checksum file");
    world.get(&at("me:wrong@", "pub/x"), &sums).run().is_in(4, b"", "the server replied");
    world.holds(&["x"]);
}

/// Opens the port for implicit TLS at an address of this test's own. Prints a message if it cannot.
fn implicit(address: &str) -> Option<TcpListener> {
    let bound = TcpListener::bind((address, 990));
    bound.map_or_else(|error| skip(&format!("port 990 of {address}: {error}")), Some)
}

#[test]
fn a_silent_server_with_implicit_tls_times_out() {
    let Some(_kept) = implicit("127.0.0.2") else { return };
    let world = World::new();
    let impatient = ["--connect-timeout", "0.2", "--stall-timeout", "3600"];
    world.expecting("ftps://127.0.0.2/x", &impatient).run().is_in(5, b"", "timed out");
    world.holds(&[]);
}

#[test]
fn implicit_tls_names_no_http_protocol() {
    let Some(listener) = implicit("127.0.0.1") else { return };
    let (world, files) = World::with_pki();
    let mut config = ServerConfig::clone(&PKI.open());
    // The server closes the connection of a client that names other protocols.
    config.alpn_protocols = vec![b"ftp".to_vec()];
    let asked = thread::spawn(move || {
        let (tcp, _) = listener.accept().ok()?;
        let tls = ServerConnection::new(Arc::new(config)).ok()?;
        let mut control = BufReader::new(StreamOwned::new(tls, tcp));
        control.get_mut().write_all(b"220 ready\r\n").ok()?;
        let mut line = String::new();
        control.read_line(&mut line).ok()?;
        control.get_mut().write_all(b"530 unknown user\r\n").ok()?;
        Some(line)
    });
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    world.expecting("ftps://localhost/x", &trusting).run().is_in(4, b"", "unknown user");
    assert_eq!(asked.join().unwrap().as_deref(), Some("USER anonymous\r\n"));
}

/// Serves one file with TLS requested by AUTH. Returns the commands after it, and `true` if the
/// data connection resumed the TLS session of the control connection.
fn serve_with_tls(listener: &TcpListener) -> Option<(Vec<String>, bool)> {
    let config = PKI.open();
    let accept = |tcp: TcpStream| {
        let tls = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(StreamOwned::new(tls, tcp))
    };
    let (mut tcp, _) = listener.accept().ok()?;
    tcp.write_all(b"220 ready\r\n").ok()?;
    let mut line = String::new();
    BufReader::with_capacity(1, &tcp).read_line(&mut line).ok()?;
    assert_eq!(line, "AUTH TLS\r\n");
    tcp.write_all(b"234 go on\r\n").ok()?;
    let mut control = BufReader::new(accept(tcp)?);
    let passive = TcpListener::bind("127.0.0.1:0").ok()?;
    let port = passive.local_addr().ok()?.port();
    let (mut commands, mut is_resumed) = (Vec::new(), false);
    loop {
        let mut line = String::new();
        control.read_line(&mut line).ok()?;
        let command = line.trim_end().to_owned();
        let replies = match command.split(' ').next()? {
            "USER" => "331 password\r\n".to_owned(),
            "SIZE" => format!("213 {}\r\n", BODY.len()),
            "PASV" => format!("227 =127,0,0,1,{},{}\r\n", port >> 8, port & 255),
            "RETR" => {
                control.get_mut().write_all(b"150 here it comes\r\n").ok()?;
                let mut data = accept(passive.accept().ok()?.0)?;
                data.write_all(&BODY).ok()?;
                is_resumed = data.conn.handshake_kind()? == HandshakeKind::Resumed;
                "226 complete\r\n".to_owned()
            }
            "QUIT" => return Some((commands, is_resumed)),
            _ => "200 done\r\n".to_owned(),
        };
        control.get_mut().write_all(replies.as_bytes()).ok()?;
        commands.push(command);
    }
}

#[test]
fn tls_protects_both_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = thread::spawn(move || serve_with_tls(&listener));
    let (world, files) = World::with_pki();
    let authority = files.path("ca.pem");
    let url = format!("ftps://localhost:{port}/x");
    well(world.expecting(&url, &["--cacert", authority.to_str().unwrap(), "--retries", "0"]));
    let (commands, is_resumed) = served.join().unwrap().expect("a session until QUIT");
    let login = ["USER anonymous", "PASS anonymous@", "PBSZ 0", "PROT P", "TYPE I"];
    assert_eq!(commands[..5], login);
    // Servers may refuse other data connections.
    assert!(is_resumed);
}
