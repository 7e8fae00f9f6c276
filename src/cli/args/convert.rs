//! The words after `hsum convert`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hsum::HashFunction;
use hsum::notation::Notation;

#[derive(Args, Debug)]
pub(crate) struct ConvertArgs {
    /// Digests in any notation; '-' or nothing is standard input, a digest a line
    #[arg(value_name = "DIGEST")]
    pub(crate) digests: Vec<String>,

    /// The notation to write
    #[arg(short, long, value_name = "NOTATION", default_value = "hex", value_parser = notation())]
    pub(crate) to: Notation,

    /// The algorithm of digests that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,
}

fn notation() -> impl TypedValueParser<Value = Notation> {
    PossibleValuesParser::new(Notation::ALL.iter().map(|notation| notation.name())).map(|name| {
        let named = |notation: &Notation| notation.name() == name;
        Notation::ALL.iter().copied().find(named).unwrap_or(Notation::Hex)
    })
}
