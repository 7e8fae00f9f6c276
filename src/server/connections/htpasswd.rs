//! Files of users and password hashes, as Apache's `htpasswd` writes them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use hsum::{Algorithm, Key};

use hsum::internals::lock;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use zeroize::Zeroizing;

use crate::cli::exit::SetupError;
use crate::cli::key::read_secrets;
use crate::cli::print::file_error;
use crate::cli::quote::quote;

/// The longest password in bytes: the time of SHA-crypt grows with its length.
const LONGEST_PASSWORD: usize = 256;

/// The costs of bcrypt: 2^cost rounds, of which the least is too cheap to guess passwords, and the
/// most takes seconds.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 8..=15;

/// The rounds of SHA-crypt.
const SHA_ROUNDS: std::ops::RangeInclusive<u32> = 5_000..=1_000_000;

/// The passwords that are remembered, so that only the first request of a client costs a hash.
const REMEMBERED: usize = 1024;

/// The kinds of hashes, by the beginnings of their text.
const SCHEMES: &[(&[&str], Scheme)] =
    &[(&["$2y$", "$2a$", "$2b$"], Scheme::Bcrypt), (&["$5$", "$6$"], Scheme::ShaCrypt)];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scheme {
    Bcrypt,
    ShaCrypt,
}

/// A password hash.
#[derive(Clone, PartialEq, Eq)]
struct PasswordHash {
    scheme: Scheme,
    text: String,
}

/// Users and their password hashes.
pub(crate) struct Users {
    hashes: HashMap<String, PasswordHash>,
    /// A hash for users that do not exist, so that they take as long as others.
    decoy: PasswordHash,
    /// Keys the passwords that are remembered; made for this run.
    key: Key,
    remembered: Mutex<HashMap<String, Vec<u8>>>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("count", &self.hashes.len()).finish_non_exhaustive()
    }
}

impl Users {
    /// Reads a file of lines `USER:HASH`; lines that begin with `#`, and blank lines, are comments.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or contains a line that cannot be used.
    pub(crate) fn read(path: &Path) -> Result<Arc<Self>> {
        let text = read_secrets(path)
            .map_err(|error| SetupError(format!("{:#}", file_error(path, error))))?;
        let users = Self::parse(&text);
        users.map_err(|why| SetupError(format!("{}: {why}", quote(path))).into())
    }

    fn parse(text: &[u8]) -> Result<Arc<Self>, String> {
        let text = str::from_utf8(text).map_err(|_| "is not UTF-8".to_owned())?;
        let mut hashes = HashMap::new();
        let mut decoy = None;
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |why: &str| format!("line {}: {why}", at + 1);
            let (user, hash) = line
                .split_once(':')
                .ok_or_else(|| wrong("no password hash (expected USER:HASH)"))?;
            // A third field is a comment of Apache's.
            let hash = hash.split(':').next().unwrap_or_default().trim_end();
            let hash = PasswordHash::parse(hash).map_err(|why| wrong(&why))?;
            if hashes.insert(user.to_owned(), hash.clone()).is_some() {
                return Err(wrong("the user is listed twice"));
            }
            decoy.get_or_insert(hash);
        }
        let decoy = decoy.ok_or("lists no user (expected lines USER:HASH)")?;
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(|error| format!("no random numbers: {error}"))?;
        let key = Key::new(Algorithm::Sha256, &*key).map_err(|error| error.to_string())?;
        Ok(Arc::new(Self { hashes, decoy, key, remembered: Mutex::default() }))
    }

    /// Returns `true` if the password was right before; this takes no time.
    pub(crate) fn remembers(&self, user: &str, password: &[u8]) -> bool {
        let remembered = lock(&self.remembered).get(user).cloned();
        remembered.is_some_and(|tag| self.key.verify(password, &tag).is_ok())
    }

    /// Compares the password with the user's hash, which takes tens of milliseconds, also for a
    /// user that does not exist.
    pub(crate) fn verify(&self, user: &str, password: &[u8]) -> bool {
        let hash = self.hashes.get(user);
        let is_right = hash.unwrap_or(&self.decoy).matches(password);
        if hash.is_none() || !is_right {
            return false;
        }
        let mut remembered = lock(&self.remembered);
        if remembered.len() < REMEMBERED || remembered.contains_key(user) {
            remembered.insert(user.to_owned(), self.key.sign(password).into_bytes());
        }
        true
    }
}

impl PasswordHash {
    /// Parses a hash; an error does not contain it.
    fn parse(text: &str) -> Result<Self, String> {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        let row = SCHEMES.iter().find(|(prefixes, _)| starts(prefixes));
        let Some((_, scheme)) = row else {
            return Err("the password is not hashed, or its hash is weak (expected bcrypt, or \
                SHA-crypt $5$ or $6$); make one with 'htpasswd -B -C 10 FILE USER'"
                .into());
        };
        let hash = Self { scheme: *scheme, text: text.to_owned() };
        hash.check_cost()?;
        // An invalid hash would never match, and take no time.
        match hash.try_verify(b"") {
            Some(_) => Ok(hash),
            None => Err("the password hash is damaged".into()),
        }
    }

