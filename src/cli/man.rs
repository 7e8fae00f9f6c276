//! `hsum man`: writes manual pages from the help texts.
//!
//! clap_mangen would print each group of options as a section, a FILES among them, and examples and exit
//! statuses as running text.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use clap::builder::StyledStr;
use clap::{Arg, Command};

use crate::cli::args::packaging::ManArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::print::file_error;

/// The names of the verbs, by group.
type Groups = &'static [(&'static str, &'static [&'static str])];

/// Writes the pages of `program` and of each verb, or prints the page of `program`.
pub(crate) fn run(args: ManArgs, mut program: Command, groups: Groups) -> Result<Exit> {
    // The arguments of the verbs are described to clap only here.
    program.build();
    match args.directory {
        Some(directory) => write_pages(&directory, &program, groups)?,
        None => {
            let mut output = Output::plain_stdout()?;
            output.bytes(page(&program, groups).as_bytes())?;
            output.finish()?;
        }
    }
    Ok(Exit::Success)
}

/// Writes all pages, or none.
fn write_pages(directory: &Path, program: &Command, groups: Groups) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| file_error(directory, error))?;
    let mut outputs = Vec::new();
    let verbs = program.get_subcommands().filter(|verb| !verb.is_hide_set());
    for command in [program].into_iter().chain(verbs) {
        let mut output = Output::replacing(&directory.join(format!("{}.1", name(command))))?;
        output.bytes(page(command, groups).as_bytes())?;
        outputs.push(output);
    }
    Ok(Output::finish_all(outputs)?)
}

/// Returns the name of a page, such as `hsum-check`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Returns the page of a verb, or of the program, in the macros of man(7).
fn page(command: &Command, groups: Groups) -> String {
    let is_verb = groups.iter().any(|(_, names)| names.contains(&command.get_name()));
    let name = name(command);
    let about = plain(command.get_about());
    let mut text = format!(
        ".TH {} 1 \"\" \"hsum {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
        escape(&name.to_uppercase()),
        env!("CARGO_PKG_VERSION"),
        escape(name),
        escape(about.trim_end_matches('.')),
    );
    text += ".SH SYNOPSIS\n";
    text += &synopsis(command);
    let after = plain(command.get_after_long_help().or(command.get_after_help()));
    let blocks = blocks(&after);
    text += ".SH DESCRIPTION\n";
    text += &description(command);
    // The repository is in the section SEE ALSO.
    let is_paragraph = |text: &String| !text.contains(env!("CARGO_PKG_REPOSITORY"));
    let paragraphs = blocks.iter().filter(|(heading, _)| heading.is_empty());
    for paragraph in paragraphs.map(|(_, lines)| lines.join(" ")).filter(is_paragraph) {
        let _ = write!(text, ".PP\n{}\n", escape(&paragraph));
    }
    text += &options(command);
    text += &match is_verb {
        true => actions(command),
        false => commands(command, groups),
    };
    for (title, lines) in blocks.iter().filter(|(title, _)| *title == "Exit status") {
        let _ = writeln!(text, ".SH {}", title.to_uppercase());
        text += &terms(lines);
    }
    if !is_verb {
        text += &environment();
    }
    let others = blocks.iter().filter(|(title, _)| !title.is_empty() && *title != "Exit status");
    for (title, lines) in others {
        let _ = writeln!(text, ".SH {}\n.nf", escape(&title.to_uppercase()));
        lines.iter().for_each(|line| text += &format!("{}\n", escape(line)));
        text += ".fi\n";
    }
    let _ = writeln!(text, ".SH SEE ALSO\n{}", related(command, groups).join(",\n"));
    let _ = writeln!(text, ".PP\nDocumentation: {}", escape(env!("CARGO_PKG_REPOSITORY")));
    text
}

/// Returns the list of the verbs that have a page, by group.
fn commands(program: &Command, groups: Groups) -> String {
    let mut text = ".SH COMMANDS\n".to_owned();
    for (group, names) in groups {
        let verbs = names.iter().filter_map(|name| program.find_subcommand(name));
        let verbs: Vec<_> = verbs.filter(|verb| !verb.is_hide_set()).collect();
        if !verbs.is_empty() {
            let _ = writeln!(text, ".SS {}", escape(group));
        }
        for verb in verbs {
            let title = escape(&plain(verb.get_about()));
            let _ = write!(text, ".TP\n.BR {} (1)\n{title}\n", escape(name(verb)));
        }
    }
    text
}

/// Returns the list of the actions of a verb, such as `cert ca`.
fn actions(verb: &Command) -> String {
    let mut text = String::new();
    for action in verb.get_subcommands() {
        let heading = if text.is_empty() { ".SH COMMANDS\n" } else { "" };
        let (title, name) = (escape(&plain(action.get_about())), escape(action.get_name()));
        let _ = write!(text, "{heading}.TP\n.B {name}\n{title}\n");
    }
    text
}

/// Returns references to the program's page and to those of the verbs in the same group.
fn related(command: &Command, groups: Groups) -> Vec<String> {
    let reference = |name: &str| format!("\\fB{}\\fR(1)", escape(name));
    let group = groups.iter().find(|(_, names)| names.contains(&command.get_name()));
    let Some((_, names)) = group else { return vec![reference("sha256sum")] };
    let others = names.iter().filter(|name| **name != command.get_name());
    let others = others.map(|name| reference(&format!("hsum-{name}")));
    [reference("hsum")].into_iter().chain(others).collect()
}

