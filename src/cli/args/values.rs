//! Parsers of argument values.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Returns a parser that accepts the names of `values`.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static>(
    values: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = values.iter().map(move |value| name(*value));
    PossibleValuesParser::new(names).map(move |given| {
        let named = values.iter().find(|value| name(**value) == given);
        *named.expect("clap accepts the names of these values only")
    })
}
