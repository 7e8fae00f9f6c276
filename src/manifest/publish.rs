//! The lists of digests published with a release: checksum files, Subresource Integrity, Metalink
//! and JSON.

use quick_xml::escape::escape;
use serde_json::{Map, Value, json};
use url::Url;

use crate::algorithm::{HashFunction, Registry, Strength};
use crate::digest::Digest;
use crate::manifest::write::{LineFormat, LineStyle, write_line};
use crate::notation::write::Notation;

/// A file of a release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleaseFile {
    /// The path within the release, with slashes.
    pub name: Vec<u8>,
    /// The size in bytes.
    pub size: u64,
    /// The digests, of the same hash functions for every file.
    pub digests: Vec<Digest>,
}

/// A list of a release's digests.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReleaseList {
    /// The name of the list's file.
    pub file_name: String,
    /// The contents of that file.
    pub text: Vec<u8>,
}

/// The lists of one format, or the file that the format cannot represent.
type Lists = Result<Vec<ReleaseList>, UnlistableFile>;

/// Declares the formats: the name, the file's name or its end, and the function that writes it.
macro_rules! release_formats {
    ($($(#[$doc:meta])+ $variant:ident, $name:literal, $file:literal, $write:ident;)+) => {
        /// A format of release lists.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub enum ReleaseFormat {
            $($(#[$doc])+ $variant,)+
        }

        impl ReleaseFormat {
            /// The formats, in the order in which they are written.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the short name, such as `sums`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Writes the lists of `files`; Metalink adds their URLs below each of `bases`.
            ///
            /// # Errors
            /// [`UnlistableFile`] names the file that the format cannot represent.
            pub fn write(self, files: &[ReleaseFile], bases: &[Url]) -> Lists {
                match self {
                    $(Self::$variant => $write($file, files, bases),)+
                }
            }

            fn file(self) -> &'static str {
                match self {
                    $(Self::$variant => $file,)+
                }
            }
        }
    };
}

release_formats! {
    /// GNU lines, in one file for each hash function: `SHA256SUMS`.
    Sums, "sums", "SUMS", sums;
    /// BSD lines of every hash function: `CHECKSUM`.
    Bsd, "bsd", "CHECKSUM", bsd;
    /// Names, sizes and digests, as GitHub lists a release's assets: `checksums.json`.
    Json, "json", "checksums.json", listed_json;
    /// Subresource Integrity, as in Vite's manifests: `integrity.json`.
    Sri, "sri", "integrity.json", sri;
    /// Metalink (RFC 5854), which contains URLs too: `release.meta4`.
    Metalink, "metalink", "release.meta4", metalink;
}

/// Returns `true` if a name at the top of a release is that of a list or of its signature.
///
/// Such files are not listed.
pub fn is_release_list(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    let signatures = [".asc", ".sig", ".gpg", ".sign", ".minisig"];
    let name = signatures.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let sums = ReleaseFormat::Sums.file();
    let function = name.strip_suffix(sums).and_then(|tag| tag.parse::<HashFunction>().ok());
    let is_fixed = ReleaseFormat::ALL.iter().any(|format| format.file() == name && name != sums);
    is_fixed || function.is_some_and(|function| sums_name(function, sums) == name)
}

/// A file that a format cannot represent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {reason}", String::from_utf8_lossy(&self.name))]
#[non_exhaustive]
pub struct UnlistableFile {
    /// The file's name.
    pub name: Vec<u8>,
    /// The reason.
    pub reason: UnlistableReason,
}

/// The reason why a format cannot represent a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlistableReason {
    /// The name is not Unicode.
    #[error("the name is not UTF-8")]
    NotUnicode,
    /// The name contains control characters.
    #[error("the name contains control characters")]
    ControlCharacter,
    /// The format has no name for any of the digests' algorithms.
    #[error("the format has no name for any of the algorithms")]
    NoAlgorithm,
}

use UnlistableReason::{ControlCharacter, NoAlgorithm, NotUnicode};

fn one_list(file_name: &str, text: Vec<u8>) -> Lists {
    Ok(vec![ReleaseList { file_name: file_name.into(), text }])
}

fn sums(suffix: &str, files: &[ReleaseFile], _: &[Url]) -> Lists {
    let digests = files.first().map_or(&[][..], |file| &file.digests);
    let list = |function: HashFunction| {
        let mut text = Vec::new();
        for file in files {
            for digest in file.digests.iter().filter(|d| d.hash_function() == function) {
                write_line(&mut text, digest, &file.name, LineStyle::default());
            }
        }
        ReleaseList { file_name: sums_name(function, suffix), text }
    };
    Ok(digests.iter().map(|digest| list(digest.hash_function())).collect())
}

/// Returns the name of a file of GNU lines: `SHA256SUMS`, `B2SUMS`.
fn sums_name(function: HashFunction, suffix: &str) -> String {
    let short = function.registered_name(Registry::Sums).map(str::to_owned);
    let name = short.unwrap_or_else(|| function.tag().to_string());
    name.to_uppercase().replace('/', "-") + suffix
}

fn bsd(file_name: &str, files: &[ReleaseFile], _: &[Url]) -> Lists {
    let mut text = Vec::new();
    for file in files {
        for digest in &file.digests {
            write_line(&mut text, digest, &file.name, LineStyle::new(LineFormat::Tagged));
        }
    }
    one_list(file_name, text)
}

fn sri(file_name: &str, files: &[ReleaseFile], _: &[Url]) -> Lists {
    let mut object = Map::new();
    for file in files {
        let name = file.unicode_name()?;
        let words: Vec<String> =
            file.sound_digests().filter_map(|d| Notation::Sri.write(d).ok()).collect();
        if words.is_empty() {
            return Err(file.unlistable(NoAlgorithm));
        }
        object.insert(name.into(), json!({ "file": name, "integrity": words.join(" ") }));
    }
    one_list(file_name, pretty(&Value::Object(object)))
}

fn listed_json(file_name: &str, files: &[ReleaseFile], _: &[Url]) -> Lists {
    let asset = |file: &ReleaseFile| {
        let name = file.unicode_name()?;
        let best = file.sound_digests().next().or(file.digests.first());
        let best = best.ok_or_else(|| file.unlistable(NoAlgorithm))?;
        let hex = |d: &Digest| (d.hash_function().to_string(), json!(d.to_hex()));
        let all: Map<String, Value> = file.digests.iter().map(hex).collect();
        let digest = format!("{}:{best}", best.hash_function());
        Ok(json!({ "name": name, "size": file.size, "digest": digest, "digests": all }))
    };
    let assets = files.iter().map(asset).collect::<Result<Vec<Value>, UnlistableFile>>()?;
    one_list(file_name, pretty(&json!({ "assets": assets })))
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn metalink(file_name: &str, files: &[ReleaseFile], bases: &[Url]) -> Lists {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n  \
         <generator>hsum/{}</generator>\n",
        env!("CARGO_PKG_VERSION")
    );
    for file in files {
        let (name, size) = (file.xml_name()?, file.size);
        xml += &format!("  <file name=\"{}\">\n    <size>{size}</size>\n", escape(name));
        for digest in &file.digests {
            if let Some(kind) = metalink_type(digest) {
                xml += &format!("    <hash type=\"{kind}\">{digest}</hash>\n");
            }
        }
        for (base, priority) in bases.iter().zip(1..) {
            let url = url_below(base, name);
            let url = escape(url.as_str());
            xml += &format!("    <url priority=\"{priority}\">{url}</url>\n");
        }
        xml += "  </file>\n";
    }
    one_list(file_name, (xml + "</metalink>\n").into_bytes())
}

/// Returns the name of a digest's algorithm in Metalink.
fn metalink_type(digest: &Digest) -> Option<&'static str> {
    digest.hash_function().registered_name(Registry::Textual)
}

