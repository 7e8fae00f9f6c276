//! A name of an algorithm, in any of its spellings → the [`HashFunction`].

use std::fmt;
use std::str::FromStr;

use super::{Algorithm, HashFunction, Length, SPECS, Spec};
use crate::escape::escape;

/// A name that no algorithm has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownAlgorithm {
    name: String,
    cause: Cause,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Cause {
    Name { closest: Vec<&'static str> },
    Length { algorithm: Algorithm },
}

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Name { closest } => {
                write!(f, "unknown algorithm '{}'", escape(self.name.as_bytes(), &[]))?;
                if !closest.is_empty() {
                    write!(f, "; did you mean {}?", closest.join(" or "))?;
                }
                Ok(())
            }
            Cause::Length { algorithm } => write!(
                f,
                "'{}': {algorithm} takes a digest length of 8 to {} bits, in whole bytes",
                escape(self.name.as_bytes(), &[]),
                algorithm.max_len() * 8
            ),
        }
    }
}

impl std::error::Error for UnknownAlgorithm {}

/// Case and `- _ /` do not count.
fn normalize(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    name.retain(|c| !matches!(c, '-' | '_' | '/'));
    name
}

/// All names of a row, in their normal form.
fn names(spec: &'static Spec) -> impl Iterator<Item = String> {
    std::iter::once(normalize(spec.name)).chain(spec.aliases.iter().map(|alias| (*alias).into()))
}

/// Every name takes part: `sha256`, `SHA-256`, `SHA2-256`, `sha512/256`; a length in bits may
/// follow where the length can be chosen: `blake2b-256`, `shake128-512`.
impl FromStr for HashFunction {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let wanted = normalize(name);
        let mut too_long = None;
        for spec in &SPECS {
            for known in names(spec) {
                match wanted.strip_prefix(&known) {
                    Some("") => return Ok(spec.algorithm.into()),
                    Some(bits) if matches!(spec.length, Length::UpTo { .. }) && is_number(bits) => {
                        let len = bits
                            .parse()
                            .ok()
                            .filter(|n: &usize| n.is_multiple_of(8))
                            .map(|n| n / 8);
                        match len.and_then(|len| Self::new(spec.algorithm, len)) {
                            Some(function) => return Ok(function),
                            None => too_long = Some(spec.algorithm),
                        }
                    }
                    _ => {}
                }
            }
        }
        let cause = match too_long {
            Some(algorithm) => Cause::Length { algorithm },
            None => Cause::Name { closest: closest(&wanted) },
        };
        Err(UnknownAlgorithm { name: name.into(), cause })
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// As for [`HashFunction`], without a length.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let function: HashFunction = name.parse()?;
        if function == function.algorithm.into() {
            return Ok(function.algorithm);
        }
        Err(UnknownAlgorithm {
            name: name.into(),
            cause: Cause::Name { closest: vec![function.algorithm.name()] },
        })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The known names at the smallest edit distance, if that is at most a third of the name.
fn closest(wanted: &str) -> Vec<&'static str> {
    if wanted.len() > 32 {
        return Vec::new();
    }
    let ranked: Vec<_> =
        SPECS.iter().map(|s| (edit_distance(wanted, &normalize(s.name)), s.name)).collect();
    let best = ranked.iter().map(|(distance, _)| *distance).min().unwrap_or(usize::MAX);
    if best > 1 + wanted.len() / 3 {
        return Vec::new();
    }
    ranked.into_iter().filter(|(d, _)| *d == best).map(|(_, name)| name).take(3).collect()
}

/// Levenshtein's, by rows.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_share_a_name() {
        let mut all: Vec<String> = SPECS.iter().flat_map(names).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