    fn check_cost(&self) -> Result<(), String> {
        let fields: Vec<_> = self.text.split('$').collect();
        let second = fields.get(2).copied().unwrap_or_default();
        match self.scheme {
            Scheme::Bcrypt if !in_range(second, &BCRYPT_COSTS) => {
                Err("the cost of the password hash is not 8 to 15; make one with 'htpasswd -B -C \
                    10 FILE USER'"
                    .into())
            }
            Scheme::ShaCrypt => match second.strip_prefix("rounds=") {
                Some(rounds) if !in_range(rounds, &SHA_ROUNDS) => {
                    Err("the rounds of the password hash are not 5000 to 1000000".into())
                }
                _ => Ok(()),
            },
            Scheme::Bcrypt => Ok(()),
        }
    }

    fn matches(&self, password: &[u8]) -> bool {
        let is_short = password.len() <= LONGEST_PASSWORD;
        let password = if is_short { password } else { b"" };
        self.try_verify(password).unwrap_or(false) && is_short
    }

    /// Returns `None` if the hash is invalid.
    fn try_verify(&self, password: &[u8]) -> Option<bool> {
        match self.scheme {
            Scheme::Bcrypt => bcrypt::verify(password, &self.text).ok(),
            Scheme::ShaCrypt => {
                let hash = sha_crypt::PasswordHash::new(self.text.as_str()).ok()?;
                match ShaCrypt::default().verify_password(password, &hash) {
                    Ok(()) => Some(true),
                    Err(sha_crypt::password_hash::Error::PasswordInvalid) => Some(false),
                    Err(_) => None,
                }
            }
        }
    }
}

fn in_range(digits: &str, range: &std::ops::RangeInclusive<u32>) -> bool {
    digits.parse().is_ok_and(|number| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `htpasswd -nbB -C 8 bob 'pa:ss'`.
    const BCRYPT: &str = "$2y$08$aHq8gVN6zedb9SAkvcsqn.us/wpH0adCIY3nEmszfCTp40rm6I8x6";
    /// `openssl passwd -6 -salt saltsalt secret`, and with `-5`.
    const SHA512: &str = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
    const SHA256: &str = "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA";

    fn users() -> Arc<Users> {
        let text = format!("# users\n\nbob:{BCRYPT}\neve:{SHA512}\r\nmia:{SHA256}:comment\n");
        Users::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn passwords_match_the_hashes_of_other_programs() {
        let users = users();
        for (user, password, is_right) in [
            ("bob", "pa:ss", true),
            ("bob", "pa:s", false),
            ("bob", "", false),
            ("eve", "secret", true),
            ("eve", "Secret", false),
            ("mia", "secret", true),
            ("nobody", "secret", false),
            ("", "", false),
        ] {
            assert!(!users.remembers(user, password.as_bytes()), "{user} {password}");
            assert_eq!(users.verify(user, password.as_bytes()), is_right, "{user} {password}");
            assert_eq!(users.remembers(user, password.as_bytes()), is_right, "{user} {password}");
        }
        assert!(!users.remembers("bob", b"pa:s"));
        assert!(!users.verify("eve", &[b'a'; LONGEST_PASSWORD + 1]));
    }

    #[test]
    fn weak_hashes_and_damaged_lines_are_refused() {
        let cheap = BCRYPT.replace("$08$", "$05$");
        let dear = BCRYPT.replace("$08$", "$31$");
        for (text, why) in [
            ("bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "htpasswd -B"),
            ("bob:$apr1$6BSwEmpf$l3zDNtQCUu4UNJ4MmMBTQ1", "htpasswd -B"),
            ("bob:$1$6BSwEmpf$l3zDNtQCUu4UNJ4MmMBTQ1", "htpasswd -B"),
            ("bob:secret", "htpasswd -B"),
            ("bob:", "htpasswd -B"),
            ("bob", "line 1: no password hash"),
            ("bob:$2y$10$short", "damaged"),
            ("bob:$6$salt$short", "damaged"),
            ("bob:$6$rounds=10$saltsalt$x", "rounds"),
            (&format!("bob:{cheap}"), "cost"),
            (&format!("bob:{dear}"), "cost"),
            (&format!("bob:{BCRYPT}\nbob:{BCRYPT}"), "line 2: the user is listed twice"),
            ("# none", "lists no user"),
            ("", "lists no user"),
        ] {
            let error = Users::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("W6ph5") && !error.contains("secret"), "{error}");
        }
        assert!(Users::parse(b"bob:\xff").is_err());
    }
}
