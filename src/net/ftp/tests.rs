//! Downloads from a server whose replies each test chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use url::Url;

use crate::net::dial::Dialer;
use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::ftp::Ftp;
use crate::net::transport::{Request, Response, Timeouts, Transport};

const FILE: &[u8] = b"0123456789";
const DATE: &str = "Sat, 01 Jan 2000 00:00:00 GMT";

/// The replies that differ from those of [`usual_reply`]. `GREETING` is the first reply of the
/// server, `DATA` the number of bytes that it sends, and `END` the reply after them. An empty reply
/// closes the connection.
type Replies = &'static [(&'static str, &'static str)];

fn usual_reply(verb: &str) -> &'static str {
    match verb {
        "GREETING" => "220 ready",
        "USER" => "331 password",
        "SIZE" => "213 10",
        "MDTM" => "213 20000101000000",
        // The address of another machine.
        "PASV" => "227 Entering Passive Mode (10,255,255,1,{high},{low})",
        "EPSV" => "229 Entering Extended Passive Mode (|||{port}|)",
        "REST" => "350 go on",
        "RETR" => "150 here it comes",
        "END" => "226 complete",
        _ => "200 done",
    }
}

/// A server for one session. Its result is the list of the commands that it received.
struct Server {
    port: u16,
    session: JoinHandle<Vec<Vec<u8>>>,
}

impl Server {
    fn start(replies: Replies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let session = thread::spawn(move || {
            let mut commands = Vec::new();
            let _ = serve(listener.accept().unwrap().0, replies, &mut commands);
            commands
        });
        Self { port, session }
    }

    fn request(&self, scheme: &str, path: &str) -> Request {
        let url = format!("{scheme}://127.0.0.1:{}/{path}", self.port);
        Request::get(Url::parse(&url).unwrap())
    }

    fn commands(self) -> Vec<Vec<u8>> {
        self.session.join().unwrap()
    }
}

fn serve(
    mut control: TcpStream,
    replies: Replies,
    commands: &mut Vec<Vec<u8>>,
) -> std::io::Result<()> {
    let chosen = |verb: &str| replies.iter().find(|(name, _)| *name == verb).map(|(_, text)| *text);
    let reply = |verb: &str| chosen(verb).unwrap_or_else(|| usual_reply(verb));
    let mut lines = BufReader::new(control.try_clone()?);
    let data = TcpListener::bind("127.0.0.1:0")?;
    let port = data.local_addr()?.port();
    let mut say = |verb: &str| {
        let text = reply(verb)
            .replace("{port}", &port.to_string())
            .replace("{high}", &(port >> 8).to_string())
            .replace("{low}", &(port & 255).to_string());
        match text.is_empty() {
            true => Err(std::io::ErrorKind::ConnectionAborted.into()),
            false => control.write_all(format!("{text}\r\n").as_bytes()),
        }
    };
    let mut offset = 0;
    say("GREETING")?;
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = line.strip_suffix(b"\r\n").expect("a whole line").to_vec();
        let text = String::from_utf8_lossy(&line).into_owned();
        let (verb, argument) = text.split_once(' ').unwrap_or((&text, ""));
        commands.push(line);
        say(verb)?;
        if verb == "REST" && reply(verb).starts_with("350") {
            offset = argument.parse().unwrap();
        }
        if verb == "RETR" && reply(verb).starts_with('1') {
            let sent = chosen("DATA").map_or(FILE.len(), |count| count.parse().unwrap());
            data.accept()?.0.write_all(&FILE[offset..sent])?;
            say("END")?;
        }
    }
}

fn transport() -> Ftp {
    let seconds = Duration::from_secs(20);
    let timeouts = Timeouts { connect: seconds, response: seconds, stall: seconds };
    Ftp::new(Arc::new(Dialer::default()), timeouts)
}

fn request(replies: Replies, request: impl FnOnce(&mut Request)) -> Result<Response, Failure> {
    let server = Server::start(replies);
    let mut get = server.request("ftp", "dir/x");
    request(&mut get);
    transport().exchange(&get)
}

/// Downloads the file, and returns its content or the message of the failure.
fn fetch(replies: Replies) -> Result<Vec<u8>, String> {
    let mut response = request(replies, |_| {}).map_err(|failure| failure.to_string())?;
    let mut bytes = Vec::new();
    let read = response.body.read_to_end(&mut bytes);
    // The end of a failed body never looks like the end of the file.
    assert_eq!(response.body.read(&mut [0]).is_ok(), read.is_ok());
    read.map(|_| bytes).map_err(|error| error.to_string())
}

