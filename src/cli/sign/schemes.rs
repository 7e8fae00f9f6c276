//! `hsum schemes`: lists the signed content and the headers of each scheme.

use anyhow::Result;
use hsum::sign::SchemeInfo;

use crate::cli::args::sign::SchemesArgs;
use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::Output;
use crate::cli::sign::scheme::options_of;

pub(crate) fn run(args: SchemesArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    for info in SchemeInfo::ALL {
        output.line(&if args.json { json_line(info) } else { lines(info).into_bytes() })?;
    }
    if args.json {
        let mut summary = Object::summary("schemes");
        output.line(&summary.set("schemes", SchemeInfo::ALL.len()).exit(0))?;
    }
    output.finish()?;
    Ok(Exit::Success)
}

fn params(info: &SchemeInfo) -> Vec<String> {
    info.params.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn json_line(info: &SchemeInfo) -> Vec<u8> {
    let mut object = Object::new("scheme");
    object.set("name", info.name).set("headers", info.headers).set("params", params(info));
    object.set("signs", info.content).set("mac", format!("hmac-{}", info.algorithm));
    object.set("encoding", info.encoding.name()).set("key_format", info.key_format.name());
    object.set("options", options_of(info)).set("note", info.note).line()
}

fn lines(info: &SchemeInfo) -> String {
    let mac = format!(
        "HMAC-{}, {}; the key is {}",
        info.algorithm.to_string().to_uppercase(),
        info.encoding,
        info.key_format.name()
    );
    let (params, options) = (params(info), options_of(info).join(" "));
    let mut fields = vec![("MAC", &*mac), ("signs", info.content)];
    fields.extend(info.headers.iter().map(|header| ("header", *header)));
    fields.extend(params.iter().map(|param| ("param", &**param)));
    fields.extend([("options", &*options), ("note", info.note)]);
    fields.retain(|(_, text)| !text.is_empty());
    let lines = fields.iter().map(|(title, text)| format!("  {title:<7} {text}\n"));
    format!("{}\n{}", info.name, lines.collect::<String>())
}
