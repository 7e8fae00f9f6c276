//! Flags → a scheme and its keys.

use anyhow::{Result, anyhow};
use hsum::HashFunction;
use hsum::sign::{
    Jws, JwsAlgorithm, KeyError, KeyFormat, MacEncoding, ROWS, Rfc9421, Row, Scheme, SecretKey,
    Setting, Sigv4, Template,
};
use zeroize::Zeroizing;

use crate::cli::args::{EncodingArg, SchemeArgs};
use crate::cli::exit::Usage;
use crate::cli::key::{KeySource, Warnings, remove_line_end, unusable, warn_of_white_space};
use crate::cli::quote::quote_text;

/// A setting, its flag, and whether the flag was given.
pub(crate) type Given = (Setting, &'static str, bool);

/// Returns the scheme that the flags name; `message` are the flags about the message.
pub(crate) fn scheme(args: &SchemeArgs, message: &[Given]) -> Result<Scheme> {
    let Some(row) = ROWS.iter().find(|row| row.name == args.scheme) else {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        let other = quote_text(args.scheme.as_bytes());
        return Err(usage(format!("unknown scheme {other} (expected {})", names.join(", "))));
    };
    let settings = settings(args);
    let unused = settings.iter().find(|(setting, _)| !row.takes.contains(setting));
    if let Some((setting, flag)) = unused {
        return Err(no_effect(row, *setting, flag));
    }
    let scheme = match row.name {
        "raw" | "template" => Scheme::Template(template(args)?),
        "jws" => Scheme::Jws(jws(args)?),
        "sigv4" => Scheme::Sigv4(sigv4(args)?),
        "rfc9421" => Scheme::Rfc9421(rfc9421(args)),
        name => Scheme::named(name).expect("the other rows have no settings"),
    };
    match message.iter().find(|(setting, _, given)| *given && !scheme.takes(*setting)) {
        Some((setting, flag, _)) => Err(no_effect(row, *setting, flag)),
        None => Ok(scheme),
    }
}

fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// Returns the error of a flag that would have no effect.
fn no_effect(row: &Row, setting: Setting, flag: &str) -> anyhow::Error {
    let name = row.name;
    let why = match setting {
        Setting::Algorithm => {
            let algorithm = row.algorithm.to_string().to_uppercase();
            format!("which has its own algorithm, HMAC-{algorithm}")
        }
        _ => match flags(row).join(", ") {
            none if none.is_empty() => "which has no settings".to_owned(),
            flags => format!("which takes {flags}"),
        },
    };
    usage(format!("{flag}: no effect in the scheme {name}, {why}; see 'hsum schemes'"))
}

/// Returns the flags of the scheme's settings, as 'hsum sign' and 'verify-request' call them.
pub(crate) fn flags(row: &Row) -> Vec<&'static str> {
    row.takes.iter().filter_map(|setting| flag(*setting)).collect()
}

/// Returns the flag of a setting; those about the message belong to the verbs.
fn flag(setting: Setting) -> Option<&'static str> {
    Some(match setting {
        Setting::Algorithm => "--alg",
        Setting::Encoding => "--encoding",
        Setting::Prefix => "--prefix",
        Setting::Header => "--header",
        Setting::Pattern => "--template",
        Setting::Region => "--region",
        Setting::Service => "--service",
        Setting::AccessKeyId => "--access-key-id",
        Setting::SessionToken => "--session-token",
        Setting::Presign => "--presign",
        Setting::UnsignedPayload => "--unsigned-payload",
        Setting::Cover => "--cover",
        Setting::Label => "--label",
        Setting::KeyId => "--keyid",
        _ => return None,
    })
}

