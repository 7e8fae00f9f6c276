//! Times of files, for people and programs.

use hsum::internals::basic_time;

/// Formats a time in seconds since 1970 as `2015-08-30T12:36:00Z`; earlier ones as that of 1970.
pub(crate) fn iso_8601(seconds: i64) -> String {
    let basic = basic_time(seconds.try_into().unwrap_or(0));
    let mut text = String::with_capacity(20);
    for (at, c) in basic.chars().enumerate() {
        match at {
            4 | 6 => text.push('-'),
            11 | 13 => text.push(':'),
            _ => {}
        }
        text.push(c);
    }
    text
}

/// Formats a time as `2015-08-30 12:36`.
pub(crate) fn minute(seconds: i64) -> String {
    let text = iso_8601(seconds);
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        assert_eq!(iso_8601(1_440_938_160), "2015-08-30T12:36:00Z");
        assert_eq!(minute(1_440_938_219), "2015-08-30 12:36");
        assert_eq!(iso_8601(-5), "1970-01-01T00:00:00Z");
    }
}
