//! The `Range` field of a request (RFC 9110, section 14.2).

use std::ops::Range;

/// The maximum number of ranges in a field that is honoured.
const MAX_RANGES: usize = 64;

/// The part of a representation that a `Range` field selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Selection {
    /// All of it: the field is malformed, of another unit, or selects several parts.
    Whole,
    /// These bytes, at least one.
    Part(Range<u64>),
    /// Nothing that exists.
    Unsatisfiable,
}

/// Returns the part of a representation of `size` bytes that a field selects.
///
/// A field with several ranges selects the whole, which RFC 9110 permits, unless only one of them
/// can be satisfied. No range of an empty representation can be, but those of its start or its end
/// are answered with the whole.
pub(crate) fn select(field: &str, size: u64) -> Selection {
    let Some((unit, ranges)) = field.split_once('=') else { return Selection::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    let mut found = Vec::new();
    let mut count = 0;
    for text in ranges.split(',').map(|text| text.trim_matches([' ', '\t'])) {
        if text.is_empty() {
            continue;
        }
        count += 1;
        match range(text, size) {
            None => return Selection::Whole,
            Some(range) => found.extend(range),
        }
    }
    match (&found[..], count) {
        (_, 0) => Selection::Whole,
        (_, count) if count > MAX_RANGES => Selection::Whole,
        ([], _) => Selection::Unsatisfiable,
        ([range], _) => Selection::Part(range.clone()),
        _ => Selection::Whole,
    }
}

/// Parses `FIRST-LAST`, `FIRST-` or `-LENGTH`: `None` if the field must be ignored, and `Some(None)`
/// if the range cannot be satisfied.
fn range(text: &str, size: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        let start = size.saturating_sub(position(last).filter(|_| size > 0)?);
        return Some((start < size).then_some(start..size));
    }
    let first = position(first)?;
    let last = if last.is_empty() { u64::MAX } else { position(last)? };
    if last < first || size == 0 && first == 0 {
        return None;
    }
    Some((first < size).then(|| first..last.saturating_add(1).min(size)))
}

/// Parses a position; those too large for a `u64` are beyond every end.
fn position(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_a_part() {
        for (field, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("bytes=0-100", 0..100),
            ("bytes=0-", 0..100),
            ("bytes=99-", 99..100),
            ("bytes=10-19", 10..20),
            ("Bytes=10-19", 10..20),
            ("bytes= 10-19 ", 10..20),
            ("bytes=,10-19,,", 10..20),
            ("bytes=-1", 99..100),
            ("bytes=-100", 0..100),
            ("bytes=-101", 0..100),
            ("bytes=-99999999999999999999999", 0..100),
            ("bytes=50-99999999999999999999999", 50..100),
            ("bytes=50-18446744073709551615", 50..100),
            ("bytes=200-300,5-6", 5..7),
            ("bytes=-0,5-6", 5..7),
        ] {
            assert_eq!(select(field, 100), Selection::Part(part), "{field}");
        }
    }

    #[test]
    fn ranges_beyond_the_end_are_unsatisfiable() {
        for field in [
            "bytes=100-",
            "bytes=100-100",
            "bytes=-0",
            "bytes=99999999999999999999999-",
            "bytes=18446744073709551615-18446744073709551615",
            "bytes=100-,200-300",
        ] {
            assert_eq!(select(field, 100), Selection::Unsatisfiable, "{field}");
        }
    }

    #[test]
    fn other_fields_are_ignored() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes =1-2",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=1- 2",
            "bytes=0x1-2",
            "bytes=1",
            "lines=1-2",
            "bytes 1-2",
            "bytes=0-0,5-6",
            "bytes=0-0,x",
            "bytes=--1",
            "bytes=1-2-3",
        ] {
            assert_eq!(select(field, 100), Selection::Whole, "{field}");
        }
        for field in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-,0-"] {
            assert_eq!(select(field, 0), Selection::Whole, "{field}");
        }
        assert_eq!(select("bytes=1-", 0), Selection::Unsatisfiable);
        let many = format!("bytes=1-2{}", ",200-".repeat(MAX_RANGES));
        assert_eq!(select(&many, 100), Selection::Whole);
    }
}
