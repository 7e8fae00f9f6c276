//! The parts of BSD lines (`TAG (NAME) = VALUE`), and the names in lines with a bad digest.

use crate::manifest::fields;

/// The tag, the name and the value of a line.
pub(super) type Tagged<'l> = (&'l [u8], &'l [u8], &'l [u8]);

/// Splits `TAG (NAME) = VALUE`.
pub(super) fn tagged(line: &[u8]) -> Option<Tagged<'_>> {
    let open = line.windows(2).position(|pair| pair == b" (")?;
    let close = line.windows(4).rposition(|part| part == b") = ")?;
    let name = line.get(open + 2..close)?;
    Some((&line[..open], name, line[close + 4..].trim_ascii_end()))
}

/// Returns the name and the size in `SIZE (NAME) = N`; pkgsrc has `bytes` after the number.
pub(super) fn named_size<'l>((tag, name, value): Tagged<'l>) -> Option<(&'l [u8], u64)> {
    let size = fields::words(value).next().and_then(fields::size)?;
    tag.eq_ignore_ascii_case(b"SIZE").then_some((name, size))
}

/// Returns the name in a GNU, BSD or OpenSSL line whose digest is malformed.
pub(super) fn plain_name<'l>(line: &'l [u8], tagged: Option<Tagged<'l>>) -> Option<&'l [u8]> {
    if let Some((_, name, _)) = tagged {
        return Some(name);
    }
    let line = line.trim_ascii_end();
    let blank = line.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    let rest = &line[blank + 1..];
    let name = rest.strip_prefix(b" ").or(rest.strip_prefix(b"*")).unwrap_or(rest);
    (!name.is_empty() && line[..blank].iter().all(u8::is_ascii_hexdigit)).then_some(name)
}
