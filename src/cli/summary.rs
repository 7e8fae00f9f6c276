//! The closing line of a verb: `checked 3 files, 12.3 GiB in 4.2 s (2.9 GiB/s): 2 OK, 1 FAILED`.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use crate::cli::args::shared::ColourChoice;
use crate::cli::colour::{self, Status};
use crate::cli::quote::for_terminal;
use crate::cli::stderr::print_unescaped;

/// The closing line of a verb.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The verb, in the past tense, and the number of files.
    text: String,
    /// The counts, and how each is coloured.
    counts: Vec<(Status, String)>,
}

/// The amount of data that a verb read, and the time it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryData {
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

impl SummaryData {
    /// Begins a summary, such as `checked 3,000 files`, with this data.
    pub(crate) fn of(self, text: String) -> Summary {
        Summary::new(text).data(self.bytes, self.time)
    }
}

impl Summary {
    /// Begins a summary, such as `checked 3,000 files`.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), counts: Vec::new() }
    }

    /// Adds the amount of data, the time it took, and the rate.
    pub(crate) fn data(mut self, bytes: u64, time: Duration) -> Self {
        let (size, shown_time) = (size(bytes), duration(time));
        self.text += &format!(", {size} in {shown_time}");
        let rate = bytes as f64 / time.as_secs_f64();
        // The rate of a few bytes tells only how long the program took to start.
        if bytes >= 1 << 20 && rate.is_finite() {
            self.text += &format!(" ({})", in_units(rate, 2) + "/s");
        }
        self
    }

    /// Adds the number of files with a result; 0 is not shown.
    pub(crate) fn count(mut self, status: Status, count: u64) -> Self {
        if count > 0 {
            self.counts.push((status, format!("{} {}", thousands(count), status.word())));
        }
        self
    }

    /// Adds the number of problems that are not results of files, in the colour of `status`; 0 is
    /// not shown.
    pub(crate) fn problems(mut self, status: Status, count: u64, one: &str) -> Self {
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            self.counts.push((status, format!("{} {one}{plural}", thousands(count))));
        }
        self
    }

    /// Adds `no changes` if all counts so far are 0.
    pub(crate) fn or_no_changes(mut self) -> Self {
        if self.counts.is_empty() {
            self.counts.push((Status::Ok, "no changes".into()));
        }
        self
    }

    /// Prints the line on standard error.
    pub(crate) fn print(&self, choice: ColourChoice) {
        print_unescaped(&self.line(colour::is_coloured(choice, stderr().is_terminal())));
    }

    fn line(&self, coloured: bool) -> Vec<u8> {
        // The text may contain a name that the user gave.
        let mut line = for_terminal(self.text.replace('\n', "\\n").as_bytes()).into_bytes();
        for (n, (status, text)) in self.counts.iter().enumerate() {
            line.extend_from_slice(if n == 0 { b": " } else { b", " });
            // Among counts, colour marks those that need attention.
            status.paint(&mut line, text, coloured && *status != Status::Ok);
        }
        line.push(b'\n');
        line
    }
}

/// Returns `true` if the closing line is wanted: with `-v`, or on a terminal, unless `-q` or `--json`
/// excludes it.
pub(crate) fn is_wanted(quiet: bool, verbose: bool, json: bool) -> bool {
    !quiet && !json && (verbose || stderr().is_terminal())
}

/// Returns a number of files, such as `1 file` or `3,000 files`.
pub(crate) fn files(count: u64) -> String {
    format!("{} {}", thousands(count), if count == 1 { "file" } else { "files" })
}

/// Returns a number with a comma before every third digit.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of bytes with three significant digits, such as `12.3 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    in_units(bytes as f64, 3)
}

/// Returns a number of bytes in binary units, with this number of significant digits.
fn in_units(bytes: f64, digits: usize) -> String {
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
    let (mut number, mut unit) = (bytes, None);
    // 1023.5 would be rounded to 1024.
    while number >= 1023.5
        && let Some(next) = units.next()
    {
        (number, unit) = (number / 1024.0, Some(next));
    }
    match unit {
        None if number.round() == 1.0 => "1 byte".into(),
        None => format!("{number:.0} bytes"),
        Some(unit) => {
            // Rounding may add a digit before the point: 9.996 is 10.0.
            let before = 1 + usize::from(number >= 9.995) + usize::from(number >= 99.95);
            format!("{number:.*} {unit}", digits.saturating_sub(before))
        }
    }
}

