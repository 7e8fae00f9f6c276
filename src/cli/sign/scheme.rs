//! Flags → a scheme and its keys.

use anyhow::{Result, anyhow};
use hsum::Function;
use hsum::sign::{
    Encoding, Jws, JwsAlgorithm, KeyError, KeyFormat, ROWS, Rfc9421, Scheme, SecretKey, Sigv4,
    Template,
};
use zeroize::Zeroizing;

use crate::cli::args::{EncodingArg, SchemeArgs};
use crate::cli::exit::Usage;
use crate::cli::key::{KeySource, Warnings, drop_line_end, unusable, warn_of_white_space};
use crate::cli::quote::quote_text;

/// The scheme that the flags name.
pub(crate) fn scheme(args: &SchemeArgs) -> Result<Scheme> {
    if let Some(plain) = Scheme::named(&args.scheme) {
        reject_settings(args)?;
        return Ok(plain);
    }
    Ok(match args.scheme.as_str() {
        "raw" | "template" => Scheme::Template(template(args)?),
        "jws" => Scheme::Jws(jws(args)?),
        "sigv4" => Scheme::Sigv4(sigv4(args)?),
        "rfc9421" => Scheme::Rfc9421(rfc9421(args)),
        other => {
            let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            let other = quote_text(other.as_bytes());
            return Err(usage(format!("{other} is no scheme; there are {}", names.join(", "))));
        }
    })
}

fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// A scheme with a name has its algorithm and places; a flag that changed nothing would mislead.
fn reject_settings(args: &SchemeArgs) -> Result<()> {
    let given = args.algorithm.is_some()
        || args.settings.encoding.is_some()
        || !args.settings.prefix.is_empty()
        || !args.places.is_empty()
        || args.settings.template.is_some();
    match given {
        true => Err(usage(format!(
            "the scheme {} has its own algorithm, encoding and headers; vary it with raw or template",
            args.scheme
        ))),
        false => Ok(()),
    }
}

fn template(args: &SchemeArgs) -> Result<Template> {
    let mut template = match (args.scheme.as_str(), &args.settings.template) {
        ("raw", None) => match &args.places[..] {
            [] => Template::raw("X-Signature", &args.settings.prefix),
            [name] => Template::raw(name, &args.settings.prefix),
            _ => return Err(usage("raw has one --header")),
        },
        ("raw", Some(_)) => return Err(usage("--template goes with --scheme template")),
        (_, Some(content)) => Template::new(content, args.places.iter()),
        (_, None) => return Err(usage("--scheme template takes --template and --header")),
    };
    if let Some(name) = &args.algorithm {
        let function: Function = name.parse().map_err(|error| usage(format!("--alg: {error}")))?;
        template = template.algorithm(function.algorithm());
    }
    Ok(match args.settings.encoding {
        None | Some(EncodingArg::Hex) => template,
        Some(EncodingArg::Base64) => template.encoding(Encoding::Base64),
        Some(EncodingArg::Base64url) => template.encoding(Encoding::Base64Url),
    })
}

fn jws(args: &SchemeArgs) -> Result<Jws> {
    let name = args.algorithm.as_deref().unwrap_or("HS256");
    let algorithm = JwsAlgorithm::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name));
    let algorithm = algorithm.ok_or_else(|| usage("--alg of jws is HS256, HS384 or HS512"))?;
    let jws = match &args.places[..] {
        [] => Jws::new(algorithm),
        [name] => Jws::detached(algorithm, name),
        _ => return Err(usage("jws has one --header")),
    };
    Ok(match &args.settings.keyid {
        Some(kid) => jws.kid(kid),
        None => jws,
    })
}

