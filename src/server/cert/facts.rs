//! The facts about certificates, requests, revocation lists and keys.

use serde_json::{Value, json};
use x509_parser::prelude::*;

use crate::cli::json::Object;
use crate::server::cert::contents::{PrivateKeyFormat, PrivateKeyText};
use crate::server::cert::describe::{self, KeyKind};
use crate::server::cert::key::PrivateKey;
use crate::server::cert::moment;
use crate::server::cert::pin::{fingerprint, spki_pin};
use crate::server::cert::revocation;
use crate::server::cert::rules::{self, Finding};

/// The facts about an object: what it is, lines for people, and fields for programs.
pub(crate) struct Facts {
    /// The type of its JSON object.
    pub(crate) kind: &'static str,
    /// The word for people, such as `signing request`.
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<(&'static str, String)>,
    pub(crate) fields: Vec<(&'static str, Value)>,
    pub(crate) warnings: Vec<Finding>,
}

impl Facts {
    fn new(kind: &'static str, title: &'static str) -> Self {
        Self { kind, title, lines: Vec::new(), fields: Vec::new(), warnings: Vec::new() }
    }

    /// Adds a line, unless the text is empty.
    fn line(&mut self, label: &'static str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.lines.push((label, text));
        }
    }

    fn field(&mut self, key: &'static str, value: impl Into<Value>) {
        self.fields.push((key, value.into()));
    }

    /// Adds a line and a field with the same text.
    fn both(&mut self, label: &'static str, key: &'static str, text: String) {
        self.field(key, text.clone());
        self.line(label, text);
    }

    /// Adds the fields and warnings to an object.
    pub(crate) fn add_to(&self, object: &mut Object) {
        for (key, value) in &self.fields {
            object.set(key, value);
        }
        if matches!(self.kind, "certificate" | "request") {
            let warnings = self.warnings.iter();
            let warnings: Vec<_> =
                warnings.map(|one| json!({ "reason": one.reason, "warning": one.text })).collect();
            object.set("warnings", warnings);
        }
    }
}

/// Returns the facts about a certificate; `None` if it is damaged.
pub(crate) fn certificate(der: &[u8], now: i64) -> Option<Facts> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let mut facts = Facts::new("certificate", "certificate");
    facts.both("subject", "subject", describe::name(parsed.subject()));
    let issuer = describe::name(parsed.issuer());
    facts.field("issuer", &*issuer);
    match rules::is_self_issued(&parsed) {
        true => facts.line("issuer", "itself"),
        false => facts.line("issuer", issuer),
    }
    add_names(&mut facts, rules::names(&parsed).map(|(names, _)| names).unwrap_or_default());
    add_validity(&mut facts, parsed.validity(), now);
    add_key(&mut facts, parsed.public_key());
    facts.both("signature", "signature", describe::signature(&parsed.signature_algorithm));
    add_usage(&mut facts, &parsed);
    add_constraints(&mut facts, &parsed);
    facts.both("serial", "serial", describe::colons(parsed.raw_serial()));
    facts.field("version", parsed.version().0.saturating_add(1));
    facts.both("SHA-256", "sha256", fingerprint(der));
    facts.both("key pin", "pin", spki_pin(parsed.public_key().raw));
    facts.warnings = rules::warnings(&parsed, now);
    Some(facts)
}

fn add_names(facts: &mut Facts, names: &[GeneralName]) {
    let names: Vec<_> = names.iter().map(describe::general_name).collect();
    facts.line("names", names.join(", "));
    facts.field("names", names);
}

fn add_validity(facts: &mut Facts, validity: &Validity, now: i64) {
    let (begin, end) = (validity.not_before, validity.not_after);
    facts.line("valid from", moment::text(begin));
    facts.line("valid to", format!("{} ({})", moment::text(end), moment::left(end, now)));
    facts.field("not_before", moment::rfc3339(begin));
    facts.field("not_after", moment::rfc3339(end));
}

fn add_key(facts: &mut Facts, key: &SubjectPublicKeyInfo) {
    let kind = KeyKind::of(key);
    facts.line("key", kind.text());
    facts.field("key", kind.name);
    facts.field("key_bits", kind.bits);
}

fn add_usage(facts: &mut Facts, parsed: &X509Certificate) {
    let usage = rules::key_usage(parsed).map(describe::key_usage).unwrap_or_default();
    let purposes = rules::purposes(parsed).map(describe::purposes).unwrap_or_default();
    facts.line("usage", usage.join(", "));
    facts.line("purpose", purposes.join(", "));
    facts.field("key_usage", usage);
    facts.field("purposes", purposes);
}

fn add_constraints(facts: &mut Facts, parsed: &X509Certificate) {
    let length = rules::constraints(parsed).and_then(|found| found.0.path_len_constraint);
    let is_authority = rules::is_authority(parsed);
    facts.field("authority", is_authority);
    if is_authority {
        facts.line(
            "authority",
            match length {
                None => "yes, with any number of authorities below it".to_owned(),
                Some(0) => "yes, with no authorities below it".to_owned(),
                Some(1) => "yes, with at most 1 authority below it".to_owned(),
                Some(length) => format!("yes, with at most {length} authorities below it"),
            },
        );
        facts.field("path_length", length);
    }
    let Ok(Some(found)) = parsed.name_constraints() else { return };
    let names = |trees: &Option<Vec<GeneralSubtree>>| {
        let trees = trees.iter().flatten();
        trees.map(|tree| describe::general_name(&tree.base)).collect::<Vec<_>>()
    };
    let permitted = names(&found.value.permitted_subtrees);
    let excluded = names(&found.value.excluded_subtrees);
    facts.line("permitted", permitted.join(", "));
    facts.line("excluded", excluded.join(", "));
    facts.field("permitted_names", permitted);
    facts.field("excluded_names", excluded);
}

