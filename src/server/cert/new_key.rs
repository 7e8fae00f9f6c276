//! `hsum cert key`: makes a private key.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::server::args::cert::making::KeyArgs;
use crate::server::cert::new_files::{Access, NewFiles, check_free};
use crate::server::cert::report::Report;
use crate::server::cert::secrets;

pub(crate) fn run(args: KeyArgs) -> Result<Exit> {
    check_free(args.output.force, args.output.output.as_deref())?;
    let (key, text) = secrets::new_key(&args.key)?;
    let Some(path) = &args.output.output else {
        let mut output = Output::plain_stdout()?;
        output.bytes(text.as_bytes())?;
        output.finish()?;
        return Ok(Exit::Success);
    };
    let mut files = NewFiles::new(args.output.force);
    files.add(path, text.as_bytes(), Access::Owner)?;
    files.commit()?;
    let mut report = Report::new("key", args.output.json)?;
    report.key(path, key.algorithm_name(), args.key.encrypt.is_some())?;
    report.finish()
}
