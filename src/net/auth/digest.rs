//! Digest access authentication (RFC 7616, and RFC 2069 for servers that know no `qop`).

use zeroize::{Zeroize, Zeroizing};

use super::challenge::{Challenge, pairs};
use super::{AuthError, Credentials, Secret};
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;

/// What a server asks with: its nonce, and how to hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestChallenge {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    /// The algorithm as it was written, to be sent back; where it was.
    token: Option<&'static str>,
    lifetime: Lifetime,
    qop: Option<Qop>,
    user: UserName,
    staleness: Staleness,
}

/// What is under the digest besides the credentials and the nonces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Qop {
    /// Method and target.
    Auth,
    /// The body too.
    AuthInt,
}

impl Qop {
    fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// How long the hash of the credentials serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lifetime {
    Password,
    /// `-sess`: the first nonce and the client's are in it.
    Session,
}

/// How the user's name is sent (`userhash`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum UserName {
    Plain,
    Hashed,
}

/// Why the server asks again (`stale`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Staleness {
    Credentials,
    Nonce,
}

/// The names of RFC 7616, section 6.1, from the weakest.
const ALGORITHMS: [(&str, Algorithm, Lifetime); 6] = [
    ("MD5", Algorithm::Md5, Lifetime::Password),
    ("MD5-sess", Algorithm::Md5, Lifetime::Session),
    ("SHA-256", Algorithm::Sha256, Lifetime::Password),
    ("SHA-256-sess", Algorithm::Sha256, Lifetime::Session),
    ("SHA-512-256", Algorithm::Sha512_256, Lifetime::Password),
    ("SHA-512-256-sess", Algorithm::Sha512_256, Lifetime::Session),
];

impl DigestChallenge {
    /// Reads a challenge of the scheme `Digest`. `None` for another scheme, without realm or
    /// nonce, and where the algorithm or every `qop` is unknown: such a challenge is to be passed
    /// over (section 3.3).
    pub fn from_challenge(challenge: &Challenge) -> Option<Self> {
        if !challenge.is("digest") {
            return None;
        }
        let is_true = |name| challenge.param(name).is_some_and(|v| v.eq_ignore_ascii_case(b"true"));
        let (token, algorithm, lifetime) = match challenge.param("algorithm") {
            None => (None, Algorithm::Md5, Lifetime::Password),
            Some(written) => {
                let named = |row: &&(&str, _, _)| written.eq_ignore_ascii_case(row.0.as_bytes());
                let (name, algorithm, lifetime) = ALGORITHMS.iter().find(named)?;
                (Some(*name), *algorithm, *lifetime)
            }
        };
        let qop = match challenge.param("qop") {
            None => None,
            Some(list) => {
                let offered = |qop: &Qop| {
                    let mut all = list.split(|b| *b == b',').map(<[u8]>::trim_ascii);
                    all.any(|own| own.eq_ignore_ascii_case(qop.name().as_bytes()))
                };
                Some([Qop::Auth, Qop::AuthInt].into_iter().find(offered)?)
            }
        };
        Some(Self {
            realm: sendable(challenge.param("realm")?)?,
            nonce: sendable(challenge.param("nonce")?)?,
            opaque: match challenge.param("opaque") {
                Some(opaque) => Some(sendable(opaque)?),
                None => None,
            },
            algorithm,
            token,
            lifetime,
            qop,
            user: if is_true("userhash") { UserName::Hashed } else { UserName::Plain },
            staleness: if is_true("stale") { Staleness::Nonce } else { Staleness::Credentials },
        })
    }

    /// The hash function, with which to hash a body for [`Request::body`].
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What the answer will cover; `None` for a server of before RFC 2617. `auth` where the server
    /// takes either.
    pub fn qop(&self) -> Option<Qop> {
        self.qop
    }

    /// The server's nonce.
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Whether only the nonce was too old: the same credentials are to be tried again, once.
    /// Otherwise a second challenge says that they are wrong.
    pub fn is_stale(&self) -> bool {
        self.staleness == Staleness::Nonce
    }

    pub(super) fn rank(&self) -> usize {
        ALGORITHMS.iter().position(|row| row.1 == self.algorithm).unwrap_or(0)
    }
}

/// A value that goes back into a header as it came; not one with control characters.
fn sendable(value: &[u8]) -> Option<Vec<u8>> {
    let is_control = |b: &u8| b.is_ascii_control() && *b != b'\t';
    (!value.iter().any(is_control)).then(|| value.to_vec())
}

/// What of a request is under its digest.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The method, in upper case: `GET`.
    pub method: &'r str,
    /// What stands on the request line: path and query, `HOST:PORT` for `CONNECT`, the absolute
    /// URL for a request through a proxy.
    pub target: &'r str,
    /// The body's digest, of the challenge's algorithm; wanted for `auth-int` only.
    pub body: Option<Digest>,
}

/// The answers to one challenge, which count up.
#[derive(Clone, Debug)]
pub struct DigestSession {
    challenge: DigestChallenge,
    /// The nonce that the session's key is made with, whatever nonces follow.
    first_nonce: Vec<u8>,
    cnonce: String,
    count: u32,
}

