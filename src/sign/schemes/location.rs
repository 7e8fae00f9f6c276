//! The locations of a signature in a request, and of the values that come with it.

use crate::sign::component::Component;
use crate::sign::encoding::{Mac, MacEncoding};
use crate::sign::error::{RequestError, SchemeError, VerifyError};
use crate::sign::headers::{single, trim};
use crate::sign::input::Finished;
use crate::sign::message::{Message, with_query_item};
use crate::sign::rules::MAX_SIGNATURES;
use crate::sign::schemes::pattern::{self, Piece, Values, single_param};
use crate::sign::setting::Setting;
use crate::sign::signature::RequestSignature;

#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) kind: LocationKind,
    pub(crate) name: String,
    /// Another accepted name.
    pub(crate) alias: Option<String>,
    pub(crate) format: LocationFormat,
}

/// The part of a request that contains a location.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LocationKind {
    Header,
    Param,
    /// The last item of the query.
    QueryEnd,
}

#[derive(Clone, Debug)]
pub(crate) enum LocationFormat {
    Line(Vec<Piece>),
    /// Items that consist of a text and a field. The item of the MAC appears once per key.
    List {
        separator: char,
        items: Vec<(String, Piece)>,
    },
}

impl LocationFormat {
    pub(crate) fn parse_list(separator: char, text: &str) -> Result<Self, SchemeError> {
        let items = text.split(separator).map(|item| match &parse_fields(item)?[..] {
            [Piece::Text(prefix), field] => Ok((prefix.clone(), field.clone())),
            _ => {
                let problem = "an item is not a text followed by a field";
                Err(SchemeError::invalid(Setting::Header, item, problem))
            }
        });
        Ok(Self::List { separator, items: items.collect::<Result<_, _>>()? })
    }
}

pub(crate) fn parse_fields(text: &str) -> Result<Vec<Piece>, SchemeError> {
    let pieces = pattern::parse(text)?;
    let invalid = |problem| SchemeError::invalid(Setting::Header, text, problem);
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
    let is_allowed = |piece: &Piece| match piece {
        Piece::Value(component) => {
            matches!(component, Component::Timestamp | Component::Id | Component::Nonce)
        }
        piece => *piece == Piece::Mac,
    };
    if !pieces.iter().all(|piece| is_text(piece) || is_allowed(piece)) {
        return Err(invalid("unknown field (expected {mac}, {timestamp}, {id} or {nonce})"));
    }
    if pieces.windows(2).any(|pair| !is_text(&pair[0]) && !is_text(&pair[1])) {
        return Err(invalid("two fields without a separator"));
    }
    Ok(pieces)
}

/// The fields found in the locations of a request.
#[derive(Default)]
pub(crate) struct FoundFields<'a> {
    pub(crate) timestamp: Option<&'a [u8]>,
    pub(crate) id: Option<&'a [u8]>,
    pub(crate) nonce: Option<&'a [u8]>,
    pub(crate) macs: Vec<Mac>,
    /// The query without the signature, if the query contains it.
    pub(crate) unsigned_query: Option<&'a str>,
}

impl Location {
    fn pieces(&self) -> Vec<&Piece> {
        match &self.format {
            LocationFormat::Line(pieces) => pieces.iter().collect(),
            LocationFormat::List { items, .. } => items.iter().map(|(_, piece)| piece).collect(),
        }
    }

    pub(crate) fn has_value(&self, component: &Component) -> bool {
        self.pieces().iter().any(|piece| matches!(piece, Piece::Value(own) if own == component))
    }

