//! Names of hash functions: written, parsed in any spelling, and looked up in registries.

use std::fmt;
use std::str::FromStr;

use crate::algorithm::{Algorithm, HashFunction, Registry, multipart};
use crate::text::serde::serde_as_text;
use crate::text::{edit_distance, escape, normalize};

impl HashFunction {
    /// Returns the tag of BSD-style lines: `SHA256`, `BLAKE2b-256`, `S3-ETAG:8MiB`.
    ///
    /// Omits the digest length if it is the default.
    pub fn tag(self) -> impl fmt::Display {
        WithParameters(self.form().map_or(self.algorithm().tag(), |form| form.tag), self)
    }

    /// Returns the name of this function in `registry`.
    pub(crate) fn registered_name(self, registry: Registry) -> Option<&'static str> {
        let rows = self.algorithm().spec().registered.iter().filter(|row| row.0 == registry);
        rows.map(|row| row.1).find(|name| name.parse() == Ok(self))
    }
}

/// A name, the digest's length in bits unless it is the default, and the part size, if any.
struct WithParameters(&'static str, HashFunction);

impl fmt::Display for WithParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        if !self.1.has_default_len() {
            write!(f, "-{}", self.1.len() * 8)?;
        }
        f.write_str(&self.1.part_suffix())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name on the command line: `sha256`, `blake2b-256`, `s3-etag:8MiB`.
impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.form().map_or(self.algorithm().name(), |form| form.name);
        WithParameters(name, *self).fmt(f)
    }
}

serde_as_text!(Algorithm, "{}");
serde_as_text!(HashFunction, "{}");

/// An error from parsing the name of an algorithm or a hash function.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnknownAlgorithm {
    /// No algorithm has this name.
    #[error("unknown algorithm '{}'{}", escape(name.as_bytes(), &[]), suggestion(closest))]
    Name {
        /// The name.
        name: String,
        /// The most similar names, if any is similar.
        closest: Vec<&'static str>,
    },
    /// The algorithm has no digests of the length in its name.
    #[error(
        "'{}': {algorithm} takes a digest length of 8 to {} bits, in whole bytes",
        escape(name.as_bytes(), &[]),
        algorithm.max_len() * 8
    )]
    Length {
        /// The name.
        name: String,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The name of a multipart form lacks a valid part size.
    #[error(
        "'{}': {form} needs the size of a part, 1KiB to 5GiB: {form}:8MiB for uploads by the AWS CLI",
        escape(name.as_bytes(), &[])
    )]
    PartLen {
        /// The name.
        name: String,
        /// The name of the form.
        form: &'static str,
    },
}

fn suggestion(closest: &[&str]) -> String {
    match closest {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

/// Returns all names of an algorithm, normalized.
fn names(algorithm: Algorithm) -> impl Iterator<Item = String> {
    let spec = algorithm.spec();
    std::iter::once(normalize(spec.name)).chain(spec.aliases.iter().map(|alias| (*alias).into()))
}

/// Accepts any spelling: `sha256`, `SHA-256`, `SHA2-256`, `sha512/256`. A length in bits may
/// follow if the length can be chosen: `blake2b-256`, `shake128-512`. The part size must follow the
/// name of a multipart form: `s3-etag:8MiB`.
impl FromStr for HashFunction {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        if let Some(parsed) = multipart::parse(name) {
            return parsed.map_err(|form| UnknownAlgorithm::PartLen { name: name.into(), form });
        }
        let wanted = normalize(name);
        let mut wrong_length = None;
        for &algorithm in Algorithm::ALL {
            for known in names(algorithm) {
                match wanted.strip_prefix(&known) {
                    Some("") => return Ok(algorithm.into()),
                    Some(bits) if algorithm.has_variable_len() && is_number(bits) => {
                        let bits = bits.parse().ok().filter(|bits: &usize| bits.is_multiple_of(8));
                        match bits.and_then(|bits| Self::new(algorithm, bits / 8)) {
                            Some(function) => return Ok(function),
                            None => wrong_length = Some(algorithm),
                        }
                    }
                    _ => {}
                }
            }
        }
        let name = name.into();
        Err(match wrong_length {
            Some(algorithm) => UnknownAlgorithm::Length { name, algorithm },
            None => UnknownAlgorithm::Name { name, closest: closest(&wanted) },
        })
    }
}

/// Accepts the names of [`HashFunction`] without a length or a part size.
impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let function: HashFunction = name.parse()?;
        match function.has_default_len() && function.part_len().is_none() {
            true => Ok(function.algorithm()),
            false => Err(UnknownAlgorithm::Name {
                name: name.into(),
                closest: vec![function.algorithm().name()],
            }),
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns up to three names at the smallest edit distance, if that is at most about a third of
/// the name.
fn closest(wanted: &str) -> Vec<&'static str> {
    if wanted.len() > 32 {
        return Vec::new();
    }
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).chain(multipart::names());
    let ranked: Vec<_> =
        names.map(|name| (edit_distance(wanted, &normalize(name)), name)).collect();
    let best = ranked.iter().map(|(distance, _)| *distance).min().unwrap_or(usize::MAX);
    if best > 1 + wanted.len() / 3 {
        return Vec::new();
    }
    ranked.into_iter().filter(|(d, _)| *d == best).map(|(_, name)| name).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_algorithms_share_a_name() {
        let mut all: Vec<String> = Algorithm::ALL.iter().copied().flat_map(names).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn every_registered_name_parses_to_its_function() {
        for algorithm in Algorithm::ALL {
            for (registry, name) in algorithm.spec().registered {
                let function: HashFunction = name.parse().unwrap();
                assert_eq!(function.algorithm(), *algorithm);
                assert_eq!(function.registered_name(*registry), Some(*name));
            }
        }
    }
}
