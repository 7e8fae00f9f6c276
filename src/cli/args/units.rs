//! Sizes and durations with units.

use std::time::Duration;

use hsum::internals::{parse_quantity, parse_size};

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
    parse_size(text)
        .ok_or_else(|| "expected bytes, or a number with K, M, G or T, such as 500K or 2G".into())
}

/// Parses a time span, such as `30`, `1.5s`, `5m` or `2h`; without a unit, in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let nanos = parse_quantity(text, DURATIONS);
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
