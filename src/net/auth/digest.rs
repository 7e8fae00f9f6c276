//! Digest access authentication (RFC 7616, and RFC 2069 for servers without `qop`).

use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::net::auth::challenge::{Challenge, pairs};
use crate::net::auth::error::AuthError;
use crate::net::secret::{Credentials, Secret};

/// A challenge of the scheme `Digest`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestChallenge {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    /// The algorithm's name to send back; `None` if the challenge names none.
    token: Option<&'static str>,
    /// Set for `-sess`: the hash of the credentials covers the first nonce and the client's nonce.
    is_session: bool,
    qop: Option<Qop>,
    /// Set if the user name is sent as a hash (`userhash`).
    hashes_user: bool,
    is_stale: bool,
}

/// Quality of protection: what the digest covers in addition to credentials and nonces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Qop {
    /// The method and the target.
    Auth,
    /// The method, the target and the body.
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

/// The algorithms of RFC 7616, section 6.1, weakest first; `true` for the `-sess` variants.
const ALGORITHMS: [(&str, Algorithm, bool); 6] = [
    ("MD5", Algorithm::Md5, false),
    ("MD5-sess", Algorithm::Md5, true),
    ("SHA-256", Algorithm::Sha256, false),
    ("SHA-256-sess", Algorithm::Sha256, true),
    ("SHA-512-256", Algorithm::Sha512_256, false),
    ("SHA-512-256-sess", Algorithm::Sha512_256, true),
];

impl DigestChallenge {
    /// Parses the parameters of a challenge.
    ///
    /// Returns `None` if the scheme is not Digest, realm or nonce are missing, or the algorithm or
    /// `qop` is unknown: clients ignore these challenges (section 3.3).
    pub fn from_challenge(challenge: &Challenge) -> Option<Self> {
        if !challenge.is("digest") {
            return None;
        }
        let is_true = |name| challenge.param(name).is_some_and(|v| v.eq_ignore_ascii_case(b"true"));
        let (token, algorithm, is_session) = match challenge.param("algorithm") {
            None => (None, Algorithm::Md5, false),
            Some(written) => {
                let named = |row: &&(&str, _, _)| written.eq_ignore_ascii_case(row.0.as_bytes());
                let (name, algorithm, is_session) = ALGORITHMS.iter().find(named)?;
                (Some(*name), *algorithm, *is_session)
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
            is_session,
            qop,
            hashes_user: is_true("userhash"),
            is_stale: is_true("stale"),
        })
    }

    /// Returns the algorithm for [`DigestRequest::body`].
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the quality of protection of the answer; `None` if the server predates RFC 2617.
    pub fn qop(&self) -> Option<Qop> {
        self.qop
    }

    /// Returns the server's nonce.
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Returns `true` if the server rejected the nonce as too old, not the credentials.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub(super) fn rank(&self) -> usize {
        ALGORITHMS.iter().position(|row| row.1 == self.algorithm).unwrap_or(0)
    }
}

/// Returns the value to send back in a header, unless it contains control characters.
fn sendable(value: &[u8]) -> Option<Vec<u8>> {
    let is_control = |b: &u8| b.is_ascii_control() && *b != b'\t';
    (!value.iter().any(is_control)).then(|| value.to_vec())
}

/// The parts of a request that a digest covers.
#[derive(Clone, Copy, Debug)]
pub struct DigestRequest<'r> {
    /// The method, in upper case.
    pub method: &'r str,
    /// The target in the request line: path and query, `HOST:PORT`, or the URL for a proxy.
    pub target: &'r str,
    /// The body's digest by the challenge's algorithm; required for `auth-int` only.
    pub body: Option<Digest>,
}

/// The state of the answers to one challenge.
#[derive(Clone, Debug)]
pub struct DigestSession {
    challenge: DigestChallenge,
    /// The nonce of the challenge, which sessions keep even if the server sends a new one.
    first_nonce: Vec<u8>,
    cnonce: String,
    count: u32,
}

