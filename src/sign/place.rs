//! The places in a request where a signature and what belongs to it stand.

use super::claim::Candidates;
use super::encoding::{Mac, MacEncoding};
use super::headers::{one, trim};
use super::input::Finished;
use super::message::Message;
use super::pattern::{self, Part, Values, param};
use super::scheme::SchemeError;
use super::signer::Signed;
use super::template::fields;
use super::verdict::VerifyError;

/// One place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) at: At,
    pub(crate) name: String,
    /// Another name that is read too.
    pub(crate) alias: Option<String>,
    pub(crate) form: Form,
}

/// In what part of the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    Header,
    Param,
    /// The last item of the query.
    Query,
}

/// How it is written there.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Line(Vec<Part>),
    /// Items, each a literal and a field; those of the MAC as often as there are keys.
    List {
        separator: char,
        items: Vec<(String, Part)>,
    },
}

impl Form {
    pub(crate) fn list(separator: char, text: &str) -> Result<Self, SchemeError> {
        let items = text.split(separator).map(|item| match &fields(item)?[..] {
            [Part::Text(prefix), field] => Ok((prefix.clone(), field.clone())),
            _ => Err(SchemeError::pattern(format!("item '{item}'"), "it is a text and a field")),
        });
        Ok(Self::List { separator, items: items.collect::<Result<_, _>>()? })
    }
}

/// What the places of a request say.
#[derive(Default)]
pub(crate) struct Found<'a> {
    pub(crate) timestamp: Option<&'a [u8]>,
    pub(crate) id: Option<&'a [u8]>,
    pub(crate) nonce: Option<&'a [u8]>,
    pub(crate) macs: Candidates,
    /// The query without the signature, where that stands in it.
    pub(crate) query: Option<&'a str>,
}

impl Place {
    pub(crate) fn carries(&self, field: &Part) -> bool {
        match &self.form {
            Form::Line(parts) => parts.contains(field),
            Form::List { items, .. } => items.iter().any(|(_, part)| part == field),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.form, Form::List { .. })
    }

    pub(crate) fn macs(&self) -> usize {
        match &self.form {
            Form::Line(parts) => parts.iter().filter(|part| **part == Part::Mac).count(),
            Form::List { items, .. } => items.iter().filter(|(_, p)| *p == Part::Mac).count(),
        }
    }

