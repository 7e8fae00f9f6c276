//! Conversion of arguments to a scheme and its keys.

use anyhow::{Result, anyhow};
use hsum::HashFunction;
use hsum::internals::escape;
use hsum::sign::{
    Jws, JwsAlgorithm, KeyFormat, Rfc9421, Scheme, SchemeError, SchemeInfo, SecretKey, Setting,
    Sigv4, Template,
};
use zeroize::Zeroizing;

use crate::cli::args::sign::SchemeArgs;
use crate::cli::exit::Usage;
use crate::cli::key::{KeySource, Warnings, remove_line_end, unusable, warn_of_white_space};
use crate::cli::{habits, hints};

/// An option: its setting, its name, and whether it was given.
pub(crate) type Given = (Setting, &'static str, bool);

/// Returns `true` if an option was given.
type IsGiven = fn(&SchemeArgs) -> bool;

/// The options of schemes.
const OPTIONS: [(Setting, &str, IsGiven); 14] = [
    (Setting::Algorithm, "--algorithm", |args| args.algorithm.is_some()),
    (Setting::Encoding, "--encoding", |args| args.settings.encoding.is_some()),
    (Setting::Prefix, "--prefix", |args| args.settings.prefix.is_some()),
    (Setting::Header, "--signature-header", |args| !args.signature_headers.is_empty()),
    (Setting::Pattern, "--template", |args| args.settings.template.is_some()),
    (Setting::Region, "--region", |args| args.settings.region.is_some()),
    (Setting::Service, "--service", |args| args.settings.service.is_some()),
    (Setting::AccessKeyId, "--access-key-id", |args| args.settings.access_key_id.is_some()),
    (Setting::SessionToken, "--session-token", |args| args.settings.session_token.is_some()),
    (Setting::Presign, "--presign", |args| args.settings.presign.is_some()),
    (Setting::UnsignedPayload, "--unsigned-payload", |args| args.settings.unsigned_payload),
    (Setting::Cover, "--cover", |args| !args.settings.cover.is_empty()),
    (Setting::Label, "--label", |args| args.settings.label.is_some()),
    (Setting::KeyId, "--keyid", |args| args.settings.keyid.is_some()),
];

/// Returns the scheme's options as 'hsum sign' and 'hsum verify-request' name them.
pub(crate) fn options_of(info: &SchemeInfo) -> Vec<&'static str> {
    let option = |setting: &Setting| OPTIONS.iter().find(|(other, ..)| other == setting);
    info.settings.iter().filter_map(option).map(|(_, option, _)| *option).collect()
}

/// Returns the name of a setting's option in the verb that `args` belong to.
fn option_name(args: &SchemeArgs, setting: Setting) -> Option<&'static str> {
    match setting {
        Setting::Algorithm => Some(args.algorithm_option),
        _ => OPTIONS.iter().find(|(other, ..)| *other == setting).map(|(_, option, _)| *option),
    }
}

/// Returns the scheme. `message` lists the options of the message.
pub(crate) fn scheme(args: &SchemeArgs, message: &[Given]) -> Result<Scheme> {
    let Some(info) = SchemeInfo::ALL.iter().find(|info| info.name == args.scheme) else {
        let name = escape(args.scheme.as_bytes(), &[]);
        let hint = match habits::nearest(&name, SchemeInfo::ALL.iter().map(|info| info.name)) {
            Some(near) => format!("did you mean '{near}'? ('hsum schemes' lists all)"),
            None => "'hsum schemes' lists all".to_owned(),
        };
        return Err(usage(format!("unknown scheme '{name}'; {hint}")));
    };
    for (setting, _, is_given) in OPTIONS {
        if let (true, Some(option)) = (is_given(args), option_name(args, setting))
            && !info.settings.contains(&setting)
        {
            return Err(no_effect(info, setting, option));
        }
    }
    let scheme = match info.name {
        "raw" | "template" => Scheme::Template(template(args)?),
        "jws" => Scheme::Jws(jws(args)?),
        "sigv4" => Scheme::Sigv4(sigv4(args)?),
        "rfc9421" => Scheme::Rfc9421(rfc9421(args)),
        name => Scheme::from_name(name).expect("the other schemes have no settings"),
    };
    match message.iter().find(|(setting, _, given)| *given && !scheme.has_setting(*setting)) {
        Some((setting, option, _)) => Err(no_effect(info, *setting, option)),
        None => Ok(scheme),
    }
}

/// Returns the usage error of a scheme that cannot be used with its settings or keys.
pub(crate) fn refused(error: &SchemeError, args: &SchemeArgs) -> anyhow::Error {
    usage(hints::scheme_error(error, |setting| option_name(args, setting)))
}

fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// Returns the error of an option that would have no effect.
fn no_effect(info: &SchemeInfo, setting: Setting, option: &str) -> anyhow::Error {
    let name = info.name;
    let reason = match setting {
        Setting::Algorithm => {
            let algorithm = info.algorithm.to_string().to_uppercase();
            format!("which has its own algorithm, HMAC-{algorithm}")
        }
        _ => match options_of(info).join(", ") {
            options if options.is_empty() => "which has no settings".to_owned(),
            options => format!("which takes {options}"),
        },
    };
    usage(format!("{option}: no effect in the scheme {name}, {reason}; see 'hsum schemes'"))
}

/// Returns the only `--signature-header`, if there is one.
fn single_header(args: &SchemeArgs) -> Result<Option<&str>> {
    match &args.signature_headers[..] {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        _ => {
            let scheme = &args.scheme;
            let text = format!("given more than once (the scheme {scheme} takes one)");
            Err(usage(format!("--signature-header: {text}")))
        }
    }
}

