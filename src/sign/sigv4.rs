//! AWS Signature Version 4, in the `Authorization` header or in the query of a presigned URL.

mod canonical;
mod read;

use std::fmt;

use zeroize::Zeroizing;

use self::canonical::{Canonical, encode};
use super::claim::{Claim, Intent, Rules, Settled};
use super::clock::{from_basic_format, to_basic_format};
use super::headers::{has, one};
use super::input::Input;
use super::message::Message;
use super::scheme::SchemeError;
use super::secret::SecretKey;
use super::signer::{SignError, Signed};
use super::verdict::VerifyError;
use crate::algorithm::Algorithm;
use crate::hasher::{Hasher, digest};
use crate::hmac::Key;

const NAME: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The settings of AWS Signature Version 4.
///
/// For the service `s3` the path is not normalised and encoded once, the digest of the body stands
/// in `X-Amz-Content-SHA256`, and a presigned URL leaves the body out, as S3 has it.
#[derive(Clone)]
pub struct Sigv4 {
    region: String,
    service: String,
    access_key_id: String,
    token: Option<Zeroizing<String>>,
    place: Place,
    payload: Payload,
    path: Path,
    shows_digest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Header,
    /// With the seconds that the URL is good for.
    Query(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Payload {
    Signed,
    Unsigned,
}

/// How the path is made canonical.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Path {
    Normalised,
    AsItIs,
    /// S3's.
    EncodedOnce,
}

/// A presigned URL is good for at most a week.
const LONGEST: u32 = 604_800;

impl Sigv4 {
    /// In the `Authorization` header, the body signed.
    pub fn new(
        region: impl Into<String>,
        service: impl Into<String>,
        access_key_id: impl Into<String>,
    ) -> Self {
        let service = service.into();
        let is_s3 = service == "s3";
        Self {
            region: region.into(),
            access_key_id: access_key_id.into(),
            token: None,
            place: Place::Header,
            payload: Payload::Signed,
            path: if is_s3 { Path::EncodedOnce } else { Path::Normalised },
            shows_digest: is_s3,
            service,
        }
    }

    /// Signs in the query of a URL that is valid for `seconds`: 1 to 604800, a week.
    pub fn presign(self, seconds: u32) -> Self {
        Self { place: Place::Query(seconds), ..self }
    }

    /// With the token of temporary credentials: written, and demanded.
    pub fn session_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(Zeroizing::new(token.into())), ..self }
    }

    /// Leaves the body out of the signature; when verifying, puts up with that.
    pub fn unsigned_payload(self) -> Self {
        Self { payload: Payload::Unsigned, shows_digest: true, ..self }
    }

    /// With the digest of the body in the header `X-Amz-Content-SHA256`.
    pub fn content_sha256(self) -> Self {
        Self { shows_digest: true, ..self }
    }

    /// Leaves `.`, `..` and empty segments in the path.
    pub fn unnormalised(self) -> Self {
        Self { path: Path::AsItIs, ..self }
    }

    /// Returns the settings, if they can be written into a request.
    pub(crate) fn checked(&self) -> Result<Self, SchemeError> {
        if matches!(self.place, Place::Query(seconds) if !(1..=LONGEST).contains(&seconds)) {
            return Err(SchemeError::pattern(
                "lifetime",
                "out of range (expected 1 to 604800 seconds)",
            ));
        }
        for (what, text, separators) in [
            ("region", &self.region, "/,"),
            ("service", &self.service, "/,"),
            ("access key id", &self.access_key_id, ","),
        ] {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
            if text.is_empty() || !is_plain || text.contains(|c| separators.contains(c)) {
                let why =
                    "malformed (expected visible ASCII characters that do not separate fields)";
                return Err(SchemeError::pattern(what, why));
            }
        }
        Ok(self.clone())
    }

    fn scope(&self, date: &str) -> String {
        format!("{date}/{}/{}/aws4_request", self.region, self.service)
    }

    /// What stands for the body, where it is not its digest.
    fn stand_in(&self) -> Option<&'static str> {
        let presigned_s3 = matches!(self.place, Place::Query(_)) && self.path == Path::EncodedOnce;
        (self.payload == Payload::Unsigned || presigned_s3).then_some(UNSIGNED)
    }
}

