//! Replies of an FTP server (RFC 959, section 4.2), and the values in them.

use std::io::{self, BufRead, Read};
use std::str::FromStr;

use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::handshake::io_failure;
use crate::sign::clock::from_basic_format;

/// The maximum length of a reply, in bytes.
const MAX_REPLY: usize = 64 * 1024;

/// A reply of one or more lines.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// All lines, with their codes and line ends.
    text: Vec<u8>,
}

/// The meaning of a reply: the first digit of its code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReplyClass {
    /// Another reply will follow.
    Preliminary = 1,
    /// The command has succeeded.
    Completion = 2,
    /// The server awaits the next command of a sequence.
    Intermediate = 3,
}

impl Reply {
    /// Reads a reply.
    pub(super) fn read(input: &mut impl BufRead) -> Result<Self, Failure> {
        let mut input = input.take(MAX_REPLY as u64);
        let mut text = Vec::new();
        loop {
            let start = text.len();
            let read = input.read_until(b'\n', &mut text);
            read.map_err(|error| io_failure(error, "FTP"))?;
            let line = &text[start..];
            if !line.ends_with(b"\n") {
                return Err(match input.limit() {
                    0 => Failure::network(format!("FTP: a reply exceeds {MAX_REPLY} bytes")),
                    _ => io_failure(io::ErrorKind::UnexpectedEof.into(), "FTP"),
                });
            }
            // The first line of several has a hyphen after its code. The last one has none; some
            // servers give it a code that differs from the first line's.
            match (line.get(..3).and_then(number), line.get(3)) {
                (Some(code), Some(b' ' | b'\r' | b'\n')) => return Ok(Self { code, text }),
                (Some(_), Some(b'-')) => {}
                _ if start > 0 => {}
                _ => return Err(Failure::network("the server does not speak FTP")),
            }
        }
    }

    pub(super) fn is(&self, class: ReplyClass) -> bool {
        self.code / 100 == class as u16
    }

    /// Returns the reply if it is of `class`, and a failure otherwise.
    pub(super) fn require(self, class: ReplyClass) -> Result<Self, Failure> {
        if self.is(class) { Ok(self) } else { Err(self.failure()) }
    }

    /// Returns the failure of a command with this reply.
    pub(super) fn failure(&self) -> Failure {
        let text = String::from_utf8_lossy(&self.text);
        let text = format!("the server replied: {}", text.trim().escape_debug());
        let failure = Failure::new(FailureKind::Status(self.code), text);
        // Codes from 400 to 499 are temporary (RFC 959, section 4.2.1).
        if self.code / 100 == 4 { failure.retrying(Retry::Later) } else { failure }
    }

    /// Returns the size in a reply to SIZE (RFC 3659, section 4).
    pub(super) fn size(&self) -> Option<u64> {
        self.value().and_then(number)
    }

    /// Returns the time in a reply to MDTM, in seconds since 1970 (RFC 3659, section 2.3).
    pub(super) fn time(&self) -> Option<u64> {
        let (date, time) = self.value()?.get(..14)?.split_at(8);
        from_basic_format(&[date, b"T", time, b"Z"].concat())
    }

    /// Returns the value in a reply with code 213.
    fn value(&self) -> Option<&[u8]> {
        let value = self.text.get(4..).filter(|_| self.code == 213)?;
        Some(value.trim_ascii())
    }

    /// Returns the port in a reply to PASV. Its address is ignored: a server may name one of its
    /// local network, or that of another machine.
    pub(super) fn passive_port(&self) -> Option<u16> {
        // There may be no parentheses (RFC 1123, section 4.1.2.6).
        let lists = self.text.split(|b| !matches!(b, b'0'..=b'9' | b','));
        let mut fields = lists.filter(|_| self.code == 227).filter_map(|list| {
            let bytes: Option<Vec<u8>> = list.split(|b| *b == b',').map(number).collect();
            <[u8; 6]>::try_from(bytes?).ok()
        });
        let [.., high, low] = fields.next()?;
        Some(u16::from_be_bytes([high, low])).filter(|port| *port != 0)
    }

    /// Returns the port in a reply to EPSV, such as `(|||6446|)` (RFC 2428, section 3).
    pub(super) fn extended_passive_port(&self) -> Option<u16> {
        let text = self.text.rsplit(|b| *b == b'(').next().filter(|_| self.code == 229)?;
        let (delimiter, text) = text.split_first()?;
        let mut fields = text.split(|b| b == delimiter);
        let fields = [fields.next()?, fields.next()?, fields.next()?];
        let port = number(fields[2]).filter(|_| fields[0].is_empty() && fields[1].is_empty())?;
        Some(port).filter(|port| *port != 0)
    }
}

