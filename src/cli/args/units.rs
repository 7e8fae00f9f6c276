//! Sizes and durations with units.

use std::time::Duration;

/// The units of sizes: powers of 1024, and of 1000 with a final B, as in GNU coreutils.
const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("P", 1 << 50),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("PIB", 1 << 50),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
];

/// The units of durations, in nanoseconds.
const DURATIONS: &[(&str, u64)] = &[
    ("", SECOND),
    ("ms", SECOND / 1000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("min", 60 * SECOND),
    ("h", 3600 * SECOND),
    ("d", 86_400 * SECOND),
];

const SECOND: u64 = 1_000_000_000;

/// The longest duration, in nanoseconds: 136 years, within the range of every timer.
const LONGEST: u64 = u32::MAX as u64 * SECOND;

/// Parses a number of bytes, such as `17`, `500K`, `1.5G` or `12.3 GiB`; a part of a byte is cut
/// off.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_uppercase();
    let found = SIZES.iter().find(|(name, _)| *name == unit);
    found
        .and_then(|(_, factor)| times(number, *factor))
        .ok_or_else(|| "expected bytes, or a number with K, M, G or T, such as 500K or 2G".into())
}

/// Parses a time span, such as `30`, `1.5s`, `5m` or `2h`; without a unit, in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let found = DURATIONS.iter().find(|(name, _)| *name == unit);
    let nanos = found.and_then(|(_, factor)| times(number, *factor));
    nanos.filter(|nanos| *nanos <= LONGEST).map(Duration::from_nanos).ok_or_else(|| {
        "expected seconds, or a number with ms, s, m, h or d, such as 1.5s or 5m".into()
    })
}

/// Parses a time span that is a whole number of seconds.
pub(crate) fn whole_seconds(text: &str) -> Result<u32, String> {
    let span = duration(text)?;
    match u32::try_from(span.as_secs()) {
        Ok(seconds) if span.subsec_nanos() == 0 => Ok(seconds),
        _ => Err("expected a whole number of seconds, such as 90 or 5m".into()),
    }
}

/// Splits a text into its number and its unit.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.strip_prefix(' ').unwrap_or(unit))
}

/// Multiplies a decimal number with a unit, and cuts off the fraction.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // More digits than this do not change a result.
    let fraction = &fraction[..fraction.len().min(18)];
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let part = u128::from(unit) * digits(fraction)? / 10u128.pow(fraction.len() as u32);
    let total = digits(whole)?.checked_mul(u128::from(unit))? + part;
    total.try_into().ok()
}

/// Parses digits; there may be none.
fn digits(text: &str) -> Option<u128> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17B", 17),
            ("1K", 1024),
            ("1k", 1024),
            ("1KiB", 1024),
            ("1kB", 1000),
            (".5K", 512),
            ("1.", 1),
            ("0.9", 0),
            ("1.5G", 3 << 29),
            ("12.3 GiB", 13_207_024_435),
            ("2MB", 2_000_000),
            ("1T", 1 << 40),
            ("16383P", 16383 << 50),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        let wrong = "|K|.|.K|-1|+1|1..5|1.5.2|1e3|0x10|1X|1  K|1K | 1|1,5G|\u{663}";
        let too_large = "18446744073709551616|16384P|99999999999999999999T|9".to_owned();
        for text in wrong.split('|').chain((too_large + &"9".repeat(99)).split('|')) {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_seconds_unless_they_name_a_unit() {
        for (text, millis) in [
            ("0", 0),
            ("30", 30_000),
            ("1.5", 1_500),
            ("1.5s", 1_500),
            ("250ms", 250),
            ("5m", 300_000),
            ("5min", 300_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            ("4294967295", 4_294_967_295_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "s", "-1", "1x", "1M", "nan", "inf", "1e3", "4294967296", "99999999999d", "1h30m"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_seconds_have_no_fraction() {
        assert_eq!(whole_seconds("5m"), Ok(300));
        assert_eq!(whole_seconds("0.5m"), Ok(30));
        for text in ["1.5", "1ms", "4294967296"] {
            assert!(whole_seconds(text).is_err(), "{text}");
        }
    }
}
