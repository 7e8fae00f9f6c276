//! `hsum completions`: prints a script that completes words in a shell.

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, ValueHint};
use clap_complete::{Generator, Shell as Script};
use clap_complete_nushell::Nushell;
use hsum::Algorithm;
use hsum::sign::SchemeInfo;

use crate::cli::args::packaging::{CompletionsArgs, Shell};
use crate::cli::args::sum::SumArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Prints the script that completes the words of `program`.
pub(crate) fn run(args: CompletionsArgs, program: Command) -> Result<Exit> {
    let mut output = Output::plain_stdout()?;
    output.bytes(script(args.shell, program).as_bytes())?;
    output.finish()?;
    Ok(Exit::Success)
}

fn script(shell: Shell, program: Command) -> String {
    // Without a verb, hsum takes the arguments of `sum`. The script for zsh would look for the verb
    // behind PATH.
    let sum = SumArgs::augment_args(Command::new("sum"));
    let arguments = sum.get_arguments().filter(|a| shell != Shell::Zsh || !a.is_positional());
    let mut program = program.args(arguments.cloned());
    // The arguments of the verbs are described to clap only here.
    program.build();
    let program = program.mut_args(with_values).mut_subcommands(|verb| verb.mut_args(with_values));
    match shell {
        Shell::Bash => for_bash(&generate(Script::Bash, program)),
        Shell::Elvish => generate(Script::Elvish, program),
        Shell::Fish => for_fish(&generate(Script::Fish, program)),
        Shell::Nushell => generate(Nushell, program),
        Shell::Powershell => generate(Script::PowerShell, program),
        Shell::Zsh => for_zsh(&generate(Script::Zsh, program)),
    }
}

/// Makes the script complete each algorithm of a list, and offer files where clap's offers every
/// option: for an empty word after a verb, and after the first word without one.
fn for_bash(script: &str) -> String {
    let words = "COMPREPLY=( $(compgen -W \"${opts}\" -- \"${cur}\") )";
    // An empty word excludes options; the pattern that any other word makes excludes nothing.
    let no_options =
        "COMPREPLY=( $(compgen -W \"${opts}\" -X \"${cur:+/}${cur:--*}\" -- \"${cur}\") )";
    // Bash completes file names where a script offers nothing. The first case is that of no verb.
    let script = script.replacen(&format!("esac\n            {words}\n"), "esac\n", 1);
    let script = script.replace(words, no_options);
    let algorithms = algorithms().collect::<Vec<_>>().join(" ");
    let last = "compgen -P \"${cur%\"${cur##*,}\"}\" -W";
    script.replace(
        &format!("compgen -W \"{algorithms}\" -- \"${{cur}}\""),
        &format!("{last} \"{algorithms}\" -- \"${{cur##*,}}\""),
    )
}

/// Makes the script complete each algorithm of a list, and offer files besides verbs and after the
/// first word without a verb.
fn for_zsh(script: &str) -> String {
    let algorithms = algorithms().collect::<Vec<_>>().join(" ");
    let script = script
        .replace(&format!(":ALG:({algorithms})"), &format!(":ALG:_values -s , ALG {algorithms}"));
    let script = script.replacen("\":: :_hsum_commands\"", "\":: :{_hsum_commands; _files}\"", 1);
    let end = "        esac\n    ;;\nesac\n}\n";
    script.replacen(end, &format!("            (*)\n_files && ret=0\n;;\n{end}"), 1)
}

/// Makes the script complete the value of an option before the verb. clap's script parses the words
/// before the cursor, fails because the value is missing, and takes the failure for a verb.
fn for_fish(script: &str) -> String {
    script.replacen("\n    or return\n", "\n    or return 0\n", 1)
}

fn generate(generator: impl Generator, mut program: Command) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(generator, &mut program, "hsum", &mut bytes);
    String::from_utf8(bytes).expect("the help texts are UTF-8")
}

/// Adds the values that complete an argument, where the program itself accepts more than a list.
fn with_values(arg: Arg) -> Arg {
    let value_name = arg.get_value_names().and_then(<[_]>::first).map(|name| name.as_str());
    match (arg.get_long(), value_name) {
        (Some("algorithm"), _) => arg.value_parser(names(algorithms())),
        (Some("scheme"), _) => arg.value_parser(names(SchemeInfo::ALL.iter().map(|s| s.name))),
        (_, Some("DIR")) => arg.value_hint(ValueHint::DirPath),
        (_, Some("URL")) => arg.value_hint(ValueHint::Url),
        _ => arg,
    }
}

fn algorithms() -> impl Iterator<Item = &'static str> {
    Algorithm::ALL.iter().map(|algorithm| algorithm.name())
}

fn names(names: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}
