//! The file in which `hsum bench --tune` stores the costs of kernels.
//!
//! Lines of text: the version of hsum, the CPU's model, then a line `FUNCTION TIER LANES CYCLES` for each
//! kernel. Empty lines and those that begin with `#` are comments.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind::NotFound;
use std::io::{self, Write as _};
use std::path::PathBuf;

use hsum::ErrorKind;
use hsum::internals::{
    AtomicFile, KernelCost, built_in_costs, cpu_model, escape, read_file, set_cost_source,
};

use crate::cli::print::{complain, program_name};
use crate::cli::quote::quote;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The limit for the file; a line for each kernel takes 1 KB.
const MAX_SIZE: u64 = 64 << 10;

/// The reason why a file is ignored.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    Read(ErrorKind),
    #[error("not written by 'hsum bench --tune'")]
    Foreign,
    #[error("written by hsum {} (this is hsum {VERSION})", escape(.0.as_bytes(), &[]))]
    Version(String),
    #[error("written on another CPU ({})", escape(.0.as_bytes(), &[]))]
    Cpu(String),
    #[error("line {0} is malformed")]
    Line(usize),
    #[error("the costs of {0} kernels are missing")]
    Missing(usize),
}

/// Returns the path that `HSUM_TUNE` names, or else the path in the user's configuration directory.
/// `None` if the variable is empty or there is no such directory.
pub(crate) fn path() -> Option<PathBuf> {
    if let Some(path) = env::var_os("HSUM_TUNE") {
        return (!path.is_empty()).then(|| path.into());
    }
    let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")));
    Some(config?.join("hsum/tune"))
}

/// Makes the library read the file when it first hashes in lanes.
pub(crate) fn read_when_needed() {
    set_cost_source(|| {
        let Some(path) = path() else { return Vec::new() };
        let read = read_file(&path, MAX_SIZE).map_err(|error| Unusable::Read(ErrorKind::Io(error)));
        let unusable = match read.and_then(|text| parse(&text, &cpu_model(), &built_in_costs())) {
            Ok(costs) => return costs,
            Err(unusable) => unusable,
        };
        let is_default = env::var_os("HSUM_TUNE").is_none();
        let is_absent =
            matches!(&unusable, Unusable::Read(ErrorKind::Io(error)) if error.kind() == NotFound);
        // GNU's programs have no such message.
        if program_name() == "hsum" && !(is_default && is_absent) {
            let path = quote(&path);
            complain(format_args!("{path}: ignored: {unusable}; run 'hsum bench --tune' again"));
        }
        Vec::new()
    });
}

/// Writes the costs of every kernel.
pub(crate) fn write(path: PathBuf, costs: &[KernelCost]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = AtomicFile::create(path)?;
    file.write_all(text(costs).as_bytes())?;
    file.commit()
}

fn text(costs: &[KernelCost]) -> String {
    let mut text = format!(
        "# Measured by 'hsum bench --tune': the cycles that a kernel takes for a block in each lane.\n\
         hsum {VERSION}\n\
         cpu {}\n\
         # function tier lanes cycles\n",
        cpu_model()
    );
    for KernelCost { function, tier, lanes, cycles } in costs {
        let _ = writeln!(text, "{function} {tier} {lanes} {cycles}");
    }
    text
}

/// Parses a file that has the costs of exactly these kernels.
fn parse(text: &[u8], cpu: &str, kernels: &[KernelCost]) -> Result<Vec<KernelCost>, Unusable> {
    let text = std::str::from_utf8(text).map_err(|_| Unusable::Foreign)?;
    let mut lines = text.lines().zip(1..).filter(|(l, _)| !l.is_empty() && !l.starts_with('#'));
    let mut head = |word| lines.next().and_then(|(line, _)| line.strip_prefix(word));
    match head("hsum ").ok_or(Unusable::Foreign)? {
        VERSION => {}
        other => return Err(Unusable::Version(other.into())),
    }
    match head("cpu ").ok_or(Unusable::Foreign)? {
        of if of == cpu => {}
        other => return Err(Unusable::Cpu(other.into())),
    }
    let mut costs: Vec<KernelCost> = Vec::new();
    for (line, number) in lines {
        let cost = parse_row(line, kernels).ok_or(Unusable::Line(number))?;
        if costs.iter().any(|other| other.is_of_same_kernel(&cost)) {
            return Err(Unusable::Line(number));
        }
        costs.push(cost);
    }
    match kernels.len() - costs.len() {
        0 => Ok(costs),
        missing => Err(Unusable::Missing(missing)),
    }
}

fn parse_row(line: &str, kernels: &[KernelCost]) -> Option<KernelCost> {
    let (kernel, cycles) = line.rsplit_once(' ')?;
    let name = |of: &KernelCost| format!("{} {} {}", of.function, of.tier, of.lanes);
    let kernel = kernels.iter().find(|of| name(of) == kernel)?;
    let cycles = cycles.parse().ok().filter(|&cycles| cycles > 0)?;
    Some(KernelCost { cycles, ..*kernel })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let costs: Vec<KernelCost> = built_in_costs()
            .iter()
            .zip(1..)
            .map(|(k, cycles)| KernelCost { cycles, ..*k })
            .collect();
        let read = parse(text(&costs).as_bytes(), &cpu_model(), &built_in_costs());
        assert_eq!(read.unwrap(), costs);
    }

    #[test]
    fn other_files_are_refused() {
        let good = text(&built_in_costs());
        let cpu = &cpu_model();
        let rows: Vec<&str> = good.lines().collect();
        let row = rows[4];
        let without_cycles = row.rsplit_once(' ').unwrap().0;
        let error = |text: &str| {
            parse(text.as_bytes(), cpu, &built_in_costs()).expect_err(text).to_string()
        };
        for (text, wanted) in [
            (String::new(), "not written by 'hsum bench --tune'".to_owned()),
            ("\u{1b}".into(), "not written by 'hsum bench --tune'".into()),
            (
                good.replace(&format!("hsum {VERSION}"), "hsum 0"),
                format!("written by hsum 0 (this is hsum {VERSION})"),
            ),
            (good.replace(cpu, "another"), "written on another CPU (another)".into()),
            (good.replace(row, ""), "the costs of 1 kernels are missing".into()),
            (good.replace(row, &format!("{row}\n{row}")), "line 6 is malformed".into()),
            (good.replace(row, without_cycles), "line 5 is malformed".into()),
            (good.replace(row, &format!("{without_cycles} 0")), "line 5 is malformed".into()),
            (good.replace(row, &format!("{without_cycles} -1")), "line 5 is malformed".into()),
            (
                good.replace(row, &format!("{without_cycles} 4294967296")),
                "line 5 is malformed".into(),
            ),
            (good.replace(row, "md5 mmx 1 100"), "line 5 is malformed".into()),
            (good.clone() + "more\n", format!("line {} is malformed", rows.len() + 1)),
        ] {
            assert_eq!(error(&text), wanted);
        }
        let error = parse(b"\xff", cpu, &built_in_costs()).unwrap_err();
        assert!(matches!(error, Unusable::Foreign));
    }
}
