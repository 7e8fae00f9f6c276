//! FTP: a server of a few words, which keeps count of them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::skip;
use crate::world::{BODY, DIGEST, PART, PKI, World, well};

struct Ftp {
    port: u16,
    commands: Arc<Mutex<Vec<String>>>,
}

/// How the server behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    /// The first transfer is cut.
    Cut,
    /// It says neither size nor date.
    Terse,
    /// It hangs up when it is asked for the size.
    Gone,
    /// It sends for ever.
    Endless,
}

impl Ftp {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&commands);
        thread::spawn(move || {
            for (i, control) in listener.incoming().map_while(Result::ok).enumerate() {
                let (shared, cut) = (Arc::clone(&shared), manner == Manner::Cut && i == 0);
                thread::spawn(move || serve(control, &shared, manner, cut));
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
    manner: Manner,
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
            "SIZE" if manner == Manner::Gone => return None,
            "SIZE" if rest == "nowhere" => say("550 no such file")?,
            "SIZE" if manner != Manner::Terse && rest == "pub/x" => {
                say(&format!("213 {}", BODY.len()))?
            }
            "MDTM" if manner != Manner::Terse => say("213 20200101000000")?,
            "PASV" => {
                let listener = TcpListener::bind("127.0.0.1:0").ok()?;
                let port = listener.local_addr().ok()?.port();
                // Another host's address: the client is not to go there.
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
            "RETR" if manner == Manner::Endless => {
                say("150 here it comes")?;
                let (mut data, _) = data.take()?.accept().ok()?;
                while data.write_all(&BODY).is_ok() {}
                drop(data);
                // Whoever has hung up hears no reason.
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
fn a_file_comes_as_it_is() {
    for manner in [Manner::Good, Manner::Terse] {
        let (world, server) = (World::new(), Ftp::start(manner));
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
fn a_transfer_that_is_cut_goes_on_later() {
    let (world, server) = (World::new(), Ftp::start(Manner::Cut));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    world.expecting(&url, &[]).run().is_in(5, b"", "truncated");
    world.holds(&PART);
    server.commands();
    well(world.expecting(&url, &[]));
    world.is_good();
    assert!(server.commands().contains(&"REST 90000".into()));
}

#[test]
fn what_the_server_refuses_is_told() {
    let (world, server) = (World::new(), Ftp::start(Manner::Good));
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
fn a_head_without_an_answer_is_none() {
    let world = World::new();
    let head = |server: &Ftp, path: &str| {
        let url = format!("ftp://127.0.0.1:{}/{path}", server.port);
        world.dir.hsum(["head", &url, "--retries", "0"]).run()
    };
    let good = Ftp::start(Manner::Good);
    head(&good, "pub/x").exits(0);
    head(&good, "nowhere").is_in(4, b"", "no such file");
    head(&Ftp::start(Manner::Terse), "pub/x").exits(0);
    head(&Ftp::start(Manner::Gone), "pub/x").is_in(5, b"", "the connection was closed");
}

/// With a deadline there is another handle of the connection, which must not keep it open.
#[test]
fn a_transfer_that_is_given_up_ends_at_once() {
    let (world, server) = (World::new(), Ftp::start(Manner::Endless));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    let most = ["--max-size", "1", "--max-time", "3600", "--stall-timeout", "5"];
    world.expecting(&url, &most).run().is_in(7, b"", "--max-size");
    while !server.commands.lock().unwrap().iter().any(|word| word.starts_with("waits")) {
        thread::yield_now();
    }
    assert!(server.commands().contains(&"waits: true".into()));
}

#[test]
fn who_the_user_is_stands_on_no_command_line() {
    let (world, server) = (World::new(), Ftp::start(Manner::Good));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    let words = ["-u", "me", "--password", "env:WORD", "--force"];
    let call = || world.expecting(&url, &words).env("WORD", "a:b@/\u{e4} %41");
    well(call());
    let said = server.commands();
    let login = ["USER me".to_owned(), "PASS a:b@/\u{e4} %41".to_owned()];
    assert!(said.starts_with(&login), "{said:?}");
    let home = crate::support::Dir::new();
    home.write("netrc", "machine 127.0.0.1 login me password s3cret");
    home.chmod("netrc", 0o600);
    let netrc = format!("--netrc={}", home.path("netrc").display());
    well(world.expecting(&url, &[&netrc, "-o", "y"]));
    assert!(server.commands().contains(&"PASS s3cret".into()));
    // No password in the clear where a digest was demanded, and none for another's server.
    call().args(["--auth", "digest", "-o", "z"]).run().is_in(7, b"", "does not support digests");
    let token = world.expecting(&url, &["--token", "env:WORD", "-o", "z"]).env("WORD", "t");
    token.run().is_in(7, b"", "does not support tokens");
    let mirror = ["--mirror", &url, "-o", "z"];
    well(world.expecting("http://127.0.0.1:1/x", &mirror).args(words).env("WORD", "s3cret"));
    assert!(server.commands().contains(&"PASS anonymous@".into()));
}

#[test]
fn a_checksum_file_is_looked_for_where_others_are_not() {
    let (world, server) = (World::new(), Ftp::start(Manner::Good));
    let url = format!("ftp://127.0.0.1:{}/pub/x", server.port);
    well(world.get(&url, &["--sums", "auto"]));
    world.is_good();
    let asked = server.commands();
    let asked: Vec<_> = asked.iter().filter(|command| command.starts_with("RETR")).collect();
    assert_eq!(asked.first().map(|command| &***command), Some("RETR pub/x.sha256"));
    // None at all is nothing to verify against; a login that is refused is no absence.
    let at = |user: &str, path: &str| format!("ftp://{user}127.0.0.1:{}/{path}", server.port);
    let sums = ["--sums", "auto", "-o", "y"];
    world.get(&at("", "other/x"), &sums).run().is_in(3, b"", "no checksum file");
    world.get(&at("me:wrong@", "pub/x"), &sums).run().is_in(4, b"", "the server replied");
    world.holds(&["x"]);
}

/// The port on which TLS comes first, at an address of this test's own; `None`, with a word, where
/// it is not ours to take.
fn implicit(address: &str) -> Option<TcpListener> {
    let bound = TcpListener::bind((address, 990));
    bound.map_or_else(|error| skip(&format!("port 990 of {address}: {error}")), Some)
}

#[test]
fn a_silent_server_where_tls_comes_first_is_left_in_time() {
    let Some(_kept) = implicit("127.0.0.2") else { return };
    let world = World::new();
    let impatient = ["--connect-timeout", "0.2", "--stall-timeout", "3600"];
    world.expecting("ftps://127.0.0.2/x", &impatient).run().is_in(5, b"", "timed out");
    world.holds(&[]);
}

#[test]
fn tls_comes_first_and_is_not_called_http() {
    let Some(listener) = implicit("127.0.0.1") else { return };
    let (world, files) = World::with_pki();
    let mut config = ServerConfig::clone(&PKI.open());
    // Of a client that names other protocols it would hear no more.
    config.alpn_protocols = vec![b"ftp".to_vec()];
    let asked = thread::spawn(move || {
        let (tcp, _) = listener.accept().ok()?;
        let tls = ServerConnection::new(Arc::new(config)).ok()?;
        let mut control = BufReader::new(StreamOwned::new(tls, tcp));
        control.get_mut().write_all(b"220 ready\r\n").ok()?;
        let mut line = String::new();
        control.read_line(&mut line).ok()?;
        control.get_mut().write_all(b"530 nobody\r\n").ok()?;
        Some(line)
    });
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    world.expecting("ftps://localhost/x", &trusting).run().is_in(4, b"", "nobody");
    assert_eq!(asked.join().unwrap().as_deref(), Some("USER anonymous\r\n"));
}
