//! Claims in the `Authorization` header, or in the query.

use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::sign::body_digest::BodyDigests;
use crate::sign::clock::from_basic_format;
use crate::sign::component::Component;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::{RequestError, VerifyError};
use crate::sign::headers::{has, required_text, single};
use crate::sign::input::Input;
use crate::sign::message::Message;
use crate::sign::rules::{Bodies, BodyCheck, Claim, SignedTimes};
use crate::sign::schemes::sigv4::canonical::Canonical;
use crate::sign::schemes::sigv4::settings::{
    ALGORITHM, MAX_LIFETIME, Payload, Placement, Sigv4, StringToSign, UNSIGNED,
};

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const TOKEN: &str = "X-Amz-Security-Token";

/// The fields of a claim, from the header or the query.
struct Fields<'f> {
    credential: &'f str,
    signed_headers: &'f str,
    signature: &'f str,
    time: &'f str,
    token: Option<&'f str>,
    /// The lifetime of a presigned URL.
    lifetime: Option<u32>,
    /// The signed query.
    query: &'f str,
}

pub(super) fn read<'m>(settings: &Sigv4, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
    match settings.placement {
        Placement::Header => read_header(settings, message),
        Placement::Query { .. } => read_query(settings, message),
    }
}

fn read_header<'m>(settings: &Sigv4, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
    const HEADER: &str = "Authorization";
    let malformed = |problem| RequestError::malformed_header(HEADER, problem);
    let line = required_text(message.headers, HEADER)?;
    let (name, rest) = line.split_once(' ').ok_or_else(|| malformed("without fields"))?;
    if name != ALGORITHM {
        return Err(VerifyError::OtherAlgorithm);
    }
    let [mut credential, mut signed_headers, mut signature] = [None; 3];
    for field in rest.split(',') {
        let (name, value) =
            field.trim().split_once('=').ok_or_else(|| malformed("field without '='"))?;
        let field = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(malformed("unknown field").into()),
        };
        if field.replace(value).is_some() {
            return Err(malformed("duplicate field").into());
        }
    }
    let missing =
        |field| move || RequestError::Missing(Component::HeaderField { header: HEADER, field });
    let token = match has(message.headers, TOKEN) {
        true => Some(required_text(message.headers, TOKEN)?),
        false => None,
    };
    let fields = Fields {
        credential: credential.ok_or_else(missing("Credential"))?,
        signed_headers: signed_headers.ok_or_else(missing("SignedHeaders"))?,
        signature: signature.ok_or_else(missing("Signature"))?,
        time: required_text(message.headers, "X-Amz-Date")?,
        token,
        lifetime: None,
        query: message.query().unwrap_or_default(),
    };
    claim(settings, message, &fields)
}

fn read_query<'m>(settings: &Sigv4, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
    let malformed =
        |name: &str, problem| RequestError::malformed(Component::QueryParam(name.into()), problem);
    let mut signed = Vec::new();
    let mut params = Vec::new();
    for item in message.query().unwrap_or_default().split('&') {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(|text| text.into_owned()).map_err(|_| malformed(name, "not UTF-8"))
        };
        let title = decode(name)?;
        if title != "X-Amz-Signature" {
            signed.push(item);
        }
        if title.starts_with("X-Amz-") {
            if params.iter().any(|(other, _)| *other == title) {
                return Err(malformed(name, "appears more than once").into());
            }
            params.push((title, decode(value)?));
        }
    }
    let param = |name: &str| {
        params.iter().find(|(title, _)| title == name).map(|(_, value)| value.as_str())
    };
    let required = |name: &str| {
        param(name).ok_or_else(|| RequestError::Missing(Component::QueryParam(name.into())))
    };
    if required("X-Amz-Algorithm")? != ALGORITHM {
        return Err(VerifyError::OtherAlgorithm);
    }
    let lifetime = required("X-Amz-Expires")?.parse().ok();
    let lifetime = lifetime.filter(|seconds| (1..=MAX_LIFETIME).contains(seconds));
    let problem = "not a number of seconds from 1 to 604800";
    let lifetime = lifetime.ok_or_else(|| malformed("X-Amz-Expires", problem))?;
    let fields = Fields {
        credential: required("X-Amz-Credential")?,
        signed_headers: required("X-Amz-SignedHeaders")?,
        signature: required("X-Amz-Signature")?,
        time: required("X-Amz-Date")?,
        token: param(TOKEN),
        lifetime: Some(lifetime),
        query: &signed.join("&"),
    };
    claim(settings, message, &fields)
}