/// Returns the facts about a signing request; `None` if it is damaged.
pub(crate) fn request(der: &[u8]) -> Option<Facts> {
    let (_, parsed) = X509CertificationRequest::from_der(der).ok()?;
    let info = &parsed.certification_request_info;
    let mut facts = Facts::new("request", "signing request");
    facts.both("subject", "subject", describe::name(&info.subject));
    let extensions: Vec<_> = parsed.requested_extensions().into_iter().flatten().collect();
    let names = extensions.iter().find_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names[..]),
        _ => None,
    });
    add_names(&mut facts, names.unwrap_or_default());
    add_key(&mut facts, &info.subject_pki);
    facts.both("signature", "signature", describe::signature(&parsed.signature_algorithm));
    facts.both("key pin", "pin", spki_pin(info.subject_pki.raw));
    let asks_for_authority = extensions.iter().any(|extension| {
        matches!(extension, ParsedExtension::BasicConstraints(constraints) if constraints.ca)
    });
    if asks_for_authority {
        facts.warnings.push(Finding {
            reason: "asks-for-authority",
            text: "asks to become an authority".into(),
            remedy: "'hsum cert sign' does not grant that",
        });
    }
    let key = KeyKind::of(&info.subject_pki);
    if key.is_weak() {
        let text = format!("has a weak key: {}", key.text());
        facts.warnings.push(Finding { reason: "weak-key", text, remedy: "make a new key" });
    }
    Some(facts)
}

/// The number of revoked certificates that are listed for people.
const SHOWN_REVOKED: usize = 20;

/// Returns the facts about a revocation list; `None` if it is damaged.
pub(crate) fn revocation_list(der: &[u8], now: i64) -> Option<Facts> {
    let (_, parsed) = CertificateRevocationList::from_der(der).ok()?;
    let mut facts = Facts::new("revocation-list", "revocation list");
    facts.both("issuer", "issuer", describe::name(parsed.issuer()));
    facts.line("valid from", moment::text(parsed.last_update()));
    facts.field("not_before", moment::rfc3339(parsed.last_update()));
    if let Some(end) = parsed.next_update() {
        facts.line("valid to", format!("{} ({})", moment::text(end), moment::left(end, now)));
        facts.field("not_after", moment::rfc3339(end));
    }
    if let Some(number) = parsed.crl_number() {
        facts.both("number", "number", number.to_string());
    }
    facts.both("signature", "signature", describe::signature(&parsed.signature_algorithm));
    let revoked: Vec<_> = parsed.iter_revoked_certificates().collect();
    let count = revoked.len();
    facts.line(
        "revoked",
        match count {
            0 => "no certificates".to_owned(),
            1 => "1 certificate".to_owned(),
            count => format!("{count} certificates"),
        },
    );
    for entry in revoked.iter().take(SHOWN_REVOKED) {
        let reason = revocation::reason(entry).map(|why| format!(", {why}")).unwrap_or_default();
        let serial = describe::colons(entry.raw_serial());
        facts.line("", format!("{serial} since {}{reason}", moment::text(entry.revocation_date)));
    }
    if count > SHOWN_REVOKED {
        facts.line("", format!("and {} more; --json lists all", count - SHOWN_REVOKED));
    }
    let entries = revoked.iter().map(|entry| {
        let since = moment::rfc3339(entry.revocation_date);
        json!({
            "serial": describe::colons(entry.raw_serial()), "since": since,
            "revocation_reason": revocation::reason(entry),
        })
    });
    facts.field("revoked", entries.collect::<Vec<_>>());
    Some(facts)
}

/// Returns the facts about a public key; `None` if it is damaged.
pub(crate) fn public_key(der: &[u8]) -> Option<Facts> {
    let (_, parsed) = SubjectPublicKeyInfo::from_der(der).ok()?;
    let mut facts = Facts::new("public-key", "public key");
    add_key(&mut facts, &parsed);
    facts.both("key pin", "pin", spki_pin(parsed.raw));
    Some(facts)
}

/// Returns the facts about the public part of a private key; `None` if it is damaged.
pub(crate) fn private_key(key: &PrivateKeyText) -> Option<Facts> {
    let mut facts = Facts::new("private-key", "private key");
    facts.both("format", "format", key.format.name().into());
    if key.format == PrivateKeyFormat::EncryptedPkcs8 {
        return Some(facts);
    }
    let public = PrivateKey::parse(&key.der, None).ok()?.public_key();
    let (_, parsed) = SubjectPublicKeyInfo::from_der(&public).ok()?;
    add_key(&mut facts, &parsed);
    facts.both("key pin", "pin", spki_pin(parsed.raw));
    Some(facts)
}
