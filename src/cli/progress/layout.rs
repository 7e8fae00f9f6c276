//! The text of progress lines: what fits into a terminal, and what is left out first.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::quote::is_unicode;
use crate::cli::summary::{self, duration, thousands};

const MAX_BAR: usize = 24;
const MIN_BAR: usize = 4;
const MIN_NAME: usize = 8;
/// A longer name gets more only if the bar has its full width.
const GOOD_NAME: usize = 20;

/// The widths of the parts, so that lines do not move with their numbers.
const SIZES: usize = "1023 of 1023 GiB".len();
const SIZE: usize = "1023 MiB".len();
const RATE: usize = "1023 KiB/s".len();
const LEFT: usize = "59:59 min left".len();

/// The work of a run or of one download.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    pub(crate) bytes: u64,
    /// `None` if unknown.
    pub(crate) total: Option<u64>,
    /// In bytes per second.
    pub(crate) rate: f64,
    pub(crate) left: Option<Duration>,
}

/// The widths of the parts of a line; 0 if a part is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Widths {
    bar: usize,
    name: usize,
    sizes: usize,
    files: usize,
    rate: usize,
    left: usize,
}

impl Widths {
    /// Divides `room` columns. If they do not suffice, drops the bar first, then the time left, the
    /// rate, and the number of files.
    fn fit(room: usize, has_bar: bool, sizes: usize, files: usize, name: usize) -> Self {
        let mut widths =
            Self { bar: 0, name: name.min(MIN_NAME), sizes, files, rate: RATE, left: 0 };
        if has_bar {
            (widths.bar, widths.left) = (MIN_BAR, LEFT);
        }
        let order: [fn(&mut Self) -> &mut usize; 5] = [
            |widths| &mut widths.bar,
            |widths| &mut widths.left,
            |widths| &mut widths.rate,
            |widths| &mut widths.files,
            |widths| &mut widths.name,
        ];
        for part in order {
            if widths.all() > room {
                *part(&mut widths) = 0;
            }
        }
        let mut grow = |part: fn(&mut Self) -> &mut usize, max: usize| {
            let spare = room.saturating_sub(widths.all());
            let part = part(&mut widths);
            if *part > 0 {
                *part = max.min(*part + spare).max(*part);
            }
        };
        grow(|widths| &mut widths.name, name.min(GOOD_NAME));
        grow(|widths| &mut widths.bar, MAX_BAR);
        grow(|widths| &mut widths.name, name);
        widths
    }

    /// Returns the width of all shown parts, with two columns between neighbours.
    fn all(&self) -> usize {
        let parts = [self.bar, self.name, self.sizes, self.files, self.rate, self.left];
        let shown = parts.iter().filter(|width| **width > 0);
        shown.map(|width| width + 2).sum::<usize>().saturating_sub(2)
    }
}

/// The progress of a run that hashes files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) work: Work,
    /// The number of files that are finished, and of all.
    pub(crate) files: u64,
    pub(crate) all_files: Option<u64>,
    /// The name of the current file; empty if there is none to show.
    pub(crate) name: String,
    /// Set if there was a name before; its place then stays.
    pub(crate) has_name: bool,
}

/// Returns a line of less than `columns` columns.
pub(crate) fn line(run: &Run, columns: usize) -> String {
    let room = columns.saturating_sub(1);
    let files = files(run);
    let files_width = match run.all_files {
        Some(all) if !files.is_empty() => files_text(all, Some(all)).len(),
        _ => files.len(),
    };
    let has_bar = run.work.total.is_some();
    let sizes = if has_bar { SIZES } else { SIZE };
    let name_width = run.name.width().max(if run.has_name { MIN_NAME } else { 0 });
    let widths = Widths::fit(room, has_bar, sizes, files_width, name_width);
    let mut parts = Vec::new();
    if widths.bar > 0 {
        parts.push(bar(&run.work, widths.bar));
    }
    // A number that grows must not move what follows.
    parts.push(padded(&sizes_text(&run.work), widths.sizes));
    if widths.files > 0 {
        parts.push(padded(&files, widths.files));
    }
    if widths.rate > 0 {
        parts.push(padded(&rate_text(run.work.rate), widths.rate));
    }
    if widths.left > 0 {
        parts.push(padded(&left_text(run.work.left), widths.left));
    }
    if widths.name > 0 {
        parts.push(elided(&run.name, widths.name));
    }
    cut(parts.join("  ").trim_end(), room)
}

fn files(run: &Run) -> String {
    match (run.all_files, run.files) {
        (Some(0 | 1), _) | (None, 0 | 1) => String::new(),
        (all, files) => files_text(files, all),
    }
}