impl ReleaseFile {
    fn sound_digests(&self) -> impl Iterator<Item = &Digest> {
        self.digests.iter().filter(|digest| digest.algorithm().strength() == Strength::Sound)
    }

    fn unlistable(&self, reason: UnlistableReason) -> UnlistableFile {
        UnlistableFile { name: self.name.clone(), reason }
    }

    fn unicode_name(&self) -> Result<&str, UnlistableFile> {
        std::str::from_utf8(&self.name).map_err(|_| self.unlistable(NotUnicode))
    }

    /// Returns the name if Metalink can represent it and one of the digests.
    fn xml_name(&self) -> Result<&str, UnlistableFile> {
        let name = self.unicode_name()?;
        // XML 1.0, section 2.2.
        if name.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            return Err(self.unlistable(ControlCharacter));
        }
        if !self.digests.iter().any(|digest| metalink_type(digest).is_some()) {
            return Err(self.unlistable(NoAlgorithm));
        }
        Ok(name)
    }
}

/// Returns the URL of the file `name` below `base`, which may lack the final slash.
fn url_below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    // The caller's bases all have path segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(name.split('/'));
    }
    url
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::algorithm::Algorithm::{self, Blake3, Md5, Sha256, Sha512};
    use crate::hasher::digest;
    use crate::manifest::list::List;
    use crate::manifest::options::ListOptions;

    fn file(name: impl AsRef<[u8]>, algorithms: &[Algorithm]) -> ReleaseFile {
        let digests = algorithms.iter().map(|algorithm| digest(*algorithm, b"abc")).collect();
        ReleaseFile { name: name.as_ref().to_vec(), size: 3, digests }
    }

    /// Returns the first list of a format.
    fn text(format: ReleaseFormat, files: &[ReleaseFile]) -> String {
        let bases =
            ["https://a.example/d".parse().unwrap(), "http://b.example/d/".parse().unwrap()];
        String::from_utf8(format.write(files, &bases).unwrap().remove(0).text).unwrap()
    }

    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn checksum_files_are_written() {
        let files = [file("a b", &[Sha256, Md5]), file("d/c\n", &[Sha256, Md5])];
        let sums = text(ReleaseFormat::Sums, &files);
        assert_eq!(sums, format!("{SHA256}  a b\n\\{SHA256}  d/c\\n\n"));
        let bsd = text(ReleaseFormat::Bsd, &files[..1]);
        assert_eq!(bsd, format!("SHA256 (a b) = {SHA256}\nMD5 (a b) = {MD5}\n"));
    }

    #[test]
    fn json_and_integrity_are_written() {
        let files = [file("a\"", &[Md5, Sha256, Sha512])];
        let sri: Value = serde_json::from_str(&text(ReleaseFormat::Sri, &files)).unwrap();
        let [sha256, sha512] =
            [Sha256, Sha512].map(|algorithm| digest(algorithm, b"abc").to_base64());
        let integrity = format!("sha256-{sha256} sha512-{sha512}");
        assert_eq!(sri, json!({ "a\"": { "file": "a\"", "integrity": integrity } }));
        let list: Value = serde_json::from_str(&text(ReleaseFormat::Json, &files)).unwrap();
        let sha512 = digest(Sha512, b"abc").to_hex();
        let digests = json!({ "md5": MD5, "sha256": SHA256, "sha512": sha512 });
        let digest = format!("sha256:{SHA256}");
        let asset = json!({ "name": "a\"", "size": 3, "digest": digest, "digests": digests });
        assert_eq!(list, json!({ "assets": [asset] }));
    }

    #[test]
    fn a_metalink_is_written() {
        let files = [file("d/a & <b>\"%.iso", &[Sha256, Blake3, Md5])];
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n  \
             <generator>hsum/{}</generator>\n  \
             <file name=\"d/a &amp; &lt;b&gt;&quot;%.iso\">\n    \
             <size>3</size>\n    <hash type=\"sha-256\">{SHA256}</hash>\n    \
             <hash type=\"md5\">{MD5}</hash>\n    \
             <url priority=\"1\">https://a.example/d/d/a%20&amp;%20%3Cb%3E%22%25.iso</url>\n    \
             <url priority=\"2\">http://b.example/d/d/a%20&amp;%20%3Cb%3E%22%25.iso</url>\n  \
             </file>\n</metalink>\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(text(ReleaseFormat::Metalink, &files), expected);
    }

    #[test]
    fn every_list_is_read_back() {
        let files = [file("a b.iso", &[Sha256, Sha512]), file("d/c & \"ä\"", &[Sha256, Sha512])];
        let lists =
            ReleaseFormat::ALL.iter().map(|f| f.write(&files, &["ftp://h/d".parse().unwrap()]));
        for ReleaseList { file_name, text } in lists.flat_map(Result::unwrap).skip(1) {
            let options = ListOptions::new().name(PathBuf::from(&file_name));
            let mut found = BTreeSet::new();
            for listed in List::new(&text[..], options) {
                let entry = listed.entry.unwrap_or_else(|bad| panic!("{file_name}: {bad}"));
                let name = entry.path.to_str().unwrap().to_owned();
                found.extend(entry.digests().map(|digest| (name.clone(), digest.to_string())));
            }
            let best = digest(Sha512, b"abc").to_string();
            for file in &files {
                let name = String::from_utf8(file.name.clone()).unwrap();
                assert!(found.contains(&(name.clone(), best.clone())), "{file_name}: {found:?}");
            }
        }
    }

    #[test]
    fn a_file_that_a_format_cannot_represent_is_reported() {
        let reason = |format: ReleaseFormat, file: ReleaseFile| {
            format.write(&[file], &[]).map_err(|unlistable| unlistable.reason)
        };
        for format in [ReleaseFormat::Sri, ReleaseFormat::Metalink, ReleaseFormat::Json] {
            let odd = reason(format, file(b"\xff", &[Sha256]));
            assert_eq!(odd, Err(NotUnicode), "{format:?}");
        }
        let metalink = |name, algorithm| reason(ReleaseFormat::Metalink, file(name, &[algorithm]));
        assert_eq!(metalink("a\n", Sha256), Err(ControlCharacter));
        assert_eq!(metalink("a", Blake3), Err(NoAlgorithm));
        assert_eq!(reason(ReleaseFormat::Sri, file("a", &[Md5])), Err(NoAlgorithm));
        assert!(reason(ReleaseFormat::Bsd, file(b"\xff\n", &[Blake3])).is_ok());
    }

    #[test]
    fn names_of_lists_and_their_signatures_are_recognised() {
        for algorithm in Algorithm::ALL {
            let name = sums_name((*algorithm).into(), "SUMS");
            assert!(is_release_list(name.as_bytes()), "{name}");
            assert!(is_release_list(format!("{name}.minisig").as_bytes()));
        }
        assert!(is_release_list(b"BLAKE2B-256SUMS") && is_release_list(b"SHA512-256SUMS.asc"));
        for name in ["CHECKSUM", "integrity.json", "release.meta4", "checksums.json.sig"] {
            assert!(is_release_list(name.as_bytes()), "{name}");
        }
        for name in
            ["sha256sums", "SHA256SUMS.txt", "SUMS", "XSUMS", "a.sig", "sha256SUMS", "d/CHECKSUM"]
        {
            assert!(!is_release_list(name.as_bytes()), "{name}");
        }
    }
}