/// Returns a time, such as `0.42 s`, `4.2 s`, `3:07 min` or `1:02:03 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let whole = seconds.round() as u64;
    match seconds {
        ..0.0095 => format!("{:.3} s", seconds.max(0.001)),
        ..0.995 => format!("{seconds:.2} s"),
        ..9.95 => format!("{seconds:.1} s"),
        ..59.5 => format!("{whole} s"),
        ..3599.5 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(summary: &Summary) -> String {
        summary.line(false).escape_ascii().to_string()
    }

    #[test]
    fn the_line_shows_data_rate_and_the_counts_above_zero() {
        let summary = Summary::new(format!("checked {}", files(3000)))
            .data(13_207_024_435, Duration::from_millis(4200))
            .count(Status::Ok, 2998)
            .count(Status::Failed, 1)
            .count(Status::Rotted, 0)
            .count(Status::Missing, 1);
        let expected = "checked 3,000 files, 12.3 GiB in 4.2 s (2.9 GiB/s)";
        assert_eq!(line(&summary), format!("{expected}: 2,998 OK, 1 FAILED, 1 MISSING\\n"));
        let coloured = summary.line(true).escape_ascii().to_string();
        let bad = "\\x1b[31m1 FAILED\\x1b[0m, \\x1b[31m1 MISSING\\x1b[0m";
        assert_eq!(coloured, format!("{expected}: 2,998 OK, {bad}\\n"));
        assert_eq!(line(&Summary::new("published 1 file")), "published 1 file\\n");
    }

    #[test]
    fn a_run_without_changes_says_so() {
        let summary = |new| {
            let summary = Summary::new("audited 2 files").count(Status::New, new).or_no_changes();
            line(&summary.count(Status::Skipped, 1))
        };
        assert_eq!(summary(0), "audited 2 files: no changes, 1 SKIPPED\\n");
        assert_eq!(summary(1), "audited 2 files: 1 NEW, 1 SKIPPED\\n");
    }

    #[test]
    fn the_rate_of_a_little_data_is_not_shown() {
        for (bytes, time) in [(17, 3), ((1 << 20) - 1, 1000), (u64::MAX, 0)] {
            let summary = Summary::new("hashed").data(bytes, Duration::from_millis(time));
            assert!(!line(&summary).contains('('), "{summary:?}");
        }
    }

    #[test]
    fn names_cannot_control_the_terminal_or_end_the_line() {
        let summary = Summary::new("recorded 1 file in a\n\x1b[2J");
        assert_eq!(line(&summary), "recorded 1 file in a\\\\n\\\\x1b[2J\\n");
    }

    #[test]
    fn numbers_have_commas() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (20_001, "20,001"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(files(1), "1 file");
        assert_eq!(files(0), "0 files");
    }

    #[test]
    fn sizes_have_three_digits_and_rates_two() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (17, "17 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.00 KiB"),
            (10_229, "9.99 KiB"),
            (10_235, "10.0 KiB"),
            (102_348, "99.9 KiB"),
            (102_350, "100 KiB"),
            (980 << 10, "980 KiB"),
            (1_048_063, "1023 KiB"),
            (1_048_064, "1.00 MiB"),
            (13_207_024_435, "12.3 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        for (bytes, text) in
            [(3_113_851_290.0, "2.9 GiB"), (31_457_280.0, "30 MiB"), (129_000_000.0, "123 MiB")]
        {
            assert_eq!(in_units(bytes, 2), text);
        }
    }

    #[test]
    fn times_have_two_digits_or_minutes() {
        for (millis, text) in [
            (0, "0.001 s"),
            (3, "0.003 s"),
            (9, "0.009 s"),
            (10, "0.01 s"),
            (420, "0.42 s"),
            (994, "0.99 s"),
            (996, "1.0 s"),
            (4200, "4.2 s"),
            (9949, "9.9 s"),
            (9951, "10 s"),
            (59_400, "59 s"),
            (59_600, "1:00 min"),
            (187_000, "3:07 min"),
            (3_599_600, "1:00:00 h"),
            (3_723_000, "1:02:03 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text, "{millis}");
        }
    }
}
