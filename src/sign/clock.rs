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

/// Parses a UTC time of the years 1970 to 9999 in the form `20150830T123600Z`.
pub(crate) fn from_basic_format(text: &[u8]) -> Option<u64> {
    let [y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, n0, n1, s0, s1, b'Z'] = *text else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0u64, |n, d| d.is_ascii_digit().then(|| n * 10 + u64::from(d - b'0')))
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?);
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if year < 1970 || day == 0 || day > length || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
        + lengths[..month as usize - 1].iter().sum::<u64>()
        + (day - 1);
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Formats a time as `20150830T123600Z`, at most as the last second of the year 9999.
pub(crate) fn to_basic_format(time: u64) -> String {
    let time = time.min(253_402_300_799);
    let (days, second) = (time / 86_400, time % 86_400);
    let (mut year, mut month, mut day) = (1970, 1, days);
    let days_of = |year: u64| 365 + u64::from(is_leap(year));
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    for length in [31, days_of(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", day + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
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