fn sigv4(args: &SchemeArgs) -> Result<Sigv4> {
    let needed = |name: &str, value: &Option<String>| {
        value.clone().ok_or_else(|| usage(format!("--scheme sigv4 takes --{name}")))
    };
    let mut sigv4 = Sigv4::new(
        needed("region", &args.settings.region)?,
        needed("service", &args.settings.service)?,
        needed("access-key-id", &args.settings.access_key_id)?,
    );
    if let Some(spec) = &args.settings.session_token {
        let (title, mut token) = KeySource::parse(spec)?.read_text(warnings(args))?;
        drop_line_end(&mut token);
        let token = std::str::from_utf8(&token).map_err(|_| anyhow!("{title}: not text"))?;
        sigv4 = sigv4.session_token(token);
    }
    if let Some(seconds) = args.settings.presign {
        sigv4 = sigv4.presign(seconds);
    }
    Ok(if args.settings.unsigned_payload { sigv4.unsigned_payload() } else { sigv4 })
}

fn rfc9421(args: &SchemeArgs) -> Rfc9421 {
    let mut rules = Rfc9421::default();
    if !args.settings.cover.is_empty() {
        rules = rules.cover(args.settings.cover.iter());
    }
    if let Some(label) = &args.settings.label {
        rules = rules.label(label);
    }
    match &args.settings.keyid {
        Some(keyid) => rules.keyid(keyid),
        None => rules,
    }
}

/// A key as it was written, and where; for looking into mismatches.
pub(crate) struct Written {
    pub(crate) text: Zeroizing<Vec<u8>>,
}

/// Whether one of the keys is on standard input.
pub(crate) fn keys_take_stdin(args: &SchemeArgs) -> Result<bool> {
    let mut taking = 0;
    for spec in args.key.iter().chain(&args.settings.session_token) {
        taking += u32::from(KeySource::parse(spec)?.takes_stdin());
    }
    match taking {
        0 | 1 => Ok(taking == 1),
        _ => Err(usage("only one key can be standard input")),
    }
}

fn warnings(args: &SchemeArgs) -> Warnings {
    if args.strict { Warnings::Errors } else { Warnings::Printed }
}

/// Reads the keys, and warns of weak ones. They are handed out as they are written, too, where a
/// mismatch is to be `explained`; else no copy of them stays.
pub(crate) fn keys(
    args: &SchemeArgs,
    scheme: &Scheme,
    explained: bool,
) -> Result<(Vec<SecretKey>, Vec<Written>)> {
    let format = args.key_format.map_or(scheme.key_format(), KeyFormat::from);
    let warnings = warnings(args);
    let mut keys = Vec::new();
    let mut written = Vec::new();
    for spec in &args.key {
        let (title, mut text) = KeySource::parse(spec)?.read_text(warnings)?;
        if explained {
            written.push(Written { text: text.clone() });
        }
        if format == KeyFormat::Text {
            drop_line_end(&mut text);
            warn_of_white_space(&title, &text, warnings)?;
        }
        let key = SecretKey::read(format, &*text).map_err(|error| match error {
            KeyError::Hex | KeyError::Base64 | KeyError::Base64Url | KeyError::Whsec => {
                unusable(&title, format_args!("{error}; say how it is written with --key-format"))
            }
            error => unusable(&title, error),
        })?;
        if let Some(weakness) = weakness(scheme, &key) {
            warnings.warn(format_args!("{title}: {weakness}"))?;
        }
        keys.push(key);
    }
    Ok((keys, written))
}

/// What standards say against a key of that length.
fn weakness(scheme: &Scheme, key: &SecretKey) -> Option<String> {
    let bytes = key.len();
    match scheme {
        Scheme::StandardWebhooks | Scheme::Svix | Scheme::Gitlab if !(24..=64).contains(&bytes) => {
            Some(format!("the key has {bytes} bytes; Standard Webhooks has 24 to 64"))
        }
        Scheme::Jws(jws) if bytes < jws.algorithm().hash().default_len() => {
            let least = jws.algorithm().hash().default_len();
            Some(format!("the key has {bytes} bytes; RFC 7518 demands {least} at least"))
        }
        _ if bytes < 14 => {
            Some(format!("the key has {bytes} bytes; below 14 it is weak (SP 800-131A)"))
        }
        _ => None,
    }
}