    /// Reads what stands there.
    pub(crate) fn read<'a>(
        &self,
        message: &Message<'a>,
        encoding: MacEncoding,
        mac_len: usize,
        found: &mut Found<'a>,
    ) -> Result<(), VerifyError> {
        let value = match self.at {
            At::Header => self.header(message)?,
            At::Param => param(message, &self.name)?,
            At::Query => self.end_of_query(message, found)?,
        };
        let value = value.ok_or_else(|| VerifyError::MissingHeader(self.name.clone()))?;
        let (mut wrong, mut unreadable) = (None, None);
        let mut take = |part: &Part, text: &'a [u8]| match part {
            Part::Mac => match encoding.decode(text, mac_len) {
                Some(mac) => match found.macs.push(mac, &self.name) {
                    Ok(()) => {}
                    Err(error) => wrong = Some(error),
                },
                None => {
                    unreadable = Some(VerifyError::malformed(&self.name, undecodable(encoding)));
                }
            },
            Part::Timestamp => self.once(&mut found.timestamp, text, &mut wrong),
            Part::Id => self.once(&mut found.id, text, &mut wrong),
            Part::Nonce => self.once(&mut found.nonce, text, &mut wrong),
            _ => {}
        };
        match &self.form {
            Form::Line(parts) => {
                if !pattern::matches(parts, value, &mut take) {
                    let why = "it is not written as the scheme has it";
                    return Err(VerifyError::malformed(&self.name, why));
                }
            }
            Form::List { separator, items } => {
                for item in value.split(|&byte| byte == *separator as u8) {
                    let item = trim(item);
                    for (prefix, part) in items {
                        if let Some(text) = item.strip_prefix(prefix.as_bytes()) {
                            take(part, text);
                        }
                    }
                }
            }
        }
        // One signature of several that cannot be read does not spoil the others, nor does it
        // excuse what else is wrong.
        let spoils = |_: &VerifyError| !self.is_list() || found.macs.is_empty();
        if let Some(wrong) = wrong.or(unreadable.filter(spoils)) {
            return Err(wrong);
        }
        if found.macs.is_empty() && matches!(self.form, Form::List { .. }) {
            return Err(VerifyError::NoSignature);
        }
        Ok(())
    }

    /// The MAC, where the place is a header with nothing else in it but a text before, and is so
    /// written; [`read`](Self::read) says what it is otherwise.
    #[inline]
    pub(crate) fn only_mac(
        &self,
        message: &Message<'_>,
        encoding: MacEncoding,
        mac_len: usize,
        mac: &mut Mac,
    ) -> Option<()> {
        let Self { at: At::Header, alias: None, form: Form::Line(parts), .. } = self else {
            return None;
        };
        let prefix = match &parts[..] {
            [Part::Mac] => "",
            [Part::Text(prefix), Part::Mac] => prefix,
            _ => return None,
        };
        let value = one(message.headers, &self.name).ok()??;
        encoding.decode_into(value.strip_prefix(prefix.as_bytes())?, mac_len, mac)
    }

    /// A field that may not say two things.
    fn once<'a>(
        &self,
        seen: &mut Option<&'a [u8]>,
        text: &'a [u8],
        wrong: &mut Option<VerifyError>,
    ) {
        if seen.is_some_and(|seen| seen != text) {
            *wrong = Some(VerifyError::malformed(&self.name, "it says two different things"));
        }
        *seen = Some(text);
    }

    fn header<'a>(&self, message: &Message<'a>) -> Result<Option<&'a [u8]>, VerifyError> {
        let value = one(message.headers, &self.name)?;
        let Some(alias) = &self.alias else { return Ok(value) };
        match (value, one(message.headers, alias)?) {
            (Some(value), Some(other)) if value != other => {
                Err(VerifyError::DuplicateHeader(self.name.clone()))
            }
            (value, other) => Ok(value.or(other)),
        }
    }

    /// The value of the query's last item, which must be the only one of its name.
    fn end_of_query<'a>(
        &self,
        message: &Message<'a>,
        found: &mut Found<'a>,
    ) -> Result<Option<&'a [u8]>, VerifyError> {
        let query = message.query().unwrap_or_default();
        let (rest, last) = query.rsplit_once('&').unwrap_or(("", query));
        let is_ours = |item: &str| item.split_once('=').is_some_and(|(name, _)| name == self.name);
        if rest.split('&').any(is_ours) {
            return Err(VerifyError::malformed(
                &self.name,
                "it ends the query, and stands there once",
            ));
        }
        found.query = Some(rest);
        Ok(last.split_once('=').filter(|_| is_ours(last)).map(|(_, value)| value.as_bytes()))
    }

    /// Writes the signature there.
    pub(crate) fn write(
        &self,
        values: &Values<'_>,
        finished: &Finished,
        encoding: MacEncoding,
        signed: &mut Signed,
    ) {
        let macs: Vec<String> =
            finished.tags.iter().map(|tag| encoding.encode(tag.as_bytes())).collect();
        let mut text = Vec::new();
        let mut put = |part: &Part, mac: &str| match part {
            Part::Text(literal) => text.extend_from_slice(literal.as_bytes()),
            Part::Timestamp => text.extend_from_slice(values.timestamp),
            Part::Id => text.extend_from_slice(values.id),
            Part::Nonce => text.extend_from_slice(values.nonce),
            Part::Mac => text.extend_from_slice(mac.as_bytes()),
            _ => {}
        };
        let first = macs.first().map_or("", String::as_str);
        match &self.form {
            Form::Line(parts) => parts.iter().for_each(|part| put(part, first)),
            Form::List { separator, items } => {
                let mut between = Part::Text(String::new());
                for (prefix, part) in items {
                    let values = if *part == Part::Mac { &macs[..] } else { &macs[..1] };
                    for mac in values {
                        put(&between, "");
                        put(&Part::Text(prefix.clone()), "");
                        put(part, mac);
                        between = Part::Text(separator.to_string());
                    }
                }
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        if self.carries(&Part::Mac) {
            signed.value = first.to_owned();
        }
        match self.at {
            At::Header => signed.headers.push((self.name.clone(), text)),
            At::Param => signed.params.push((self.name.clone(), text)),
            At::Query => {
                let url = values.url.split_once('#').map_or(values.url, |(url, _)| url);
                let sign = match url.split_once('?') {
                    None => "?",
                    Some((_, "")) => "",
                    Some(_) => "&",
                };
                signed.url = Some(format!("{url}{sign}{}={text}", self.name));
                signed.params.push((self.name.clone(), text));
            }
        }
    }
}

fn undecodable(encoding: MacEncoding) -> &'static str {
    match encoding {
        MacEncoding::Hex => "the signature is not hexadecimal of the right length",
        MacEncoding::Base64 => "the signature is not canonical base64 of the right length",
        MacEncoding::Base64Url => "the signature is not canonical base64url of the right length",
    }
}