/// Parses a number that consists of digits only.
fn number<T: FromStr>(digits: &[u8]) -> Option<T> {
    let digits = str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Reads replies until the first failure, `step` bytes at a time.
    fn replies(text: &[u8], step: usize) -> (Vec<u16>, String) {
        let mut input = BufReader::with_capacity(step, text);
        let mut codes = Vec::new();
        loop {
            match Reply::read(&mut input) {
                Ok(reply) => codes.push(reply.code),
                Err(failure) => return (codes, failure.to_string()),
            }
        }
    }

    fn reply(text: &str) -> Reply {
        Reply::read(&mut format!("{text}\r\n").as_bytes()).expect("a reply")
    }

    #[test]
    fn replies_of_several_lines_end_at_the_last() {
        let text = b"220 a\r\n230-b\r\n230-c\r\n 230 d\r\n23\r\n\r\n2300 e\r\n230 f\r\n226-\n250 g\n200\r\n";
        for step in [1, 2, 3, 7, 4096] {
            let (codes, end) = replies(text, step);
            assert_eq!(codes, [220, 230, 250, 200], "{step}");
            assert_eq!(end, "FTP: the connection was closed");
        }
    }

    #[test]
    fn malformed_and_truncated_replies_fail() {
        for text in ["SSH-2.0-x\r\n", "22 x\r\n", "220x\r\n", "+20 x\r\n", "\r\n"] {
            assert_eq!(
                replies(text.as_bytes(), 64),
                (vec![], "the server does not speak FTP".into())
            );
        }
        for text in ["", "2", "220 ready", "220-a\r\n", "220-a\r\n220 b"] {
            let closed = "FTP: the connection was closed";
            assert_eq!(replies(text.as_bytes(), 64), (vec![], closed.into()), "{text}");
        }
    }

    #[test]
    fn the_length_of_replies_is_limited() {
        let too_long = (vec![], "FTP: a reply exceeds 65536 bytes".to_owned());
        assert_eq!(replies(&[b'2'; MAX_REPLY + 1], 4096), too_long);
        assert_eq!(replies(&b"220-x\r\n".repeat(MAX_REPLY / 7 + 1), 4096), too_long);
        let most = [b"220 ", &[b'x'; MAX_REPLY - 5][..], b"\n"].concat();
        assert_eq!(replies(&most, 4096).0, [220]);
    }

    #[test]
    fn failures_quote_the_reply_escaped() {
        let failure = reply("550 no \x1b[31mfile\u{202e}").failure();
        assert_eq!(failure.kind(), FailureKind::Status(550));
        let shown = failure.to_string();
        assert!(shown.starts_with("the server replied: 550 no \\u{1b}[31mfile"), "{shown}");
        assert!(!shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn codes_from_400_to_499_are_temporary() {
        for (code, retry) in [
            (421, Retry::Later),
            (426, Retry::Later),
            (450, Retry::Later),
            (451, Retry::Later),
            (500, Retry::Never),
            (530, Retry::Never),
            (550, Retry::Never),
            (332, Retry::Never),
        ] {
            assert_eq!(reply(&format!("{code} x")).failure().retry(), retry, "{code}");
        }
    }

    #[test]
    fn sizes_and_times() {
        assert_eq!(reply("213 5000000000").size(), Some(5_000_000_000));
        assert_eq!(reply("213   7 ").size(), Some(7));
        for text in ["213 -1", "213 +1", "213 99999999999999999999", "213", "200 7", "213 7 8"] {
            assert_eq!(reply(text).size(), None, "{text}");
        }
        assert_eq!(reply("213 20000229235959").time(), Some(951_868_799));
        assert_eq!(reply("213 20000229235959.123").time(), Some(951_868_799));
        for text in ["213 20010229000000", "213 19100101000000", "213 2000", "550 20000229235959"] {
            assert_eq!(reply(text).time(), None, "{text}");
        }
    }

    #[test]
    fn ports_of_data_connections() {
        for text in [
            "227 Entering Passive Mode (10,9,8,7,4,1)",
            "227 Entering Passive Mode 0,0,0,0,4,1",
            "227 =127,0,0,1,4,1.",
            "227 mode 2 (1,2,3) 1,2,3,4,4,1",
        ] {
            assert_eq!(reply(text).passive_port(), Some(1025), "{text}");
        }
        for text in [
            "227 (1,2,3,4,0,0)",
            "227 (1,2,3,4,256,1)",
            "227 (1,2,3,4,5)",
            "227 (1,2,3,4,5,6,7)",
            "227 (1,2,3,4,,1)",
            "200 (1,2,3,4,4,1)",
            "227 ",
        ] {
            assert_eq!(reply(text).passive_port(), None, "{text}");
        }
        for text in ["229 Extended (x) Passive Mode (|||1025|)", "229 (!!!1025!)", "229 (|||1025|"]
        {
            assert_eq!(reply(text).extended_passive_port(), Some(1025), "{text}");
        }
        for text in [
            "229 (|||0|)",
            "229 (|||65536|)",
            "229 (|1|10.0.0.1|1025|)",
            "229 (||1025|)",
            "229 |||1025|",
            "229 (",
            "227 (|||1025|)",
        ] {
            assert_eq!(reply(text).extended_passive_port(), None, "{text}");
        }
    }
}
