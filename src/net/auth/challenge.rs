//! A parser of `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110, section 11.6.1).

use crate::sign::headers::is_token_byte;

/// A challenge: a scheme and its parameters.
///
/// ```
/// use hsum::net::auth::Challenge;
///
/// let field = &b"Negotiate, Basic realm=\"a, \\\"b\\\"\", Digest nonce=x"[..];
/// let challenges = Challenge::parse_all([field]);
/// assert_eq!(challenges.len(), 3);
/// assert!(challenges[1].is("BASIC"));
/// assert_eq!(challenges[1].param("realm"), Some(&b"a, \"b\""[..]));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// In lower case.
    scheme: String,
    /// Names in lower case, and values without quotes.
    params: Vec<(String, Vec<u8>)>,
}

impl Challenge {
    /// Parses the values of all `WWW-Authenticate` or all `Proxy-Authenticate` headers.
    ///
    /// Commas separate both challenges and their parameters. After a syntax error, the rest of the
    /// value is ignored.
    pub fn parse_all<'f>(fields: impl IntoIterator<Item = &'f [u8]>) -> Vec<Self> {
        let mut challenges = Vec::new();
        for field in fields {
            let mut rest = Cursor(field);
            while rest.element(&mut challenges).is_some() {}
        }
        challenges
    }

    /// Returns `true` if the challenge has this scheme, ignoring case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns the scheme, in lower case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns the value of the parameter with this name (in lower case), unless it is given twice.
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.params.iter().filter(|(own, _)| own == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Parses comma-separated `NAME=VALUE` pairs, as in `Authentication-Info`.
pub(super) fn pairs(field: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = Cursor(field);
    let mut pairs = Vec::new();
    loop {
        rest.skip(b" \t,");
        let Some(pair) = rest.pair() else { return pairs };
        pairs.push(pair);
    }
}

/// The rest of a header's value.
#[derive(Clone, Copy)]
struct Cursor<'f>(&'f [u8]);

impl<'f> Cursor<'f> {
    /// Parses the next element of the list: a parameter of the last challenge, or a new challenge.
    fn element(&mut self, challenges: &mut Vec<Challenge>) -> Option<()> {
        self.skip(b" \t,");
        let mut ahead = *self;
        if let (Some(pair), Some(challenge)) = (ahead.pair(), challenges.last_mut()) {
            *self = ahead;
            challenge.params.push(pair);
            return self.at_end();
        }
        let scheme = lower(self.token()?);
        let mut challenge = Challenge { scheme, params: Vec::new() };
        let blanks = self.skip(b" \t");
        let ends = self.at_end();
        if ends.is_none() {
            if blanks == 0 {
                return None;
            }
            let mut ahead = *self;
            // Negotiate and NTLM send one token instead of parameters.
            if ahead.skip_token68() {
                *self = ahead;
            } else {
                let pair = self.pair()?;
                challenge.params.push(pair);
            }
        }
        challenges.push(challenge);
        self.at_end()
    }

    /// Parses `NAME = VALUE`; the value is a token or a quoted string.
    fn pair(&mut self) -> Option<(String, Vec<u8>)> {
        let name = lower(self.token()?);
        self.skip(b" \t");
        self.0 = self.0.strip_prefix(b"=")?;
        self.skip(b" \t");
        let value = match self.0.strip_prefix(b"\"") {
            Some(rest) => {
                self.0 = rest;
                self.quoted()?
            }
            None => self.token()?.to_vec(),
        };
        Some((name, value))
    }

    /// Parses up to the closing quote; a backslash escapes the next byte.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        let mut bytes = self.0.iter().enumerate();
        loop {
            match bytes.next()? {
                (at, b'"') => {
                    self.0 = &self.0[at + 1..];
                    return Some(value);
                }
                (_, b'\\') => value.push(*bytes.next()?.1),
                (_, byte) => value.push(*byte),
            }
        }
    }

    /// Skips a token of base64 or a similar encoding. Returns `true` if it ends the element.
    fn skip_token68(&mut self) -> bool {
        let is_own = |b: &&u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(b);
        let len = self.0.iter().take_while(is_own).count();
        let padding = self.0[len..].iter().take_while(|b| **b == b'=').count();
        self.0 = &self.0[len + padding..];
        len > 0 && self.at_end().is_some()
    }

    fn token(&mut self) -> Option<&'f [u8]> {
        let length = self.0.iter().take_while(|b| is_token_byte(b)).count();
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    fn skip(&mut self, set: &[u8]) -> usize {
        let count = self.0.iter().take_while(|b| set.contains(b)).count();
        self.0 = &self.0[count..];
        count
    }

    /// Returns `Some` if an element may end here.
    fn at_end(&mut self) -> Option<()> {
        self.skip(b" \t");
        matches!(self.0.first(), None | Some(b',')).then_some(())
    }
}

fn lower(token: &[u8]) -> String {
    token.iter().map(|b| char::from(b.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(field: &str) -> Vec<Challenge> {
        Challenge::parse_all([field.as_bytes()])
    }

    fn schemes(field: &str) -> Vec<String> {
        parse(field).iter().map(|challenge| challenge.scheme().to_owned()).collect()
    }

    // RFC 9110, section 11.6.1.
    #[test]
    fn example_of_the_rfc() {
        let field = "Basic realm=\"simple\", Newauth realm=\"apps\",\ttype=1, title=\"Login to \\\"apps\\\"\"";
        let parsed = parse(field);
        assert_eq!(schemes(field), ["basic", "newauth"]);
        assert_eq!(parsed[0].param("realm"), Some(&b"simple"[..]));
        assert_eq!(parsed[1].param("type"), Some(&b"1"[..]));
        assert_eq!(parsed[1].param("title"), Some(&b"Login to \"apps\""[..]));
    }

    #[test]
    fn schemes_without_parameters_and_with_tokens() {
        assert_eq!(schemes("Negotiate"), ["negotiate"]);
        assert_eq!(schemes(", ,Negotiate , NTLM,Basic realm=x,"), ["negotiate", "ntlm", "basic"]);
        let parsed = parse("Negotiate YWJj==, Basic realm = \"x\" , charset=UTF-8");
        assert_eq!(parsed[1].param("charset"), Some(&b"UTF-8"[..]));
        assert_eq!(parsed.len(), 2);
    }

    #[test]
    fn several_headers_are_one_list() {
        let parsed = Challenge::parse_all([&b"Basic realm=a"[..], b"Digest realm=b, nonce=c"]);
        assert_eq!(parsed.len(), 2);
        assert_eq!(parsed[1].param("nonce"), Some(&b"c"[..]));
    }

    #[test]
    fn a_duplicate_parameter_is_none() {
        assert_eq!(parse("Digest nonce=a, nonce=b")[0].param("nonce"), None);
    }

    #[test]
    fn a_syntax_error_ends_the_value() {
        assert_eq!(schemes("Basic realm=\"never closed"), [""; 0]);
        assert_eq!(schemes("Basic realm=x, Digest nonce=\"open, Other"), ["basic", "digest"][..1]);
        assert_eq!(schemes("realm=x"), [""; 0]);
        assert_eq!(schemes("\u{e4}"), [""; 0]);
        assert_eq!(schemes("Basic realm=x y"), ["basic"]);
    }

    #[test]
    fn names_and_schemes_are_case_insensitive() {
        let parsed = parse("DIGEST Realm=\"R\", NONCE=\"N\"");
        assert_eq!(parsed[0].param("realm"), Some(&b"R"[..]));
        assert_eq!(parsed[0].param("nonce"), Some(&b"N"[..]));
        assert!(parsed[0].is("Digest"));
    }
}