fn claim<'m>(
    settings: &Sigv4,
    message: &Message<'m>,
    fields: &Fields<'_>,
) -> Result<Claim<'m>, VerifyError> {
    let timestamp = from_basic_format(fields.time.as_bytes()).ok_or_else(|| {
        RequestError::malformed_header("X-Amz-Date", "not a time such as 20150830T123600Z")
    })?;
    let date = &fields.time[..8];
    let scope = settings.scope(date);
    check_key(settings, fields, &scope)?;
    let mac = MacEncoding::Hex.decode(fields.signature.as_bytes(), 32);
    let mac = mac.ok_or_else(|| malformed_field("Signature", "not 64 hexadecimal digits"))?;
    let names = signed_names(message, fields)?;
    let body = SignedBody::read(settings, message, fields, &names)?;

    let input = |host: Option<&str>| {
        let mut canonical = Canonical::new(settings.path_style, message);
        canonical.set_query(fields.query);
        canonical.set_headers(message, &names, &[], host)?;
        let string = StringToSign {
            time: fields.time.to_owned(),
            scope: scope.clone(),
            signed_names: names.join(";"),
            canonical,
        };
        Ok::<_, RequestError>(match &body.payload {
            Some(payload) => Input::bytes(string.with_payload(payload)),
            None => Input::sha256(move |of_body| string.with_payload(&of_body.to_hex())),
        })
    };
    // A sender signs the host either as the receiver sees it, or normalized.
    let (given, normal) = (message.host_as_given()?, message.host()?);
    let alternative = match normal.as_deref() != given {
        true => Some(Box::new(input(normal.as_deref())?)),
        false => None,
    };
    use Component::{Method, Path, Query, Timestamp};
    let headers = names.iter().map(Component::header);
    let components = [Timestamp, Method, Path, Query].into_iter().chain(headers).collect();
    let mut claim = Claim::new(vec![mac], input(given)?, body.is_covered, components);
    claim.alternative = alternative;
    claim.times =
        SignedTimes { timestamp: Some(timestamp), lifetime: fields.lifetime, expires: None };
    claim.checks = body.checks;
    claim.bodies = body.bodies;
    claim.scope = Some(date.to_owned());
    Ok(claim)
}

fn malformed_field(field: &'static str, problem: &'static str) -> RequestError {
    RequestError::malformed(Component::HeaderField { header: "Authorization", field }, problem)
}

/// Checks that the request names the verifier's key, scope and token.
fn check_key(settings: &Sigv4, fields: &Fields<'_>, scope: &str) -> Result<(), VerifyError> {
    let is_scope = fields.credential == format!("{}/{scope}", settings.access_key_id);
    let is_token = settings.token.as_ref().is_none_or(|token| {
        fields.token.unwrap_or_default().as_bytes().ct_eq(token.as_bytes()).into()
    });
    if is_scope && is_token { Ok(()) } else { Err(VerifyError::UnknownKey) }
}

/// The role of the body in a claim.
struct SignedBody {
    /// The text in place of the body's digest in the string to sign, if it is fixed.
    payload: Option<String>,
    is_covered: bool,
    checks: Vec<BodyCheck>,
    bodies: Bodies,
}

impl SignedBody {
    fn read(
        settings: &Sigv4,
        message: &Message<'_>,
        fields: &Fields<'_>,
        names: &[String],
    ) -> Result<Self, VerifyError> {
        let is_presigned = fields.lifetime.is_some();
        let header = match is_presigned {
            false => single(message.headers, CONTENT_SHA256)?,
            true => None,
        };
        let mut digests = BodyDigests::default();
        for name in names.iter().filter(|name| header.is_none() || *name != CONTENT_SHA256) {
            digests.read(message, name, None)?;
        }
        let (mut checks, mut bodies) = (digests.checks, Bodies::Any);
        let (payload, is_signed) = match header {
            Some(header) if header == UNSIGNED.as_bytes() => match settings.payload {
                Payload::Unsigned => (Some(UNSIGNED.to_owned()), false),
                Payload::Signed => return Err(VerifyError::NotCovered(Component::Body)),
            },
            Some(header) => {
                let expected = Digest::from_hex(Algorithm::Sha256, header).map_err(|_| {
                    let problem = "not 64 hexadecimal digits";
                    RequestError::malformed_header("X-Amz-Content-SHA256", problem)
                })?;
                checks.push(BodyCheck::new(expected));
                (Some(String::from_utf8_lossy(header).into_owned()), true)
            }
            None => match settings.digest_substitute() {
                Some(substitute) if is_presigned => {
                    if settings.payload == Payload::Signed && !digests.covers_body {
                        bodies = Bodies::Empty;
                    }
                    (Some(substitute.to_owned()), false)
                }
                _ => (None, true),
            },
        };
        Ok(Self { payload, is_covered: is_signed || digests.covers_body, checks, bodies })
    }
}

/// Returns the names of the signed headers. They must be sorted and include all required ones.
fn signed_names(message: &Message<'_>, fields: &Fields<'_>) -> Result<Vec<String>, VerifyError> {
    let names: Vec<String> = fields.signed_headers.split(';').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
    };
    if !names.iter().all(is_name) || !names.windows(2).all(|pair| pair[0] < pair[1]) {
        let problem = "not sorted, distinct names in lower case";
        return Err(malformed_field("SignedHeaders", problem).into());
    }
    let is_covered = |name: &str| names.iter().any(|other| other == name);
    let mut gap = (!is_covered("host")).then(|| "host".to_owned());
    message.headers.names(&mut |name| {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-amz-") && !is_covered(&name) {
            gap = Some(name);
        }
    });
    gap.map_or(Ok(names), |name| Err(VerifyError::NotCovered(Component::Header(name))))
}
