//! Clocks, and the time format of AWS.

use std::time::{SystemTime, UNIX_EPOCH};

/// A source of the current time. Closures are clocks too.
pub trait Clock: Send + Sync {
    /// Returns the seconds since 1970-01-01 00:00 UTC.
    fn now(&self) -> u64;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

impl<F: Fn() -> u64 + Send + Sync> Clock for F {
    fn now(&self) -> u64 {
        self()
    }
}

/// The days from 0000-03-01 to 1970-01-01. Years that begin in March end with the leap day.
const EPOCH: u64 = 719_468;

/// Parses a UTC time of the years 1970 to 9999 in the form `20150830T123600Z`.
pub(crate) fn from_basic_format(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let number = |start: usize, end: usize| digits.get(start..end)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let time = ((days.checked_sub(EPOCH + 1)? * 24 + hour) * 60 + minute) * 60 + second;
    // The time of an invalid date is formatted as another date.
    (to_basic_format(time).as_bytes() == text).then_some(time)
}

/// Formats a time as `20150830T123600Z`. Times after the year 9999 become its last second.
pub fn to_basic_format(time: u64) -> String {
    let time = time.min(253_402_300_799);
    let (days, second) = (time / 86_400 + EPOCH, time % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_calendar() {
        for (text, time) in [
            ("19700101T000000Z", 0),
            ("20000229T235959Z", 951_868_799),
            ("20150830T123600Z", 1_440_938_160),
            ("20130524T000000Z", 1_369_353_600),
            ("21000228T000000Z", 4_107_456_000),
            ("99991231T235959Z", 253_402_300_799),
        ] {
            assert_eq!(from_basic_format(text.as_bytes()), Some(time), "{text}");
            assert_eq!(to_basic_format(time), text);
        }
        for time in (0..4_200_000_000).step_by(86_399 * 3 + 7) {
            assert_eq!(from_basic_format(to_basic_format(time).as_bytes()), Some(time));
        }
        for text in [
            "20150229T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "20151330T120000Z",
            "20150800T120000Z",
            "19691231T235959Z",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "",
            "20150830t123600Z",
            "2015083+T123600Z",
        ] {
            assert_eq!(from_basic_format(text.as_bytes()), None, "{text}");
        }
        assert_eq!(to_basic_format(u64::MAX), "99991231T235959Z");
    }
}