impl DigestSession {
    /// Creates a session with the client's nonce, such as 16 random bytes in hex.
    ///
    /// Characters that a quoted string cannot contain are removed.
    pub fn new(challenge: DigestChallenge, cnonce: &str) -> Self {
        let fits = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        let cnonce = cnonce.chars().filter(fits).collect();
        Self { first_nonce: challenge.nonce.clone(), challenge, cnonce, count: 0 }
    }

    /// Returns the challenge.
    pub fn challenge(&self) -> &DigestChallenge {
        &self.challenge
    }

    /// Returns the value of `Authorization` for the next request.
    ///
    /// # Errors
    /// If the credentials contain control characters, or `auth-int` lacks the digest of the body.
    pub fn answer(
        &mut self,
        credentials: &Credentials,
        request: DigestRequest<'_>,
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
        if challenge.hashes_user {
            let hash = self.hash(&[user, &challenge.realm]).to_hex();
            field.quoted("username", hash.as_bytes());
        } else {
            field.quoted("username", user);
        }
        field.quoted("realm", &challenge.realm);
        field.quoted("nonce", &challenge.nonce);
        field.quoted("uri", request.target.as_bytes());
        if let Some(token) = challenge.token {
            field.plain("algorithm", token);
        }
        if challenge.qop.is_some() || challenge.is_session {
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
        if challenge.hashes_user {
            field.plain("userhash", "true");
        }
        Ok(Secret::new(field.0))
    }

    /// Adopts the next nonce in the `Authentication-Info` of a successful response (section 3.5).
    pub fn follow(&mut self, info: &[u8]) {
        let next = pairs(info).into_iter().find(|(name, _)| name == "nextnonce");
        if let Some(nonce) = next.and_then(|(_, nonce)| sendable(&nonce)) {
            self.challenge.nonce = nonce;
            self.count = 0;
        }
    }

    /// Returns the digest of the request (section 3.4.1).
    fn response(
        &self,
        credentials: &Credentials,
        request: DigestRequest<'_>,
        nc: &str,
    ) -> Result<String, AuthError> {
        let challenge = &self.challenge;
        let password = credentials.password.as_bytes();
        let mut a1 = self.secret_hash(&[&credentials.user, &challenge.realm, password]);
        if challenge.is_session {
            let parts = [a1.as_bytes(), &self.first_nonce, self.cnonce.as_bytes()];
            a1 = self.secret_hash(&parts);
        }
        let (method, target) = (request.method.as_bytes(), request.target.as_bytes());
        let a2 = match challenge.qop {
            Some(Qop::AuthInt) => {
                let body = request.body.filter(|body| body.algorithm() == challenge.algorithm);
                let body = body.ok_or(AuthError::Body)?.to_hex();
                self.hash(&[method, target, body.as_bytes()])
            }
            _ => self.hash(&[method, target]),
        };
        let a2 = a2.to_hex();
        let nonce = &challenge.nonce;
        let response = match challenge.qop {
            Some(qop) => {
                let (cnonce, qop) = (self.cnonce.as_bytes(), qop.name().as_bytes());
                let parts = [a1.as_bytes(), nonce, nc.as_bytes(), cnonce, qop, a2.as_bytes()];
                self.hash(&parts)
            }
            None => self.hash(&[a1.as_bytes(), nonce, a2.as_bytes()]),
        };
        Ok(response.to_hex())
    }

    /// Hashes the parts with colons between them.
    fn hash(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = Hasher::new(self.challenge.algorithm);
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                hasher.update(b":");
            }
            hasher.update(part);
        }
        let digest = hasher.finish();
        hasher.zeroize();
        digest
    }

    /// Returns the hash in hex. It is as secret as the password, which it can replace.
    fn secret_hash(&self, parts: &[&[u8]]) -> Zeroizing<String> {
        let mut digest = self.hash(parts);
        let hex = Zeroizing::new(digest.to_hex());
        digest.as_mut_bytes().zeroize();
        hex
    }
}

/// A header's value under construction.
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
