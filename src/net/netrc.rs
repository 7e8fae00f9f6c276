//! `.netrc`: a file of logins and passwords for hosts.
//!
//! The format is that of curl and BSD's `ftp`: `machine NAME`, `login NAME`, `password WORD` and
//! `default`. Words are separated by whitespace, and quoted if they contain whitespace. `account`
//! and `macdef` are ignored.

use std::fmt;
use zeroize::Zeroizing;

use crate::net::secret::{Credentials, Secret};

/// The entries of a `.netrc`, in order.
///
/// ```
/// use hsum::net::netrc::Netrc;
///
/// let netrc = Netrc::parse(b"machine example.org login alice password \"open sesame\"\n")?;
/// let found = netrc.find("EXAMPLE.org", None).unwrap();
/// assert_eq!(found.user, b"alice");
/// assert!(netrc.find("www.example.org", None).is_none());
/// # Ok::<(), hsum::net::netrc::NetrcError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    /// In lower case; `None` for `default`.
    machine: Option<Vec<u8>>,
    login: Option<Vec<u8>>,
    password: Option<Secret>,
}

/// A syntax error in a `.netrc`. It does not quote the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct NetrcError {
    /// The line number, from 1.
    pub line: usize,
    /// The problem.
    pub reason: &'static str,
}

impl Netrc {
    /// Parses a file.
    ///
    /// # Errors
    /// If there is an unknown keyword, a keyword without a value, or an unterminated quote.
    pub fn parse(text: &[u8]) -> Result<Self, NetrcError> {
        let mut words = Words { text, at: 0, line: 1 };
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(word) = words.next()? {
            let line = words.line;
            let wrong = |reason| NetrcError { line, reason };
            let mut value = || words.value()?.ok_or(wrong("a keyword without a value"));
            match &**word {
                b"machine" => {
                    let machine = Some(value()?.to_ascii_lowercase());
                    entries.push(Entry { machine, login: None, password: None });
                }
                b"default" => {
                    entries.push(Entry { machine: None, login: None, password: None });
                }
                b"macdef" => words.skip_macro(),
                keyword @ (b"login" | b"password" | b"account") => {
                    let value = value()?;
                    let entry = entries.last_mut();
                    let entry = entry.ok_or(wrong("a keyword before the first machine"))?;
                    match keyword {
                        b"login" => entry.login = Some(value.to_vec()),
                        b"password" => entry.password = Some(Secret::new(&value[..])),
                        _ => {}
                    }
                }
                _ => return Err(wrong("unknown keyword (values with spaces need quotes)")),
            }
        }
        Ok(Self { entries })
    }

    /// Returns the credentials of the first entry for `host`, and for `login` if there is one.
    ///
    /// `default` matches every host. Returns `None` if the entry lacks the login or the password:
    /// taking them from another entry would send one host's password to another (CVE-2024-11053).
    pub fn find(&self, host: &str, login: Option<&[u8]>) -> Option<Credentials> {
        let host = host.to_ascii_lowercase();
        let entry = self.entries.iter().find(|entry| {
            let machine = entry.machine.as_deref().is_none_or(|machine| machine == host.as_bytes());
            machine && login.is_none_or(|login| entry.login.as_deref() == Some(login))
        })?;
        Some(Credentials { user: entry.login.clone()?, password: entry.password.clone()? })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.machine {
            Some(machine) => write!(f, "machine {}", machine.escape_ascii()),
            None => f.write_str("default"),
        }
    }
}

struct Words<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

type Word = Zeroizing<Vec<u8>>;

