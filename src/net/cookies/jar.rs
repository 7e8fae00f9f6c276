//! A jar of cookies.

use url::Url;

use crate::net::cookies::cookie::{Cookie, CookieRejection};
use crate::net::secret::Secret;
use crate::net::url::is_encrypted;

/// The maximum number of cookies in a jar (RFC 6265, section 6.1, asks for 3000).
pub(super) const MAX_COOKIES: usize = 3000;

/// The maximum length of the `Cookie` value, in bytes: servers refuse 8 KiB and more.
pub(super) const MAX_FIELD: usize = 8000;

/// A jar of cookies, oldest first.
///
/// It rejects cookies for a public suffix such as `co.uk`, which unrelated sites would receive.
///
/// ```
/// use hsum::net::cookies::CookieJar;
///
/// let mut jar = CookieJar::default();
/// let login = "https://example.org/login".parse()?;
/// jar.set(&login, b"sid=31d4d96e; Path=/; Secure; HttpOnly", 1_700_000_000)?;
/// let next = "https://example.org/files/a.iso".parse()?;
/// assert_eq!(jar.field(&next, 1_700_000_001).unwrap().as_bytes(), b"sid=31d4d96e");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    pub(super) cookies: Vec<Cookie>,
}

impl CookieJar {
    /// Applies one `Set-Cookie` of a response to a request for `url`.
    ///
    /// An expired cookie removes the older one.
    ///
    /// # Errors
    /// If the cookie is rejected; the jar does not change.
    pub fn set(&mut self, url: &Url, field: &[u8], now: i64) -> Result<(), CookieRejection> {
        let cookie = Cookie::parse(url, field, now)?;
        if !is_encrypted(url) && self.cookies.iter().any(|old| old.would_be_hidden_by(&cookie)) {
            return Err(CookieRejection::Insecure);
        }
        let place = self.cookies.iter().position(|old| old.is_same_as(&cookie));
        match (place, cookie.is_alive(now)) {
            (Some(at), true) => self.cookies[at] = cookie,
            (Some(at), false) => drop(self.cookies.remove(at)),
            (None, true) if self.cookies.len() >= MAX_COOKIES => return Err(CookieRejection::Full),
            (None, true) => self.cookies.push(cookie),
            (None, false) => {}
        }
        Ok(())
    }

    /// Returns the value of `Cookie` for a request for `url`, if there are cookies for it.
    ///
    /// Cookies with longer paths come first, then older ones (section 5.4).
    pub fn field(&self, url: &Url, now: i64) -> Option<Secret> {
        let is_sent = |cookie: &&Cookie| cookie.is_for(url) && cookie.is_alive(now);
        let mut cookies: Vec<&Cookie> = self.cookies.iter().filter(is_sent).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        // Allocated in full: growing would leave copies of the values behind.
        let mut field = zeroize::Zeroizing::new(Vec::with_capacity(MAX_FIELD));
        for cookie in cookies {
            let value = cookie.value.as_bytes();
            if field.len() + cookie.name.len() + value.len() + 3 > MAX_FIELD {
                continue;
            }
            if !field.is_empty() {
                field.extend_from_slice(b"; ");
            }
            field.extend_from_slice(&cookie.name);
            field.push(b'=');
            field.extend_from_slice(value);
        }
        (!field.is_empty()).then(|| Secret::new(&field[..]))
    }

    /// Returns the number of cookies, including expired ones.
    pub fn len(&self) -> usize {
        self.cookies.len()
    }

    /// Returns `true` if there are no cookies.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }
}