fn files_text(files: u64, all: Option<u64>) -> String {
    match all {
        Some(all) => format!("{} of {} files", thousands(files), thousands(all)),
        None => format!("{} files", thousands(files)),
    }
}

/// One of several lines whose parts are aligned.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) state: RowState,
}

#[derive(Clone, Debug)]
pub(crate) enum RowState {
    Work(Work),
    /// The activity while no bytes arrive.
    Words(String),
}

/// Returns lines of less than `columns` columns.
pub(crate) fn table(rows: &[Row], columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(1);
    let name = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let widths = Widths::fit(room, true, SIZES, 0, name);
    let row = |row: &Row| {
        let mut parts = Vec::new();
        if widths.name > 0 {
            parts.push(padded(&elided(&row.name, widths.name), widths.name));
        }
        match &row.state {
            RowState::Words(words) => parts.push(words.clone()),
            RowState::Work(work) => {
                if widths.bar > 0 {
                    parts.push(match work.total {
                        Some(_) => bar(work, widths.bar),
                        None => " ".repeat(widths.bar),
                    });
                }
                parts.push(format!("{:>1$}", sizes_text(work), widths.sizes));
                if widths.rate > 0 {
                    parts.push(format!("{:>1$}", rate_text(work.rate), widths.rate));
                }
                if widths.left > 0 {
                    parts.push(format!("{:>1$}", left_text(work.left), widths.left));
                }
            }
        }
        cut(parts.join("  ").trim_end(), room)
    };
    rows.iter().map(row).collect()
}

fn bar(work: &Work, width: usize) -> String {
    let total = work.total.unwrap_or(0).max(1);
    let full = (u128::from(work.bytes.min(total)) * width as u128 / u128::from(total)) as usize;
    let (full_cell, empty_cell) = if is_unicode() { ("█", "░") } else { ("#", ".") };
    full_cell.repeat(full) + &empty_cell.repeat(width - full)
}

/// Returns `1.91 of 3.00 GiB`: both numbers have the unit of the total.
fn sizes_text(work: &Work) -> String {
    let Some(total) = work.total else { return summary::size(work.bytes) };
    let text = summary::size(total);
    let Some((number, unit)) = text.split_once(' ') else { return text };
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let scale = number.parse::<f64>().map_or(1.0, |number| number / (total.max(1)) as f64);
    format!("{:.*} of {text}", decimals, work.bytes as f64 * scale).replace("bytes", unit)
}

fn rate_text(rate: f64) -> String {
    format!("{}/s", summary::size(rate as u64))
}

fn left_text(left: Option<Duration>) -> String {
    match left {
        // The time is in whole seconds.
        Some(left) if left.as_secs() < 60 => format!("{} s left", left.as_secs().max(1)),
        Some(left) => format!("{} left", duration(left)),
        None => String::new(),
    }
}

/// Appends spaces up to `width` columns.
fn padded(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(text.width()))
}

/// Returns the text if it fits into `width` columns; otherwise its beginning and its end.
fn elided(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mark = if is_unicode() { "…" } else { "~" };
    let Some(rest) = width.checked_sub(1) else { return String::new() };
    let end = rest / 2;
    let mut start = text.len();
    let mut columns = 0;
    for (at, c) in text.char_indices().rev() {
        columns += c.width().unwrap_or(0);
        if columns > end {
            break;
        }
        // Not between a character and what combines with it.
        if c.width() != Some(0) {
            start = at;
        }
    }
    beginning(text, rest - text[start..].width()).to_owned() + mark + &text[start..]
}

/// Returns the text without what exceeds `width` columns.
fn cut(text: &str, width: usize) -> String {
    beginning(text, width).to_owned()
}

