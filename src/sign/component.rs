//! The components of a request that signatures cover.

use std::fmt;

/// A part of a request that a signature covers or needs.
///
/// Verdicts list components as text, which is stable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the names suffice
pub enum Component {
    Timestamp,
    Id,
    Nonce,
    Method,
    Url,
    Path,
    Query,
    Params,
    Host,
    Body,
    Header(String),
    Param(String),
    QueryParam(String),
    /// A field of a header, such as `Credential` in `Authorization`.
    HeaderField {
        header: &'static str,
        field: &'static str,
    },
    /// A component identifier or signature parameter of RFC 9421, such as `@method` or `created`.
    Identifier(String),
    JwsHeader,
}

impl Component {
    pub(crate) fn header(name: impl Into<String>) -> Self {
        Self::Header(name.into())
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timestamp => "timestamp",
            Self::Id => "id",
            Self::Nonce => "nonce",
            Self::Method => "method",
            Self::Url => "url",
            Self::Path => "path",
            Self::Query => "query",
            Self::Params => "params",
            Self::Host => "host",
            Self::Body => "body",
            Self::JwsHeader => "JWS header",
            Self::Header(name) => return write!(f, "header {name}"),
            Self::Param(name) => return write!(f, "param {name}"),
            Self::QueryParam(name) => return write!(f, "{name} in the query"),
            Self::HeaderField { header, field } => return write!(f, "{field} in {header}"),
            Self::Identifier(name) => name,
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Component {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
