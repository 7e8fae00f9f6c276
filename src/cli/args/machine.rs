//! Arguments of `hsum algorithms`, `bench` and `self-test`.

use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  hsum algorithms
  hsum algorithms --tiers
  HSUM_TIER=avx2 hsum algorithms --tiers

Exit status:
  0  the algorithms were listed
  1  the output could not be written
  2  the arguments are invalid")]
pub(crate) struct AlgorithmsArgs {
    /// Show the SIMD kernels that run on this CPU, for one message and for many at once
    #[arg(long)]
    pub(crate) tiers: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  hsum bench
  hsum bench --json | jq .

Exit status:
  0  everything was measured
  1  a temporary file or the output could not be written
  2  the arguments are invalid")]
pub(crate) struct BenchArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  hsum self-test
  HSUM_TIER=portable hsum self-test

Exit status:
  0  every kernel gave the known answers
  1  a kernel gave a wrong answer: do not trust this build on this machine
  2  the arguments are invalid")]
pub(crate) struct SelfTestArgs {}
