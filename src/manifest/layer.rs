//! What may be wrapped round a list: the armour of a clear-signed text, the head of signify.

/// Takes the wrapping off, line by line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layer {
    /// Nothing has been seen that tells.
    Unknown,
    /// There is none.
    None,
    /// OpenPGP's cleartext signature framework (RFC 9580, section 7).
    Armour(Part),
    /// `untrusted comment:`, whose next line is the signature; then the list.
    Signify,
}

/// Where in a clear-signed text a line stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// `Hash: SHA512` and the like, up to an empty line: no digests.
    Header,
    /// What is signed.
    Signed,
    /// The signature, and whatever else is not signed.
    Outside,
}

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

impl Layer {
    /// What of a line belongs to the list.
    pub(super) fn unwrap<'l>(&mut self, line: &'l [u8]) -> Option<&'l [u8]> {
        let text = line.trim_ascii_end();
        match *self {
            Self::Unknown if text.is_empty() => Some(line),
            Self::Unknown if text == BEGIN => {
                *self = Self::Armour(Part::Header);
                None
            }
            Self::Unknown if text.starts_with(b"untrusted comment:") => {
                *self = Self::Signify;
                None
            }
            Self::Unknown | Self::None => {
                *self = Self::None;
                Some(line)
            }
            Self::Signify => {
                *self = Self::None;
                None
            }
            Self::Armour(Part::Header) => {
                if text.is_empty() {
                    *self = Self::Armour(Part::Signed);
                }
                None
            }
            Self::Armour(Part::Signed) if text == SIGNATURE => {
                *self = Self::Armour(Part::Outside);
                None
            }
            // Lines that begin with a dash are written with `- ` before them.
            Self::Armour(Part::Signed) => Some(line.strip_prefix(b"- ").unwrap_or(line)),
            Self::Armour(Part::Outside) => {
                if text == BEGIN {
                    *self = Self::Armour(Part::Header);
                }
                None
            }
        }
    }

    /// Whether the list carries a signature.
    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::Armour(_) | Self::Signify)
    }
}