fn template(args: &SchemeArgs) -> Result<Template> {
    let mut template = match (&*args.scheme, &args.settings.template) {
        ("raw", _) => {
            let prefix = args.settings.prefix.as_deref().unwrap_or_default();
            Template::raw(single_header(args)?.unwrap_or("X-Signature"), prefix)
        }
        (_, Some(content)) => Template::new(content, &args.signature_headers),
        (_, None) => {
            return Err(usage("the scheme template needs --template and --signature-header"));
        }
    };
    if let Some(name) = &args.algorithm {
        let function: HashFunction =
            name.parse().map_err(|error| usage(format!("{}: {error}", args.algorithm_option)))?;
        if function.part_len().is_some() {
            let text = format!("{}: HMAC is not defined for {function}", args.algorithm_option);
            return Err(usage(text));
        }
        template = template.algorithm(function.algorithm());
    }
    Ok(match args.settings.encoding {
        Some(encoding) => template.encoding(encoding),
        None => template,
    })
}

fn jws(args: &SchemeArgs) -> Result<Jws> {
    let name = args.algorithm.as_deref().unwrap_or("HS256");
    let algorithm = JwsAlgorithm::ALL.iter().find(|a| a.name().eq_ignore_ascii_case(name));
    let algorithm = *algorithm.ok_or_else(|| {
        let name = escape(name.as_bytes(), &[]);
        let option = args.algorithm_option;
        usage(format!(
            "{option}: unknown algorithm '{name}' of JWS (expected HS256, HS384 or HS512)"
        ))
    })?;
    let jws = match single_header(args)? {
        None => Jws::new(algorithm),
        Some(name) => Jws::detached(algorithm, name),
    };
    Ok(match &args.settings.keyid {
        Some(kid) => jws.kid(kid),
        None => jws,
    })
}

fn sigv4(args: &SchemeArgs) -> Result<Sigv4> {
    let needed = |option: &str, value: &Option<String>| {
        value.clone().ok_or_else(|| usage(format!("the scheme sigv4 needs {option}")))
    };
    let mut sigv4 = Sigv4::new(
        needed("--region", &args.settings.region)?,
        needed("--service", &args.settings.service)?,
        needed("--access-key-id", &args.settings.access_key_id)?,
    );
    if let Some(spec) = &args.settings.session_token {
        let source = KeySource::parse(spec, "--session-token")?;
        let (title, mut token) = source.read_text(warnings(args))?;
        remove_line_end(&mut token);
        let token = std::str::from_utf8(&token).map_err(|_| anyhow!("{title}: not UTF-8"))?;
        sigv4 = sigv4.session_token(token);
    }
    if let Some(seconds) = args.settings.presign {
        sigv4 = sigv4.presign(seconds);
    }
    Ok(if args.settings.unsigned_payload { sigv4.unsigned_payload() } else { sigv4 })
}

fn rfc9421(args: &SchemeArgs) -> Rfc9421 {
    let mut settings = Rfc9421::default();
    if !args.settings.cover.is_empty() {
        settings = settings.cover(args.settings.cover.iter());
    }
    if let Some(label) = &args.settings.label {
        settings = settings.label(label);
    }
    match &args.settings.keyid {
        Some(keyid) => settings.keyid(keyid),
        None => settings,
    }
}

/// Returns `true` if one of the keys comes from standard input.
pub(crate) fn has_stdin_key(args: &SchemeArgs) -> Result<bool> {
    let keys = args.key.iter().map(|spec| (spec, "--key"));
    let tokens = args.settings.session_token.iter().map(|spec| (spec, "--session-token"));
    let mut count = 0;
    for (spec, option) in keys.chain(tokens) {
        count += u32::from(KeySource::parse(spec, option)?.is_stdin());
    }
    match count {
        0 | 1 => Ok(count == 1),
        _ => Err(usage("only one key can be standard input")),
    }
}

fn warnings(args: &SchemeArgs) -> Warnings {
    if args.strict_key { Warnings::Errors } else { Warnings::Printed }
}

/// A key before decoding.
type KeyText = Zeroizing<Vec<u8>>;

/// Reads the keys, and warns of weak ones. With `explained`, also returns their texts; otherwise no
/// copy of them is kept.
pub(crate) fn keys(
    args: &SchemeArgs,
    scheme: &Scheme,
    explained: bool,
) -> Result<(Vec<SecretKey>, Vec<KeyText>)> {
    let format = args.key_format.unwrap_or(scheme.key_format());
    let warnings = warnings(args);
    let (mut keys, mut texts) = (Vec::new(), Vec::new());
    for spec in &args.key {
        let (title, mut text) = KeySource::parse(spec, "--key")?.read_text(warnings)?;
        if explained {
            texts.push(text.clone());
        }
        if format == KeyFormat::Text {
            remove_line_end(&mut text);
            warn_of_white_space(&title, &text, warnings)?;
        }
        let key = SecretKey::parse(format, &*text)
            .map_err(|error| unusable(&title, hints::key_error(error)))?;
        if let Some(weakness) = weakness(scheme, key.len()) {
            warnings.warn(format_args!("{title}: {weakness}"))?;
        }
        keys.push(key);
    }
    Ok((keys, texts))
}

/// Returns a warning if the length of a key is not recommended.
fn weakness(scheme: &Scheme, length: usize) -> Option<String> {
    let recommended = scheme.key_length();
    let range = match (recommended.min, recommended.max) {
        (min, Some(max)) => format!("{min} to {max}"),
        (min, None) => format!("at least {min}"),
    };
    let source = recommended.source;
    (!recommended.is_met_by(length))
        .then(|| format!("the key has {length} bytes ({source} recommends {range})"))
}