    pub(crate) fn mac_count(&self) -> usize {
        self.pieces().into_iter().filter(|piece| **piece == Piece::Mac).count()
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.format, LocationFormat::List { .. })
    }

    pub(crate) fn component(&self) -> Component {
        let name = self.name.clone();
        match self.kind {
            LocationKind::Header => Component::Header(name),
            LocationKind::Param => Component::Param(name),
            LocationKind::QueryEnd => Component::QueryParam(name),
        }
    }

    pub(crate) fn read<'a>(
        &self,
        message: &Message<'a>,
        encoding: MacEncoding,
        mac_len: usize,
        found: &mut FoundFields<'a>,
    ) -> Result<(), VerifyError> {
        let value = match self.kind {
            LocationKind::Header => self.header(message)?,
            LocationKind::Param => single_param(message, &self.name)?,
            LocationKind::QueryEnd => self.end_of_query(message, found)?,
        };
        let value = value.ok_or_else(|| RequestError::Missing(self.component()))?;
        let (mut invalid, mut undecodable) = (None, None);
        let mut take = |piece: &Piece, text: &'a [u8]| {
            let seen = match piece {
                Piece::Mac => {
                    match encoding.decode(text, mac_len) {
                        Some(mac) if found.macs.len() < MAX_SIGNATURES => found.macs.push(mac),
                        Some(_) => invalid = Some(self.malformed("more than 16 signatures")),
                        None => undecodable = Some(self.malformed(undecodable_problem(encoding))),
                    }
                    return;
                }
                Piece::Value(Component::Timestamp) => &mut found.timestamp,
                Piece::Value(Component::Id) => &mut found.id,
                Piece::Value(Component::Nonce) => &mut found.nonce,
                _ => return,
            };
            if seen.is_some_and(|seen| seen != text) {
                invalid = Some(self.malformed("contains a field twice, with different values"));
            }
            *seen = Some(text);
        };
        match &self.format {
            LocationFormat::Line(pieces) => {
                if !pattern::find_fields(pieces, value, &mut take) {
                    return Err(self.malformed("not in the format of the scheme").into());
                }
            }
            LocationFormat::List { separator, items } => {
                for item in value.split(|&byte| byte == *separator as u8) {
                    let item = trim(item);
                    for (prefix, piece) in items {
                        if let Some(text) = item.strip_prefix(prefix.as_bytes()) {
                            take(piece, text);
                        }
                    }
                }
            }
        }
        // In a list, an undecodable signature does not invalidate the others, and does not hide
        // another error.
        undecodable = undecodable.filter(|_| !self.is_list() || found.macs.is_empty());
        match invalid.or(undecodable) {
            Some(error) => Err(error.into()),
            None if self.is_list() && found.macs.is_empty() => Err(VerifyError::NoSignature),
            None => Ok(()),
        }
    }

    /// Decodes the MAC of a header that holds nothing but a prefix and the MAC; the fast path of
    /// [`read`](Self::read), which reports the errors.
    #[inline]
    pub(crate) fn decode_only_mac(
        &self,
        message: &Message<'_>,
        encoding: MacEncoding,
        mac_len: usize,
        mac: &mut Mac,
    ) -> Option<()> {
        let Self { kind: LocationKind::Header, alias: None, format, .. } = self else {
            return None;
        };
        let LocationFormat::Line(pieces) = format else { return None };
        let prefix = match &pieces[..] {
            [Piece::Mac] => "",
            [Piece::Text(prefix), Piece::Mac] => prefix,
            _ => return None,
        };
        let value = single(message.headers, &self.name).ok()??;
        encoding.decode_into(value.strip_prefix(prefix.as_bytes())?, mac_len, mac)
    }

    fn malformed(&self, problem: &'static str) -> RequestError {
        RequestError::malformed(self.component(), problem)
    }

    fn header<'a>(&self, message: &Message<'a>) -> Result<Option<&'a [u8]>, RequestError> {
        let value = single(message.headers, &self.name)?;
        let Some(alias) = &self.alias else { return Ok(value) };
        match (value, single(message.headers, alias)?) {
            (Some(value), Some(other)) if value != other => {
                Err(RequestError::Duplicate(self.component()))
            }
            (value, other) => Ok(value.or(other)),
        }
    }

    /// Returns the value of the query's last item, which must be the only one of its name.
    fn end_of_query<'a>(
        &self,
        message: &Message<'a>,
        found: &mut FoundFields<'a>,
    ) -> Result<Option<&'a [u8]>, RequestError> {
        let query = message.query().unwrap_or_default();
        let (rest, last) = query.rsplit_once('&').unwrap_or(("", query));
        let is_ours = |item: &str| item.split_once('=').is_some_and(|(name, _)| name == self.name);
        if rest.split('&').any(is_ours) {
            return Err(self.malformed("not the last item of the query, or repeated"));
        }
        found.unsigned_query = Some(rest);
        Ok(last.split_once('=').filter(|_| is_ours(last)).map(|(_, value)| value.as_bytes()))
    }

    pub(crate) fn write(
        &self,
        values: &Values<'_>,
        finished: &Finished,
        encoding: MacEncoding,
        signature: &mut RequestSignature,
    ) {
        let macs: Vec<String> =
            finished.tags.iter().map(|tag| encoding.encode(tag.as_bytes())).collect();
        let first = macs.first().map_or("", String::as_str);
        let value = |piece: &Piece, mac: &str| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(Component::Timestamp) => lossy(values.timestamp),
            Piece::Value(Component::Id) => lossy(values.id),
            Piece::Value(Component::Nonce) => lossy(values.nonce),
            Piece::Mac => mac.to_owned(),
            _ => String::new(),
        };
        let text = match &self.format {
            LocationFormat::Line(pieces) => {
                pieces.iter().map(|piece| value(piece, first)).collect::<String>()
            }
            LocationFormat::List { separator, items } => {
                let mut texts = Vec::new();
                for (prefix, piece) in items {
                    let macs = if *piece == Piece::Mac { &macs[..] } else { &macs[..1] };
                    texts.extend(macs.iter().map(|mac| format!("{prefix}{}", value(piece, mac))));
                }
                texts.join(&separator.to_string())
            }
        };
        if self.mac_count() > 0 {
            signature.value = first.to_owned();
        }
        match self.kind {
            LocationKind::Header => signature.headers.push((self.name.clone(), text)),
            LocationKind::Param => signature.params.push((self.name.clone(), text)),
            LocationKind::QueryEnd => {
                let url = values.url.split_once('#').map_or(values.url, |(url, _)| url);
                let item = format!("{}={text}", self.name);
                signature.url = Some(with_query_item(url, &item));
                signature.params.push((self.name.clone(), text));
            }
        }
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn undecodable_problem(encoding: MacEncoding) -> &'static str {
    match encoding {
        MacEncoding::Hex => "the signature is not hexadecimal of the right length",
        MacEncoding::Base64 => "the signature is not canonical base64 of the right length",
        MacEncoding::Base64Url => "the signature is not canonical base64url of the right length",
    }
}