fn beginning(text: &str, width: usize) -> &str {
    let mut columns = 0;
    let end = text.char_indices().find(|(_, c)| {
        columns += c.width().unwrap_or(0);
        columns > width
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, files: (u64, u64)) -> Run {
        let work = Work {
            bytes: 2_050_000_000,
            total: Some(3 << 30),
            rate: 123_731_968.0,
            left: Some(Duration::from_secs(9)),
        };
        Run { work, files: files.0, all_files: Some(files.1), name: name.into(), has_name: true }
    }

    const ISO: &str = "linux-distribution-name-24.04.2-desktop-amd64.iso";

    /// Returns the line with `#` and `.` in its bar.
    fn shown(run: &Run, columns: usize) -> String {
        let line = line(run, columns);
        assert!(line.width() < columns, "{line:?}");
        line.replace('█', "#").replace('░', ".").replace('~', "…")
    }

    #[test]
    fn one_file_at_three_widths() {
        let run = run(ISO, (0, 1));
        assert_eq!(shown(&run, 40), "1.91 of 3.00 GiB  118 MiB/s   linu….iso");
        assert_eq!(
            shown(&run, 80),
            "#######....  1.91 of 3.00 GiB  118 MiB/s   9 s left        linux-dist…amd64.iso"
        );
        assert_eq!(
            shown(&run, 200),
            format!(
                "###############.........  1.91 of 3.00 GiB  118 MiB/s   9 s left        {ISO}"
            )
        );
    }

    #[test]
    fn many_files_at_three_widths() {
        let run = run(ISO, (22_364, 22_374));
        assert_eq!(shown(&run, 40), "1.91 of 3.00 GiB  linux-dist…-amd64.iso");
        assert_eq!(
            shown(&run, 80),
            "1.91 of 3.00 GiB  22,364 of 22,374 files  118 MiB/s   9 s left        linu….iso"
        );
        assert_eq!(
            shown(&run, 200),
            format!(
                "###############.........  1.91 of 3.00 GiB  22,364 of 22,374 files  118 MiB/s   9 s left        {ISO}"
            )
        );
    }

    #[test]
    fn a_run_of_unknown_length_has_no_bar() {
        let mut run = run("", (22_364, 0));
        (run.work.total, run.work.left, run.all_files, run.has_name) = (None, None, None, false);
        assert_eq!(shown(&run, 80), "1.91 GiB  22,364 files  118 MiB/s");
        (run.files, run.work.bytes) = (1, 17);
        assert_eq!(shown(&run, 80), "17 bytes  118 MiB/s");
    }

    /// Tries all widths, and names whose characters have no, one or two columns.
    #[test]
    fn no_line_is_too_wide() {
        for name in [
            "",
            "a",
            ISO,
            "写真/二〇〇五年/一月一日の写真.jpg",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}.txt",
        ] {
            for files in [(0, 1), (2, 3), (22_364, 22_374)] {
                for columns in 0..200 {
                    let run = run(name, files);
                    assert!(line(&run, columns).width() <= columns.saturating_sub(1));
                    let row = |state| Row { name: name.into(), state };
                    let words = "connecting to example.org".to_owned();
                    let rows = [row(RowState::Work(run.work)), row(RowState::Words(words))];
                    for line in table(&rows, columns) {
                        assert!(line.width() <= columns.saturating_sub(1), "{columns}: {line:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn parts_stay_in_their_columns() {
        let place = |bytes| {
            let mut run = run(ISO, (2, 3));
            run.work.bytes = bytes;
            run.work.rate = bytes as f64;
            let line = shown(&run, 120);
            (line.find("of 3 files"), line.find("linux"))
        };
        let first = place(0);
        for bytes in [1, 1 << 10, 999 << 10, 1 << 20, 1023 << 20, 2 << 30, 3 << 30] {
            assert_eq!(place(bytes), first, "{bytes}");
        }
    }

    #[test]
    fn rows_are_aligned() {
        let work = |bytes, total, rate, left| {
            RowState::Work(Work { bytes, total, rate, left: Some(Duration::from_secs(left)) })
        };
        let rows = [
            Row { name: "a.iso".into(), state: work(512 << 10, Some(1 << 20), 4e6, 2) },
            Row { name: ISO.into(), state: work(1 << 20, Some(1 << 30), 1.2e6, 1187) },
            Row { name: "b".into(), state: RowState::Words("connecting to example.org".into()) },
            Row { name: "c".into(), state: work(1 << 20, None, 0.0, 1) },
        ];
        let shown = |columns| {
            let lines = table(&rows, columns).join("\n");
            lines.replace('█', "#").replace('░', ".").replace('~', "…")
        };
        assert_eq!(
            shown(40),
            "a.iso      0.50 of 1.00 MiB  3.81 MiB/s\n\
             linu….iso  0.00 of 1.00 GiB  1.14 MiB/s\n\
             b          connecting to example.org\n\
             c                  1.00 MiB   0 bytes/s"
        );
        assert_eq!(
            shown(80),
            "a.iso                 #####......  0.50 of 1.00 MiB  3.81 MiB/s        2 s left\n\
             linux-dist…amd64.iso  ...........  0.00 of 1.00 GiB  1.14 MiB/s  19:47 min left\n\
             b                     connecting to example.org\n\
             c                                          1.00 MiB   0 bytes/s        1 s left"
        );
    }

    #[test]
    fn names_are_elided_in_the_middle() {
        for (text, width, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…fg"),
            ("写真写真.jpg", 9, "写真….jpg"),
            ("写真写真.jpg", 8, "写真…jpg"),
            ("aaaa\u{301}bbbe\u{301}", 5, "aa…be\u{301}"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(elided(text, width).replace('~', "…"), expected, "{text} {width}");
        }
    }
}