impl Words<'_> {
    /// Returns the next word after whitespace and comments.
    fn next(&mut self) -> Result<Option<Word>, NetrcError> {
        self.word(true)
    }

    /// Returns the next word, which may start with `#`, as passwords do.
    fn value(&mut self) -> Result<Option<Word>, NetrcError> {
        self.word(false)
    }

    fn word(&mut self, skips_comments: bool) -> Result<Option<Word>, NetrcError> {
        let mut is_line_start = self.at == 0;
        loop {
            match self.text.get(self.at) {
                None => return Ok(None),
                Some(b'\n') => {
                    self.line += 1;
                    is_line_start = true;
                }
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'#') if is_line_start && skips_comments => {
                    self.skip_line();
                    continue;
                }
                Some(b'"') => return self.quoted().map(Some),
                Some(_) => return Ok(Some(self.bare())),
            }
            self.at += 1;
        }
    }

    fn bare(&mut self) -> Word {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|b| b" \t\r\n".contains(b)).unwrap_or(rest.len());
        self.at += end;
        Zeroizing::new(rest[..end].to_vec())
    }

    /// Parses a quoted word. `\n`, `\r` and `\t` are as in C; before other bytes, `\` is dropped.
    fn quoted(&mut self) -> Result<Word, NetrcError> {
        let unterminated =
            NetrcError { line: self.line, reason: "a quote that is not closed on the same line" };
        // Allocated in full: growing would leave copies of the password behind.
        let mut word = Zeroizing::new(Vec::with_capacity(self.text.len() - self.at));
        loop {
            self.at += 1;
            match self.text.get(self.at).ok_or(unterminated)? {
                b'"' => break,
                b'\n' => return Err(unterminated),
                b'\\' => {
                    self.at += 1;
                    word.push(match self.text.get(self.at).ok_or(unterminated)? {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'\n' => return Err(unterminated),
                        byte => *byte,
                    });
                }
                byte => word.push(*byte),
            }
        }
        self.at += 1;
        Ok(word)
    }

    /// Skips the rest of the line, but not the line break.
    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }

    /// Skips a macro, which ends at the first empty line.
    fn skip_macro(&mut self) {
        self.skip_line();
        while self.at < self.text.len() {
            self.at += 1;
            self.line += 1;
            let start = self.at;
            self.skip_line();
            if self.text[start..self.at].iter().all(|b| *b == b'\r') {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str, login: Option<&str>) -> Option<(String, String)> {
        let netrc = Netrc::parse(text.as_bytes()).unwrap();
        let found = netrc.find(host, login.map(str::as_bytes))?;
        let password = found.password.to_str().unwrap().to_owned();
        Some((String::from_utf8(found.user).unwrap(), password))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.into(), password.into()))
    }

    #[test]
    fn whitespace_is_insignificant() {
        let text = "# mine\nmachine a.example\n\tlogin alice\r\n  password one\n\
                    machine b.example login bob account x password two default login guest password any";
        assert_eq!(found(text, "a.example", None), pair("alice", "one"));
        assert_eq!(found(text, "B.Example", None), pair("bob", "two"));
        assert_eq!(found(text, "c.example", None), pair("guest", "any"));
    }

    #[test]
    fn quoted_words_contain_spaces_and_escapes() {
        let text = r#"machine h login "a b" password "q\"\\\t#z""#;
        assert_eq!(found(text, "h", None), pair("a b", "q\"\\\t#z"));
    }

    #[test]
    fn a_hash_starts_a_comment_only_before_a_keyword() {
        assert_eq!(found("machine h login a password #1\n", "h", None), pair("a", "#1"));
        assert_eq!(found("machine h login a password\n#1\n", "h", None), pair("a", "#1"));
        assert_eq!(found("machine h login a\n #password x\npassword y", "h", None), pair("a", "y"));
    }

    #[test]
    fn macros_are_skipped() {
        let text = "machine h login a\nmacdef init\nmachine evil\npassword no\n\npassword yes\n";
        assert_eq!(found(text, "h", None), pair("a", "yes"));
        assert_eq!(found(text, "evil", None), None);
        assert_eq!(found("macdef m\nno end", "h", None), None);
    }

    #[test]
    fn a_login_selects_its_own_entry() {
        let text = "machine h login a password 1\nmachine h login b password 2\n";
        assert_eq!(found(text, "h", Some("b")), pair("b", "2"));
        assert_eq!(found(text, "h", Some("c")), None);
    }

    // curl's CVE-2024-11053 and CVE-2025-0167.
    #[test]
    fn no_entry_uses_the_password_of_another() {
        let text = "machine h login a\ndefault login d password secret\n";
        assert_eq!(found(text, "h", None), None);
        assert_eq!(found("machine h login a\ndefault", "other", None), None);
        assert_eq!(found("machine hh login a password p", "h", None), None);
    }

    #[test]
    fn errors_contain_the_line_number_but_no_text() {
        let cases = [
            ("machine h\nlogin a\npassword two words\n", 3),
            ("login a", 1),
            ("\n\nmachine", 3),
            ("machine h\npassword \"open\nmachine b", 2),
            ("machine h password \"a\\", 1),
        ];
        for (text, line) in cases {
            let error = Netrc::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text:?}");
            assert!(!error.to_string().contains("words\n"), "{error}");
        }
    }

    #[test]
    fn debug_shows_machines_only() {
        let netrc = Netrc::parse(b"machine h login alice password opensesame").unwrap();
        assert_eq!(format!("{netrc:?}"), "Netrc { entries: [machine h] }");
    }
}