/// Returns the rows of the table in docs/environment.md.
fn environment() -> String {
    let mut text = ".SH ENVIRONMENT\n".to_owned();
    let rows = include_str!("../../docs/environment.md").lines();
    let cells =
        rows.filter_map(|row| row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    for (variables, effect) in cells.skip(1) {
        let (variables, effect) = (variables.replace('`', ""), unlinked(&effect.replace('`', "")));
        let _ = write!(text, ".TP\n.B {}\n{}\n", escape(&variables), escape(&effect));
    }
    text
}

/// Replaces links of Markdown by their text.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().replace('[', "");
    for part in parts {
        plain += &part.split_once(')').map_or(part, |(_, after)| after).replace('[', "");
    }
    plain
}

fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let bin_name = command.get_bin_name().unwrap_or_default();
    let forms = usage.trim_start_matches("Usage:").lines().map(str::trim);
    let forms =
        forms.filter(|form| !form.is_empty()).map(|form| match form.strip_prefix(bin_name) {
            Some(rest) => format!("\\fB{}\\fR{}\n", escape(bin_name), escape(rest)),
            None => format!("{}\n", escape(form)),
        });
    forms.collect::<Vec<_>>().join(".br\n")
}

/// Returns the paragraphs after the title, or the title if there are none.
fn description(command: &Command) -> String {
    let long = plain(command.get_long_about().or(command.get_about()));
    let text = long.split_once("\n\n").map_or(&*long, |(_, paragraphs)| paragraphs);
    text.split("\n\n").map(lines).collect::<Vec<_>>().join(".PP\n")
}

/// Returns the arguments, then the options, each group under its heading.
fn options(command: &Command) -> String {
    let visible = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut headings: Vec<Option<&str>> = vec![None];
    for heading in visible().map(Arg::get_help_heading) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    let mut text = ".SH OPTIONS\n".to_owned();
    for heading in headings {
        if let Some(heading) = heading {
            let _ = writeln!(text, ".SS {}", escape(heading));
        }
        let group = || visible().filter(|arg| arg.get_help_heading() == heading);
        let (arguments, options) =
            (group().filter(|arg| arg.is_positional()), group().filter(|arg| !arg.is_positional()));
        arguments.chain(options).for_each(|arg| text += &option(arg));
    }
    text
}

fn option(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("\\fB{}\\fR", escape(&format!("-{short}"))));
    let long = arg.get_long().map(|long| format!("\\fB{}\\fR", escape(&format!("--{long}"))));
    let mut header = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    let mut help = plain(arg.get_long_help().or(arg.get_help()));
    if arg.get_num_args().is_some_and(|count| count.takes_values()) {
        for name in arg.get_value_names().into_iter().flatten() {
            let _ = write!(header, " \\fI{}\\fR", escape(name));
        }
        let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy());
        let defaults: Vec<_> = defaults.collect();
        if !defaults.is_empty() && !arg.is_hide_default_value_set() {
            let _ = write!(help, " [default: {}]", defaults.join(","));
        }
        let values = arg.get_possible_values();
        let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
        if !values.is_empty() && !arg.is_hide_possible_values_set() {
            let values = values.iter().map(|value| match value.get_help() {
                Some(help) => format!("{} ({help})", value.get_name()),
                None => value.get_name().to_owned(),
            });
            let _ = write!(help, "\n\nValues: {}.", values.collect::<Vec<_>>().join(", "));
        }
    }
    let paragraphs: Vec<_> = help.split("\n\n").map(lines).collect();
    format!(".TP\n{}\n{}", header.trim(), paragraphs.join(".IP\n"))
}

/// Splits the text after the options into blocks: the heading, empty for a paragraph, and lines.
fn blocks(text: &str) -> Vec<(&str, Vec<&str>)> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    let blocks = blocks.map(|block| match block.split_once(":\n") {
        Some((heading, rest)) if !heading.contains('\n') => {
            (heading, rest.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect())
        }
        _ => ("", block.lines().collect()),
    });
    blocks.collect()
}

/// Formats lines such as `0  success`; a further indented line continues the one above.
fn terms(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        match line.split_once("  ") {
            Some(("", more)) => text += &format!("{}\n", escape(more.trim_start())),
            Some((term, meaning)) => {
                let _ =
                    write!(text, ".TP\n.B {}\n{}\n", escape(term), escape(meaning.trim_start()));
            }
            None => text += &format!(".PP\n{}\n", escape(line)),
        }
    }
    text
}

/// Formats a paragraph, whose line breaks are kept.
fn lines(paragraph: &str) -> String {
    let lines = paragraph.lines().map(|line| format!("{}\n", escape(line.trim())));
    lines.collect::<Vec<_>>().join(".br\n")
}

/// Returns a text of the help without styles.
fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

/// Escapes text: as it is, roff takes `-` for a hyphen, `'` for a closing quotation mark, and a line that
/// begins with `.` for a request.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\e",
            '-' => escaped += "\\-",
            '\'' => escaped += "\\(aq",
            '`' => escaped += "\\(ga",
            '^' => escaped += "\\(ha",
            '~' => escaped += "\\(ti",
            '"' => escaped += "\\(dq",
            '.' if escaped.is_empty() => escaped += "\\&.",
            // Without preconv, groff reads Latin-1.
            c if !c.is_ascii() => escaped += &format!("\\[u{:04X}]", u32::from(c)),
            c => escaped.push(c),
        }
    }
    escaped
}