impl DigestSession {
    /// A session with the client's nonce `cnonce`, which is to be random (16 bytes in hex, say):
    /// visible ASCII characters but quote and backslash; others are left out.
    pub fn new(challenge: DigestChallenge, cnonce: &str) -> Self {
        let fits = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        let cnonce = cnonce.chars().filter(fits).collect();
        Self { first_nonce: challenge.nonce.clone(), challenge, cnonce, count: 0 }
    }

    /// The challenge that is answered.
    pub fn challenge(&self) -> &DigestChallenge {
        &self.challenge
    }

    /// The value of `Authorization` for the next request.
    ///
    /// # Errors
    /// On control characters in the credentials, and for `auth-int` without the digest of a body.
    pub fn answer(
        &mut self,
        credentials: &Credentials,
        request: Request<'_>,
    ) -> Result<Secret, AuthError> {
        let user = &credentials.user;
        if user.iter().chain(credentials.password.as_bytes()).any(u8::is_ascii_control) {
            return Err(AuthError::Control);
        }
        self.count += 1;
        let nc = format!("{:08x}", self.count);
        let response = self.response(credentials, request, &nc)?;
        let challenge = &self.challenge;
        let mut field = Field(b"Digest ".to_vec());
        match challenge.user {
            UserName::Plain => field.quoted("username", user),
            UserName::Hashed => {
                let hash = self.hash(&[user, b":", &challenge.realm]).to_hex();
                field.quoted("username", hash.as_bytes());
            }
        }
        field.quoted("realm", &challenge.realm);
        field.quoted("nonce", &challenge.nonce);
        field.quoted("uri", request.target.as_bytes());
        if let Some(token) = challenge.token {
            field.plain("algorithm", token);
        }
        if challenge.qop.is_some() || challenge.lifetime == Lifetime::Session {
            field.quoted("cnonce", self.cnonce.as_bytes());
        }
        if let Some(qop) = challenge.qop {
            field.plain("nc", &nc);
            field.plain("qop", qop.name());
        }
        field.quoted("response", response.as_bytes());
        if let Some(opaque) = &challenge.opaque {
            field.quoted("opaque", opaque);
        }
        if challenge.user == UserName::Hashed {
            field.plain("userhash", "true");
        }
        Ok(Secret::new(field.0))
    }

    /// Takes the next nonce from a good response's `Authentication-Info` (section 3.5), where it
    /// holds one.
    pub fn follow(&mut self, info: &[u8]) {
        let next = pairs(info).into_iter().find(|(name, _)| name == "nextnonce");
        if let Some(nonce) = next.and_then(|(_, nonce)| sendable(&nonce)) {
            self.challenge.nonce = nonce;
            self.count = 0;
        }
    }

    /// Section 3.4.1.
    fn response(
        &self,
        credentials: &Credentials,
        request: Request<'_>,
        nc: &str,
    ) -> Result<String, AuthError> {
        let challenge = &self.challenge;
        let password = credentials.password.as_bytes();
        let mut a1 = self.secret_hash(&[&credentials.user, b":", &challenge.realm, b":", password]);
        if challenge.lifetime == Lifetime::Session {
            let parts = [a1.as_bytes(), b":", &self.first_nonce, b":", self.cnonce.as_bytes()];
            a1 = self.secret_hash(&parts);
        }
        let (method, target) = (request.method.as_bytes(), request.target.as_bytes());
        let a2 = match challenge.qop {
            Some(Qop::AuthInt) => {
                let body = request.body.filter(|body| body.algorithm() == challenge.algorithm);
                let body = body.ok_or(AuthError::Body)?.to_hex();
                self.hash(&[method, b":", target, b":", body.as_bytes()])
            }
            _ => self.hash(&[method, b":", target]),
        };
        let a2 = a2.to_hex();
        let nonce = &challenge.nonce;
        let response = match challenge.qop {
            Some(qop) => {
                let (cnonce, qop) = (self.cnonce.as_bytes(), qop.name().as_bytes());
                let nc = nc.as_bytes();
                let a1 = a1.as_bytes();
                self.hash(&[
                    a1,
                    b":",
                    nonce,
                    b":",
                    nc,
                    b":",
                    cnonce,
                    b":",
                    qop,
                    b":",
                    a2.as_bytes(),
                ])
            }
            None => self.hash(&[a1.as_bytes(), b":", nonce, b":", a2.as_bytes()]),
        };
        Ok(response.to_hex())
    }

    fn hash(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = Hasher::new(self.challenge.algorithm);
        parts.iter().for_each(|part| hasher.update(part));
        let digest = hasher.finish();
        hasher.zeroize();
        digest
    }

    /// In hex; who has it needs no password.
    fn secret_hash(&self, parts: &[&[u8]]) -> Zeroizing<String> {
        let mut digest = self.hash(parts);
        let hex = Zeroizing::new(digest.to_hex());
        digest.as_mut_bytes().zeroize();
        hex
    }
}

/// A field value under construction.
struct Field(Vec<u8>);

impl Field {
    fn name(&mut self, name: &str) {
        if !self.0.ends_with(b" ") {
            self.0.extend_from_slice(b", ");
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.0.push(b'"');
        for byte in value {
            if matches!(byte, b'"' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(*byte);
        }
        self.0.push(b'"');
    }
}

#[cfg(test)]
mod tests;
