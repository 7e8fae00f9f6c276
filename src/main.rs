//! `hsum`: parse → plan → run → exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(error) = cli::startup::close_what_was_closed() {
        return cli::exit::code(Err(error.into()));
    }
    cli::startup::make_room();
    let words: Vec<_> = std::env::args_os().collect();
    if let Some((tool, words)) = cli::gnu::called(&words) {
        return cli::exit::code(cli::gnu::run(tool, words));
    }
    cli::signals::prepare();
    let arguments = match cli::args::parse(words) {
        Ok(arguments) => arguments,
        Err(message) => return cli::exit::message(&message),
    };
    if let Err(unknown) = hsum::simd::forced() {
        return cli::exit::code(Err(cli::exit::Usage(format!("HSUM_TIER: {unknown}")).into()));
    }
    let result = match arguments.verb {
        cli::args::Verb::Sum(args) => cli::sum::run(args.0),
        cli::args::Verb::Check(args) => cli::check::run(args.0),
        cli::args::Verb::Get(args) => cli::get::run(*args.0),
        cli::args::Verb::Head(args) => cli::head::run(*args.0),
        cli::args::Verb::Convert(args) => cli::convert::run(args.0),
        cli::args::Verb::Snapshot(args) => cli::snapshot::take(args.0),
        cli::args::Verb::Audit(args) => cli::snapshot::audit(args.0),
        cli::args::Verb::Update(args) => cli::snapshot::update(args.0),
        cli::args::Verb::Diff(args) => cli::snapshot::diff(args.0),
        cli::args::Verb::Hmac(args) => cli::hmac::run(args.0),
        cli::args::Verb::Sign(args) => cli::sign::run(args.0),
        cli::args::Verb::Send(args) => cli::send::run(*args.0),
        cli::args::Verb::VerifyRequest(args) => cli::sign::verify::run(args.0),
        cli::args::Verb::Keygen(args) => cli::sign::keygen::run(args.0),
        cli::args::Verb::Schemes(args) => cli::sign::schemes::run(&args.0),
        cli::args::Verb::Publish(args) => cli::publish::run(args.0),
        cli::args::Verb::Gnu(args) => cli::gnu::install::run(&args.0),
        cli::args::Verb::Algorithms(args) => cli::algorithms::run(args.0),
        cli::args::Verb::Bench(args) => cli::bench::run(args.0),
        cli::args::Verb::SelfTest => cli::self_test::run(),
    };
    cli::exit::code(result)
}
