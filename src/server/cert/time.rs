//! Times as text: `2026-11-29T16:40:05Z` (RFC 3339).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::date_time_ymd;

/// The last second that a certificate can express: the end of the year 9999.
const LAST: i64 = 253_402_300_799;

/// Returns the time in seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(LAST)
}

/// Returns the time since 1970, within the range of certificates.
pub(crate) fn since_1970(seconds: i64) -> Duration {
    Duration::from_secs(seconds.clamp(0, LAST).unsigned_abs())
}

/// Returns a time, in seconds since 1970, as text in UTC; a time before 1970 as 1970.
pub(crate) fn to_text(seconds: i64) -> String {
    let time = date_time_ymd(1970, 1, 1) + since_1970(seconds);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Returns the date of [`to_text`].
pub(crate) fn to_date(seconds: i64) -> String {
    to_text(seconds).chars().take_while(|c| *c != 'T').collect()
}

/// Parses the format of [`to_text`].
pub(crate) fn parse(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_month = (1..=12).contains(&month) && (1970..=9999).contains(&year);
    let month = is_month.then(|| date_time_ymd(year as i32, month as u8, 1))?;
    let days = month.unix_timestamp() + 86_400 * (day - 1);
    let seconds = days + 3600 * hour + 60 * minute + second;
    // Rejects other formats, and days and hours that do not exist.
    (to_text(seconds) == text).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_parsed() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_795_970_405, "2026-11-29T16:40:05Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(to_text(seconds), text);
            assert_eq!(parse(text), Some(seconds));
        }
        assert_eq!(to_date(951_827_696), "2000-02-29");
        assert_eq!(to_text(i64::MAX), "9999-12-31T23:59:59Z");
        for text in [
            "",
            "2001-02-29T12:34:56Z",
            "2000-13-01T00:00:00Z",
            "2000-01-01T24:00:00Z",
            "2000-01-01 00:00:00Z",
            "2000-01-01T00:00:00",
            "2000-1é-01T00:00:00Z",
            "-999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