/// Returns the settings that were given, with their flags.
fn settings(args: &SchemeArgs) -> Vec<(Setting, &'static str)> {
    let of = &args.settings;
    let given = [
        (Setting::Algorithm, args.algorithm.is_some()),
        (Setting::Encoding, of.encoding.is_some()),
        (Setting::Prefix, of.prefix.is_some()),
        (Setting::Header, !args.places.is_empty()),
        (Setting::Pattern, of.template.is_some()),
        (Setting::Region, of.region.is_some()),
        (Setting::Service, of.service.is_some()),
        (Setting::AccessKeyId, of.access_key_id.is_some()),
        (Setting::SessionToken, of.session_token.is_some()),
        (Setting::Presign, of.presign.is_some()),
        (Setting::UnsignedPayload, of.unsigned_payload),
        (Setting::Cover, !of.cover.is_empty()),
        (Setting::Label, of.label.is_some()),
        (Setting::KeyId, of.keyid.is_some()),
    ];
    let given = given.into_iter().filter(|(_, given)| *given);
    let with_flag = |(setting, _)| match setting {
        Setting::Header => Some((setting, args.places_flag)),
        _ => Some((setting, flag(setting)?)),
    };
    given.filter_map(with_flag).collect()
}

fn template(args: &SchemeArgs) -> Result<Template> {
    let prefix = args.settings.prefix.as_deref().unwrap_or_default();
    let mut template = match (&*args.scheme, &args.settings.template, &args.places[..]) {
        ("raw", _, []) => Template::raw("X-Signature", prefix),
        ("raw", _, [name]) => Template::raw(name, prefix),
        ("raw", ..) => {
            return Err(usage(format!(
                "{}: given more than once (the scheme raw takes one)",
                args.places_flag
            )));
        }
        (_, Some(content), places) => Template::new(content, places),
        (_, None, _) => {
            let flag = args.places_flag;
            return Err(usage(format!("the scheme template needs --template and {flag}")));
        }
    };
    if let Some(name) = &args.algorithm {
        let function: HashFunction =
            name.parse().map_err(|error| usage(format!("--alg: {error}")))?;
        template = template.algorithm(function.algorithm());
    }
    Ok(match args.settings.encoding {
        None | Some(EncodingArg::Hex) => template,
        Some(EncodingArg::Base64) => template.encoding(MacEncoding::Base64),
        Some(EncodingArg::Base64url) => template.encoding(MacEncoding::Base64Url),
    })
}

fn jws(args: &SchemeArgs) -> Result<Jws> {
    let name = args.algorithm.as_deref().unwrap_or("HS256");
    let algorithm = JwsAlgorithm::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name));
    let algorithm = algorithm.ok_or_else(|| usage("--alg of jws is HS256, HS384 or HS512"))?;
    let jws = match &args.places[..] {
        [] => Jws::new(algorithm),
        [name] => Jws::detached(algorithm, name),
        _ => {
            return Err(usage(format!(
                "{}: given more than once (the scheme jws takes one)",
                args.places_flag
            )));
        }
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
        let source = KeySource::parse(spec, "--session-token")?;
        let (title, mut token) = source.read_text(warnings(args))?;
        remove_line_end(&mut token);
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
    let keys = args.key.iter().map(|spec| (spec, "--key"));
    let tokens = args.settings.session_token.iter().map(|spec| (spec, "--session-token"));
    for (spec, option) in keys.chain(tokens) {
        taking += u32::from(KeySource::parse(spec, option)?.is_stdin());
    }
    match taking {
        0 | 1 => Ok(taking == 1),
        _ => Err(usage("only one key can be standard input")),
    }
}

fn warnings(args: &SchemeArgs) -> Warnings {
    if args.strict { Warnings::Errors } else { Warnings::Printed }
}

/// Reads the keys, and warns of weak ones. Returns them as written too if a mismatch is to be
/// `explained`; otherwise no copy of them is kept.
pub(crate) fn keys(
    args: &SchemeArgs,
    scheme: &Scheme,
    explained: bool,
) -> Result<(Vec<SecretKey>, Vec<Written>)> {
    let format = args.key_format.unwrap_or(scheme.key_format());
    let warnings = warnings(args);
    let mut keys = Vec::new();
    let mut written = Vec::new();
    for spec in &args.key {
        let (title, mut text) = KeySource::parse(spec, "--key")?.read_text(warnings)?;
        if explained {
            written.push(Written { text: text.clone() });
        }
        if format == KeyFormat::Text {
            remove_line_end(&mut text);
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