fn resume(replies: Replies) -> Result<(u16, Option<String>, Vec<u8>), Failure> {
    let mut response = request(replies, |get| {
        get.headers.set("Range", "bytes=4-").unwrap();
        get.headers.set("If-Range", DATE).unwrap();
    })?;
    let mut bytes = Vec::new();
    response.body.read_to_end(&mut bytes).unwrap();
    let range = response.headers.value("Content-Range").map(str::to_owned);
    Ok((response.status, range, bytes))
}

#[test]
fn downloads_only_read() {
    let server = Server::start(&[]);
    let mut response = transport().exchange(&server.request("ftp", "dir/a%20b%ff")).unwrap();
    assert_eq!((response.status, response.headers.value("Content-Length")), (200, Some("10")));
    assert_eq!(response.headers.value("Last-Modified"), Some(DATE));
    let mut bytes = Vec::new();
    response.body.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, FILE);
    drop(response);
    let expected: [&[u8]; 8] = [
        b"USER anonymous",
        b"PASS anonymous@",
        b"TYPE I",
        b"SIZE dir/a b\xff\xff",
        b"MDTM dir/a b\xff\xff",
        b"PASV",
        b"RETR dir/a b\xff\xff",
        b"QUIT",
    ];
    assert_eq!(server.commands(), expected);
}

#[test]
fn refused_commands_are_reported() {
    let replies: [Replies; 6] = [
        &[("GREETING", "530 go away")],
        &[("USER", "530 go away")],
        &[("USER", "332 go away")],
        &[("PASS", "530 go away")],
        &[("TYPE", "504 go away")],
        &[("RETR", "550-no\r\n550 go away")],
    ];
    for replies in replies {
        let failure = request(replies, |_| {}).unwrap_err();
        let text = failure.to_string();
        assert!(text.starts_with("the server replied: ") && text.ends_with("go away"), "{text}");
        assert!(matches!(failure.kind(), FailureKind::Status(_)), "{text}");
        assert_eq!(failure.retry(), Retry::Never, "{text}");
    }
}

#[test]
fn temporary_refusals_may_be_retried() {
    let replies: [Replies; 6] = [
        &[("GREETING", "421 too many")],
        &[("USER", "421 too many")],
        &[("PASS", "450 later")],
        &[("TYPE", "421 too many")],
        &[("PASV", "425 later"), ("EPSV", "502 what")],
        &[("RETR", "450 later")],
    ];
    for replies in replies {
        let failure = request(replies, |_| {}).unwrap_err();
        assert_eq!(failure.retry(), Retry::Later, "{failure}");
        assert!(matches!(failure.kind(), FailureKind::Status(400..500)), "{failure}");
    }
}

#[test]
fn a_server_that_hangs_up_is_a_network_failure() {
    let replies: [Replies; 8] = [
        &[("GREETING", "")],
        &[("USER", "")],
        &[("PASS", "")],
        &[("TYPE", "")],
        &[("SIZE", "")],
        &[("MDTM", "")],
        &[("PASV", "")],
        &[("RETR", "")],
    ];
    for replies in replies {
        let failure = request(replies, |_| {}).unwrap_err();
        assert_eq!((failure.kind(), failure.retry()), (FailureKind::Network, Retry::Later));
        let text = failure.to_string();
        assert!(text.contains("closed") || text.contains("reset"), "{replies:?}: {text}");
    }
}

#[test]
fn optional_commands_may_be_refused() {
    let replies: [Replies; 8] = [
        &[("SIZE", "502 what")],
        &[("SIZE", "550 not in ASCII mode")],
        &[("SIZE", "213 ten")],
        &[("MDTM", "502 what")],
        &[("MDTM", "213 yesterday")],
        &[("USER", "230 welcome")],
        &[("GREETING", "120 wait\r\n220 ready")],
        &[("GREETING", "220-one\r\n 230 two\r\nthree\r\n220 four"), ("END", "250 complete")],
    ];
    for replies in replies {
        assert_eq!(fetch(replies).as_deref(), Ok(FILE), "{replies:?}");
    }
}

