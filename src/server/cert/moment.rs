//! Points in time, as text.

use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Parses `2027-01-31` or `2027-01-31T12:00:00Z` (RFC 3339, in UTC only) as seconds since 1970.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let expected = "expected a date or time in UTC, such as 2027-01-31 or 2027-01-31T12:00:00Z";
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.strip_suffix('Z').ok_or(expected)?),
        None => (text, "00:00:00"),
    };
    let digits = |text: &str, separator: char, lengths: &[usize]| {
        let parts: Vec<_> = text.split(separator).collect();
        let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = parts.iter().map(|part| part.len()).eq(lengths.iter().copied());
        (fits && parts.iter().all(is_number)).then(|| parts.concat())
    };
    let date = digits(date, '-', &[4, 2, 2]).ok_or(expected)?;
    let time = digits(time, ':', &[2, 2, 2]).ok_or(expected)?;
    // As a GeneralizedTime in DER, whose parser knows the calendar.
    let text = format!("{date}{time}Z");
    let der = [&[0x18, text.len() as u8], text.as_bytes()].concat();
    let (_, time) = ASN1Time::from_der(&der).map_err(|_| expected)?;
    Ok(time.timestamp())
}

/// Returns a time for people, such as `2027-01-31 12:00:00 UTC`.
pub(crate) fn text(time: ASN1Time) -> String {
    rfc3339(time).replace('T', " ").replace('Z', " UTC")
}

/// Returns a date, such as `2027-01-31`.
pub(crate) fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    format!("{:04}-{:02}-{:02}", time.year(), u8::from(time.month()), time.day())
}

/// Returns a time for programs, such as `2027-01-31T12:00:00Z`.
pub(crate) fn rfc3339(time: ASN1Time) -> String {
    let day = date(time);
    let time = time.to_datetime();
    format!("{day}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

/// Returns a span of seconds in its largest unit, rounded down, such as `89 days`.
pub(crate) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")];
    let (length, name) =
        units.into_iter().find(|(length, _)| seconds >= *length).unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// Describes the end of a validity: `89 days left` or `expired 3 hours ago`.
pub(crate) fn left(end: ASN1Time, now: i64) -> String {
    match end.timestamp() - now {
        seconds if seconds >= 0 => format!("{} left", span(seconds)),
        seconds => format!("expired {} ago", span(-seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed_in_utc() {
        for (text, seconds) in [
            ("1970-01-01", Some(0)),
            ("2024-02-29", Some(1_709_164_800)),
            ("2027-01-31T12:00:01Z", Some(1_801_396_801)),
            ("2027-01-31 12:00:01Z", Some(1_801_396_801)),
            ("2027-01-31T12:00:01", None),
            ("2027-01-31T12:00:01+01:00", None),
            ("2027-02-30", None),
            ("2027-13-01", None),
            ("2027-1-1", None),
            ("20270101", None),
            ("1801396801", None),
            ("２０２７-01-01", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), seconds, "{text}");
        }
    }

    #[test]
    fn times_are_printed_for_people_and_programs() {
        let time = ASN1Time::from_timestamp(1_801_396_801).unwrap();
        assert_eq!(text(time), "2027-01-31 12:00:01 UTC");
        assert_eq!(rfc3339(time), "2027-01-31T12:00:01Z");
        assert_eq!(date(time), "2027-01-31");
        assert_eq!(left(time, 1_801_396_801 - 2 * DAY - 5), "2 days left");
        assert_eq!(left(time, 1_801_396_801 + HOUR), "expired 1 hour ago");
        assert_eq!(span(0), "0 seconds");
        assert_eq!(span(119), "1 minute");
    }
}
