//! `hsum`: parse → plan → run → exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match cli::args::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(message) => return cli::exit::message(&message),
    };
    let result = match arguments.verb {
        cli::args::Verb::Sum(args) => cli::sum::run(args),
        cli::args::Verb::Check(args) => cli::check::run(args),
        cli::args::Verb::Hmac(args) => cli::hmac::run(args),
        cli::args::Verb::Algorithms => cli::algorithms::run(),
    };
    cli::exit::code(result)
}