#[test]
fn the_other_passive_mode_is_tried() {
    let replies: [Replies; 4] = [
        &[("PASV", "502 what")],
        &[("PASV", "227 nowhere")],
        // No program listens at port 1.
        &[("PASV", "227 Entering Passive Mode (127,0,0,1,0,1)")],
        &[("EPSV", "502 what")],
    ];
    for replies in replies {
        assert_eq!(fetch(replies).as_deref(), Ok(FILE), "{replies:?}");
    }
    let refused = fetch(&[("PASV", "502 what"), ("EPSV", "522 no")]).unwrap_err();
    assert_eq!(refused, "the server replied: 502 what");
    let closed = fetch(&[("PASV", "227 (127,0,0,1,0,1)"), ("EPSV", "502 what")]).unwrap_err();
    assert!(closed.starts_with("data connection: "), "{closed}");
}

#[test]
fn incomplete_transfers_fail() {
    for (replies, text) in [
        (&[("DATA", "4")] as Replies, "truncated: received 4 of 10 bytes"),
        (&[("DATA", "4"), ("END", "426 cut")], "truncated: received 4 of 10 bytes"),
        (&[("DATA", "4"), ("SIZE", "502 what"), ("END", "426 cut")], "incomplete: "),
        (&[("END", "426 cut")], "incomplete: the server replied: 426 cut"),
        (&[("END", "451 disk")], "incomplete: the server replied: 451 disk"),
        (&[("END", "550 gone")], "incomplete: the server replied: 550 gone"),
        (&[("END", "150 again")], "incomplete: the server replied: 150 again"),
        (&[("END", "")], "incomplete: FTP: "),
    ] {
        let failure = fetch(replies).unwrap_err();
        assert!(failure.starts_with(text), "{replies:?}: {failure}");
    }
}

#[test]
fn transfers_resume_if_the_server_can() {
    let range = Some("bytes 4-9/10".to_owned());
    assert_eq!(resume(&[]).unwrap(), (206, range, FILE[4..].to_vec()));
    let whole: [Replies; 3] =
        [&[("REST", "502 what")], &[("SIZE", "502 what")], &[("MDTM", "502 what")]];
    for replies in whole {
        assert_eq!(resume(replies).unwrap(), (200, None, FILE.to_vec()), "{replies:?}");
    }
    assert_eq!(resume(&[("REST", "421 bye")]).unwrap_err().kind(), FailureKind::Status(421));
}

#[test]
fn head_opens_no_data_connection() {
    let server = Server::start(&[]);
    let mut head = server.request("ftp", "x");
    head.method = "HEAD".to_owned();
    let response = transport().exchange(&head).unwrap();
    assert_eq!(response.headers.value("Content-Length"), Some("10"));
    let commands = server.commands();
    assert_eq!(commands[3..], [&b"SIZE x"[..], b"MDTM x", b"QUIT"]);
    let absent = request(&[("SIZE", "550 none")], |get| get.method = "HEAD".to_owned());
    assert_eq!(absent.unwrap_err().kind(), FailureKind::Status(550));
}

#[test]
fn line_breaks_never_reach_the_server() {
    let server = Server::start(&[]);
    for path in ["a%0d%0aDELE x", "a%0ab", "a%00b", "", "dir/"] {
        let failure = transport().exchange(&server.request("ftp", path)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Usage, "{path}");
    }
    for (user, password) in [("a%0d%0aDELE x", "b"), ("a", "b%0aDELE x")] {
        let mut get = server.request("ftp", "x");
        get.url.set_username(user).unwrap();
        get.url.set_password(Some(password)).unwrap();
        let failure = transport().exchange(&get).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Usage, "{user}");
        assert!(!failure.to_string().contains("DELE"), "{failure}");
    }
    drop(TcpStream::connect(("127.0.0.1", server.port)).unwrap());
    assert_eq!(server.commands(), [b""; 0]);
}

#[test]
fn nothing_is_sent_without_tls() {
    let stripped: [(Replies, &str); 3] = [
        (&[("AUTH", "502 what")], "the server replied: 502 what"),
        (&[("AUTH", "200 fine")], "the server replied: 200 fine"),
        // Data that was sent before the handshake, by anyone.
        (&[("AUTH", "234 go\r\n230 welcome")], "FTP: unexpected data before TLS"),
    ];
    for (replies, text) in stripped {
        let server = Server::start(replies);
        let failure = transport().exchange(&server.request("ftps", "x")).unwrap_err();
        assert_eq!(failure.to_string(), text);
        assert_eq!(server.commands(), [b"AUTH TLS"]);
    }
}