/// Hides the token.
impl fmt::Debug for Sigv4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sigv4")
            .field("region", &self.region)
            .field("service", &self.service)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Rules for Sigv4 {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        match self.place {
            Place::Header => self.claim_of_header(message),
            Place::Query(_) => self.claim_of_query(message),
        }
    }

    fn intend(&self, message: &Message<'_>, settled: &Settled<'_>) -> Result<Intent, SignError> {
        let time = to_basic_format(settled.timestamp);
        if from_basic_format(time.as_bytes()) != Some(settled.timestamp) {
            return Err(SignError::malformed("timestamp", "it is beyond the year 9999"));
        }
        let date = time[..8].to_owned();
        let scope = self.scope(&date);
        let given = one(message.headers, "x-amz-date")?;
        if given.is_some_and(|given| given != time.as_bytes()) {
            return Err(SignError::malformed(
                "X-Amz-Date",
                "it is another time than the one to sign",
            ));
        }
        let mut names = self.names_to_sign(message)?;
        let mut canonical = Canonical::new(self.path, message);
        let credential = format!("{}/{scope}", self.access_key_id);
        let mut headers = Vec::new();
        // A `Host` field is sent as it is given; of a URL, clients send the normal form, but some
        // keep upper case: the signed request names a URL in normal form then.
        let given = message.host_as_given()?;
        let of_url = !has(message.headers, "host");
        let host = if of_url { message.host()? } else { given.map(str::to_owned) };
        let target = message.target_uri()?;
        let mut url = target.clone().filter(|_| host.as_deref() != given);
        let shows = self.shows_digest || has(message.headers, "x-amz-content-sha256");
        let shown = match self.place {
            Place::Header if shows => Shown::InHeader,
            _ => Shown::Nowhere,
        };
        match self.place {
            Place::Header => {
                headers.push(("X-Amz-Date".to_owned(), time.clone()));
                if let Some(token) = &self.token {
                    headers.push(("X-Amz-Security-Token".to_owned(), token.to_string()));
                }
                names.extend(headers.iter().map(|(name, _)| name.to_ascii_lowercase()));
                if shown == Shown::InHeader {
                    names.push("x-amz-content-sha256".into());
                }
                names.sort_unstable();
                names.dedup();
            }
            Place::Query(seconds) => {
                let mut query = vec![
                    ("X-Amz-Algorithm", NAME.to_owned()),
                    ("X-Amz-Credential", credential.clone()),
                    ("X-Amz-Date", time.clone()),
                    ("X-Amz-SignedHeaders", names.join(";")),
                    ("X-Amz-Expires", seconds.to_string()),
                ];
                query.extend(self.token.iter().map(|t| ("X-Amz-Security-Token", t.to_string())));
                let query: Vec<String> =
                    query.iter().map(|(n, v)| format!("{n}={}", encode(v.as_bytes()))).collect();
                let bare = target.unwrap_or_else(|| message.request_target());
                let sign = if !bare.contains('?') {
                    "?"
                } else if bare.ends_with('?') {
                    ""
                } else {
                    "&"
                };
                let signed = format!("{bare}{sign}{}", query.join("&"));
                canonical.set_query(Message::empty().url(&signed).query().unwrap_or_default());
                url = Some(signed);
            }
        }
        let filled_in = ("x-amz-content-sha256".to_owned(), String::new());
        let more = [&headers[..], &[filled_in]].concat();
        canonical.set_headers(message, &names, &more, host.as_deref())?;
        let stand_in = self.stand_in();
        let string_head = format!("{NAME}\n{time}\n{scope}\n");
        let signed_names = names.join(";");
        Ok(Intent {
            input: Input::Digested {
                hasher: Box::new(Hasher::new(Algorithm::Sha256)),
                content: Box::new(move |of_body| {
                    let payload = stand_in.map_or_else(|| of_body.to_hex(), str::to_owned);
                    let request = canonical.write(&signed_names, &payload);
                    let digest = digest(Algorithm::Sha256, &request);
                    format!("{string_head}{digest}").into_bytes()
                }),
            },
            scope: Some(date),
            keep_body: false,
            render: {
                let (names, place) = (names.join(";"), self.place);
                Box::new(move |finished, _| {
                    let value = finished.tags.first().map(|tag| tag.to_hex()).unwrap_or_default();
                    if let (Shown::InHeader, Some(digest)) = (shown, &finished.digest) {
                        let payload = stand_in.map_or_else(|| digest.to_hex(), str::to_owned);
                        headers.push(("X-Amz-Content-SHA256".to_owned(), payload));
                    }
                    let url = match place {
                        Place::Query(_) => url.map(|url| format!("{url}&X-Amz-Signature={value}")),
                        Place::Header => {
                            let line = format!(
                                "{NAME} Credential={credential}, SignedHeaders={names}, Signature={value}"
                            );
                            headers.push(("Authorization".to_owned(), line));
                            url
                        }
                    };
                    Signed { headers, params: Vec::new(), url, value }
                })
            },
        })
    }

    fn key(&self, _: &SecretKey) -> Option<Key> {
        None
    }

    /// The key of a day, a region and a service.
    fn derive(&self, secret: &SecretKey, date: &str) -> Key {
        let start = Zeroizing::new([b"AWS4", secret.bytes()].concat());
        let hmac =
            |key: &[u8]| Key::new(Algorithm::Sha256, key).expect("HMAC is defined for SHA-256");
        [date, &self.region, &self.service, "aws4_request"]
            .iter()
            .fold(hmac(&start), |key, step| hmac(key.sign(step.as_bytes()).as_bytes()))
    }
}

/// Whether the digest of the body is written into a header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    InHeader,
    Nowhere,
}

impl Sigv4 {
    /// The names of the headers that are there to sign, sorted; what is changed on the way is not.
    fn names_to_sign(&self, message: &Message<'_>) -> Result<Vec<String>, SignError> {
        const LEFT_OUT: [&str; 8] = [
            "authorization",
            "connection",
            "expect",
            "transfer-encoding",
            "user-agent",
            "x-amzn-trace-id",
            "x-amz-date",
            "x-amz-content-sha256",
        ];
        let mut names = vec!["host".to_owned()];
        message.headers.names(&mut |name| names.push(name.to_ascii_lowercase()));
        names.retain(|name| !LEFT_OUT.contains(&name.as_str()));
        names.sort_unstable();
        names.dedup();
        if message.host_as_given()?.is_none() {
            return Err(SignError::Missing("the header Host, or a URL with a host".into()));
        }
        Ok(names)
    }
}
