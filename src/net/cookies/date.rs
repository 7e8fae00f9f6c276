//! A parser of cookie dates, whose format varies (RFC 6265, section 5.1.1).

use crate::sign::clock::from_basic_format;

/// Parses a date, and returns seconds since 1970.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter =
        |b: &u8| matches!(b, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = leading_number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = leading_number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let ((hour, minute, second), day, month, year) = (time?, day?, month?, year?);
    let year = match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        _ => year,
    };
    if year < 1601 {
        return None;
    }
    // `from_basic_format` starts at 1970, and the calendar repeats every 400 years.
    let cycles = i64::from(year < 1970);
    let year = year + cycles * 400;
    let text = format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z");
    let time = from_basic_format(text.as_bytes())?;
    Some(time as i64 - cycles * 146_097 * 86_400)
}

/// Parses `H:M:S`, each of one or two digits. Ignores the rest of the token.
fn time_of(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut fields = token.splitn(3, |b| *b == b':');
    let whole = |field: &[u8]| {
        let digits = field.iter().all(u8::is_ascii_digit);
        leading_number(field, 1, 2).filter(|_| digits)
    };
    let hour = whole(fields.next()?)?;
    let minute = whole(fields.next()?)?;
    Some((hour, minute, leading_number(fields.next()?, 1, 2)?))
}

/// Parses the `min` to `max` digits at the start of a token.
fn leading_number(token: &[u8], min: usize, max: usize) -> Option<i64> {
    let count = token.iter().take_while(|b| b.is_ascii_digit()).count();
    let digits = std::str::from_utf8(&token[..count]).ok()?;
    (min..=max).contains(&count).then(|| digits.parse().ok())?
}

/// Returns the month, from 1.
fn month_of(token: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let name = token.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().zip(1..).find(|(month, _)| name == **month).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn date_formats() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "06 NOVEMBER 1994 8:49:37",
            "08:49:37 Nov-06-1994",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse(b"Tue, 29 Feb 2000 00:00:00 GMT"), Some(951_782_400));
        assert_eq!(parse(b"Wed, 31-Dec-69 23:59:59"), Some(3_155_759_999));
        assert_eq!(parse(b"Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        assert_eq!(parse(b"Mon, 01 Jan 1601 00:00:00 GMT"), Some(-11_644_473_600));
    }

    #[test]
    fn invalid_dates() {
        for text in [
            "",
            "tomorrow",
            "Sun, 06 Nov 1994",
            "Sun, 31 Feb 1994 08:49:37",
            "06 Nov 1600 08:49:37",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 08:60:00",
            "00 Nov 1994 08:49:37",
            "06 Nov 19940 08:49:37",
            "06 Nov 1994 123:49:37",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
