//! Arguments of `hsum algorithms`, `bench` and `self-test`.

use clap::Args;

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum algorithms
  hsum algorithms --tiers
  HSUM_TIER=portable hsum algorithms --tiers

Exit status:
  0  the algorithms were listed
  1  the output could not be written
  2  the arguments are invalid")]
pub(crate) struct AlgorithmsArgs {
    /// Show the SIMD kernels that run on this CPU, for one message and for many at once
    #[arg(long)]
    pub(crate) tiers: bool,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum bench
  hsum bench --json | jq .
  hsum bench --tune
  HSUM_TUNE= hsum photos              ignore what --tune has measured

Exit status:
  0  everything was measured
  1  a file or the output could not be written
  2  the arguments are invalid")]
pub(crate) struct BenchArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure the SIMD kernels, and store their costs for later runs
    ///
    /// Later runs hash several messages or files at once with the kernels that are fastest on this
    /// machine. The costs are written to the file that HSUM_TUNE names, by default hsum/tune in
    /// $XDG_CONFIG_HOME or ~/.config. Digests do not depend on them. Takes three seconds.
    #[arg(long)]
    pub(crate) tune: bool,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum self-test
  HSUM_TIER=portable hsum self-test

Exit status:
  0  every kernel gave the known answers
  1  a kernel gave a wrong answer: do not trust this build on this machine
  2  the arguments are invalid")]
pub(crate) struct SelfTestArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}
