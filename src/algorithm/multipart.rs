//! Multipart forms of hash functions: S3's digests of objects that were uploaded in parts.

use crate::algorithm::{Algorithm, HashFunction, MultipartForm};
use crate::text::normalize;
use crate::text::size::{parse_size, write_size};

/// The smallest part size. S3 requires 5 MiB; other stores accept smaller parts.
const MIN_PART: u64 = 1 << 10;
/// The largest part size that S3 accepts.
const MAX_PART: u64 = 5 << 30;

impl HashFunction {
    /// Returns the function that S3 applies to an object uploaded in parts of `part_len` bytes.
    ///
    /// It hashes each part, and then the digests of all parts together. The text of a digest ends
    /// in `-` and the number of parts. An object shorter than a part is uploaded whole, and has the
    /// algorithm's ordinary digest. With MD5, the result is the object's ETag; with SHA-1, SHA-256
    /// and CRC-32C, it is a composite checksum.
    ///
    /// Returns `None` if S3 has no multipart digests with `algorithm`, or if `part_len` is less than
    /// 1 KiB or more than 5 GiB.
    ///
    /// ```
    /// use hsum::{Algorithm, HashFunction, digest};
    ///
    /// let etag = HashFunction::multipart(Algorithm::Md5, 5 << 20).unwrap();
    /// assert_eq!(etag, "s3-etag:5MiB".parse()?);
    /// let object = vec![0; 10 << 20];
    /// assert_eq!(digest(etag, &object).to_string(), "a7d414b9133d6483d9a1c4e04e856e3b-2");
    /// # Ok::<(), hsum::UnknownAlgorithm>(())
    /// ```
    pub fn multipart(algorithm: Algorithm, part_len: u64) -> Option<Self> {
        let is_valid = (MIN_PART..=MAX_PART).contains(&part_len);
        (is_valid && algorithm.spec().multipart.is_some())
            .then_some(Self { part_len, ..algorithm.into() })
    }

    /// Returns the part size in bytes; `None` if the function hashes messages whole.
    pub fn part_len(self) -> Option<u64> {
        (self.part_len > 0).then_some(self.part_len)
    }

    /// Returns the function that hashes each part, and the digests of the parts.
    pub(crate) fn of_part(self) -> Self {
        Self { part_len: 0, ..self }
    }

    /// Returns the multipart form; `None` if the function hashes messages whole.
    pub(crate) fn form(self) -> Option<&'static MultipartForm> {
        self.algorithm().spec().multipart.as_ref().filter(|_| self.part_len > 0)
    }

    /// Returns the part size as a suffix of names, such as `:8MiB`; empty for whole messages.
    pub(super) fn part_suffix(self) -> String {
        self.part_len().map(|len| format!(":{}", write_size(len))).unwrap_or_default()
    }
}

/// Returns the names of all multipart forms.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    Algorithm::ALL.iter().filter_map(|a| Some(a.spec().multipart.as_ref()?.name))
}

/// Parses `s3-etag:8MiB`; returns `None` if the text before the colon is not the name of a form.
///
/// # Errors
/// The name of the form, if the part size is missing or invalid.
pub(super) fn parse(text: &str) -> Option<Result<HashFunction, &'static str>> {
    let (form, algorithm) = find(text)?;
    let size = text.split_once(':').and_then(|(_, size)| parse_size(size));
    let function = size.and_then(|size| HashFunction::multipart(algorithm, size));
    Some(function.ok_or(form.name))
}

/// Returns `true` if the text is the name of a multipart form, or begins with one and a colon.
pub(crate) fn is_named(text: &str) -> bool {
    find(text).is_some()
}

fn find(text: &str) -> Option<(&'static MultipartForm, Algorithm)> {
    text.get(..2).filter(|start| start.eq_ignore_ascii_case("s3"))?;
    let name = normalize(text.split_once(':').map_or(text, |(name, _)| name));
    Algorithm::ALL.iter().find_map(|algorithm| {
        let form = algorithm.spec().multipart.as_ref()?;
        (normalize(form.name) == name).then_some((form, *algorithm))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contain_the_length_of_a_part() {
        for (text, bytes, shown) in [
            ("s3-etag:8MiB", 8 << 20, "s3-etag:8MiB"),
            ("S3-ETAG:8m", 8 << 20, "s3-etag:8MiB"),
            ("s3_etag:8388608", 8 << 20, "s3-etag:8MiB"),
            ("s3-etag:5MB", 5_000_000, "s3-etag:5000000"),
            ("s3-etag:5GiB", 5 << 30, "s3-etag:5GiB"),
            ("s3-etag:1KiB", 1 << 10, "s3-etag:1KiB"),
            ("s3-etag:5.5MiB", 11 << 19, "s3-etag:5632KiB"),
        ] {
            let function: HashFunction = text.parse().unwrap();
            assert_eq!(Some(function), HashFunction::multipart(Algorithm::Md5, bytes), "{text}");
            assert_eq!(function.to_string(), shown);
            assert_eq!(function.tag().to_string().parse(), Ok(function));
            assert_eq!(function.part_len(), Some(bytes));
        }
        for text in
            ["s3-etag", "s3-etag:", "s3-sha256:0", "s3-etag:1023", "s3-etag:6GiB", "s3-etag:x"]
        {
            let error = text.parse::<HashFunction>().unwrap_err();
            assert!(error.to_string().contains(":8MiB"), "{text}: {error}");
        }
        assert_eq!(HashFunction::multipart(Algorithm::Sha512, 8 << 20), None);
    }
}
