//! `hsum schemes`: what each scheme signs, and where.

use anyhow::Result;
use hsum::sign::{ROWS, Row};
use serde_json::json;

use super::scheme::flags;
use crate::cli::args::SchemesArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

pub(crate) fn run(args: &SchemesArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    for row in &ROWS {
        let text = if args.json { json_line(row) } else { lines(row) };
        text.split_inclusive('\n').try_for_each(|line| output.line(line.as_bytes()))?;
    }
    output.finish()?;
    Ok(Exit::Well)
}

fn json_line(row: &Row) -> String {
    let object = json!({
        "name": row.name,
        "headers": row.headers,
        "params": row.params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "signs": row.content,
        "mac": format!("hmac-{}", row.algorithm),
        "encoding": row.encoding.name(),
        "key_format": row.key_format.name(),
        "options": flags(row),
        "note": row.note,
    });
    format!("{object}\n")
}

fn lines(row: &Row) -> String {
    let mut text = format!(
        "{}\n  MAC     HMAC-{}, {}; the key is {}\n  signs   {}\n",
        row.name,
        row.algorithm.to_string().to_uppercase(),
        row.encoding,
        row.key_format.name(),
        row.content,
    );
    for header in row.headers {
        text.push_str(&format!("  header  {header}\n"));
    }
    for (name, value) in row.params {
        text.push_str(&format!("  param   {name}={value}\n"));
    }
    if !flags(row).is_empty() {
        text.push_str(&format!("  options {}\n", flags(row).join(" ")));
    }
    if !row.note.is_empty() {
        text.push_str(&format!("  note    {}\n", row.note));
    }
    text
}
