//! A release's files and digests → what is put beside them: lists, Subresource Integrity,
//! Metalink (RFC 5854) and JSON.

use std::fmt;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::{Map, Value, json};
use url::Url;

use crate::algorithm::{HashFunction, Registry, Strength};
use crate::digest::Digest;
use crate::manifest::{LineFormat, LineStyle, write_line};
use crate::notation::write::Notation;

/// A file of a release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Its path within the release, with slashes.
    pub name: Vec<u8>,
    /// Its length in bytes.
    pub size: u64,
    /// Its digests, of the same functions for every file.
    pub digests: Vec<Digest>,
}

/// What can be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    /// `SHA256SUMS` and the like: GNU lines of one function.
    Sums(HashFunction),
    /// `CHECKSUM`: BSD-tagged lines of every function.
    Bsd,
    /// `integrity.json`: Subresource Integrity, in the shape of Vite's manifests.
    Sri,
    /// `release.meta4`: Metalink, which says where the files are too.
    Metalink,
    /// `checksums.json`: names, sizes and digests, in the shape of GitHub's releases.
    Json,
}

impl Listing {
    /// The name of its file.
    ///
    /// ```
    /// use hsum::{Algorithm, fetch::publish::Listing};
    ///
    /// assert_eq!(Listing::Sums(Algorithm::Sha256.into()).file_name(), "SHA256SUMS");
    /// assert_eq!(Listing::Sums(Algorithm::Blake2b.into()).file_name(), "B2SUMS");
    /// ```
    pub fn file_name(self) -> String {
        match self {
            Self::Sums(function) => {
                let short = function.registered_name(Registry::Sums).map(str::to_owned);
                let name = short.unwrap_or_else(|| function.tag().to_string());
                format!("{}SUMS", name.to_uppercase().replace('/', "-"))
            }
            Self::Bsd => "CHECKSUM".into(),
            Self::Sri => "integrity.json".into(),
            Self::Metalink => "release.meta4".into(),
            Self::Json => "checksums.json".into(),
        }
    }

    /// What it holds for `files`, of which those of Metalink are below each of `bases`.
    ///
    /// # Errors
    /// [`Unlistable`] names the file that the format cannot hold.
    pub fn write(self, files: &[Published], bases: &[Url]) -> Result<Vec<u8>, Unlistable> {
        match self {
            Self::Sums(function) => Ok(sums(files, function)),
            Self::Bsd => Ok(bsd(files)),
            Self::Sri => sri(files),
            Self::Metalink => metalink(files, bases),
            Self::Json => listed_json(files),
        }
    }
}

/// Whether a name at the top of a release is one of a listing of any function, or of a signature
/// over one: none of these are listed.
pub fn is_own(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    let signatures = [".asc", ".sig", ".gpg", ".sign", ".minisig"];
    let name = signatures.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let others = [Listing::Bsd, Listing::Sri, Listing::Metalink, Listing::Json];
    let function = name.strip_suffix("SUMS").and_then(|tag| tag.parse::<HashFunction>().ok());
    others.iter().any(|listing| listing.file_name() == name)
        || function.is_some_and(|function| Listing::Sums(function).file_name() == name)
}

/// A file that a format has no way to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unlistable {
    /// The file's name.
    pub name: Vec<u8>,
    /// Why.
    pub reason: Unwritable,
}

/// Why a file cannot be written in a format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unwritable {
    /// Its name is not Unicode.
    NotUnicode,
    /// Its name holds control characters.
    Control,
    /// The format has no name for any of its digests' algorithms.
    NoAlgorithm,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUnicode => "the name is not UTF-8",
            Self::Control => "the name holds control characters",
            Self::NoAlgorithm => "the format has no name for any of the algorithms",
        })
    }
}

fn sums(files: &[Published], function: HashFunction) -> Vec<u8> {
    let mut list = Vec::new();
    for file in files {
        for digest in file.digests.iter().filter(|digest| digest.hash_function() == function) {
            write_line(&mut list, digest, &file.name, LineStyle::default());
        }
    }
    list
}

fn bsd(files: &[Published]) -> Vec<u8> {
    let style = LineStyle::new(LineFormat::Tagged);
    let mut list = Vec::new();
    for file in files {
        file.digests.iter().for_each(|digest| write_line(&mut list, digest, &file.name, style));
    }
    list
}

fn sri(files: &[Published]) -> Result<Vec<u8>, Unlistable> {
    let mut object = Map::new();
    for file in files {
        let name = file.unicode_name()?;
        let sound = file.digests.iter().filter(|d| d.algorithm().strength() == Strength::Sound);
        let words: Vec<String> = sound.filter_map(|d| Notation::Sri.write(d).ok()).collect();
        if words.is_empty() {
            return Err(file.unlistable(Unwritable::NoAlgorithm));
        }
        object.insert(name.into(), json!({ "file": name, "integrity": words.join(" ") }));
    }
    Ok(pretty(&Value::Object(object)))
}

fn listed_json(files: &[Published]) -> Result<Vec<u8>, Unlistable> {
    let asset = |file: &Published| {
        let name = file.unicode_name()?;
        let is_sound = |digest: &&Digest| digest.algorithm().strength() == Strength::Sound;
        let best = file.digests.iter().find(is_sound).or(file.digests.first());
        let best = best.ok_or_else(|| file.unlistable(Unwritable::NoAlgorithm))?;
        let hex = |d: &Digest| (d.hash_function().to_string(), json!(d.to_hex()));
        let all: Map<String, Value> = file.digests.iter().map(hex).collect();
        let digest = format!("{}:{best}", best.hash_function());
        Ok(json!({ "name": name, "size": file.size, "digest": digest, "digests": all }))
    };
    let assets = files.iter().map(asset).collect::<Result<Vec<Value>, Unlistable>>()?;
    Ok(pretty(&json!({ "assets": assets })))
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn metalink(files: &[Published], bases: &[Url]) -> Result<Vec<u8>, Unlistable> {
    let names: Vec<&str> =
        files.iter().map(|file| file.xml_name()).collect::<Result<_, Unlistable>>()?;
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = || -> std::io::Result<Vec<u8>> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = writer.create_element("metalink");
        let root = root.with_attribute(("xmlns", "urn:ietf:params:xml:ns:metalink"));
        root.write_inner_content(|writer| {
            let generator = concat!("hsum/", env!("CARGO_PKG_VERSION"));
            writer.create_element("generator").write_text_content(BytesText::new(generator))?;
            for (file, name) in files.iter().zip(&names) {
                let element = writer.create_element("file").with_attribute(("name", *name));
                element.write_inner_content(|writer| file.write_metalink(writer, name, bases))?;
            }
            Ok(())
        })?;
        let mut text = writer.into_inner();
        text.push(b'\n');
        Ok(text)
    };
    Ok(written().expect("writing to memory cannot fail"))
}

impl Published {
    fn write_metalink(
        &self,
        writer: &mut Writer<Vec<u8>>,
        name: &str,
        bases: &[Url],
    ) -> std::io::Result<()> {
        let size = self.size.to_string();
        writer.create_element("size").write_text_content(BytesText::new(&size))?;
        for digest in &self.digests {
            if let Some(kind) = digest.hash_function().registered_name(Registry::Textual) {
                let hash = writer.create_element("hash").with_attribute(("type", kind));
                hash.write_text_content(BytesText::new(&digest.to_hex()))?;
            }
        }
        for (base, priority) in bases.iter().zip(1..) {
            let priority = format!("{priority}");
            let url = writer.create_element("url").with_attribute(("priority", &*priority));
            url.write_text_content(BytesText::new(below(base, name).as_str()))?;
        }
        Ok(())
    }

    fn unlistable(&self, reason: Unwritable) -> Unlistable {
        Unlistable { name: self.name.clone(), reason }
    }

    fn unicode_name(&self) -> Result<&str, Unlistable> {
        std::str::from_utf8(&self.name).map_err(|_| self.unlistable(Unwritable::NotUnicode))
    }

    /// The name, where XML can hold it and one of the digests.
    fn xml_name(&self) -> Result<&str, Unlistable> {
        let name = self.unicode_name()?;
        // XML 1.0, section 2.2.
        if name.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            return Err(self.unlistable(Unwritable::Control));
        }
        if !self
            .digests
            .iter()
            .any(|digest| digest.hash_function().registered_name(Registry::Textual).is_some())
        {
            return Err(self.unlistable(Unwritable::NoAlgorithm));
        }
        Ok(name)
    }
}

/// The URL of a file below a folder's, whether that ends with a slash or not.
fn below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    // Only a URL that cannot be a base has no segments; the caller has none of these.
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
    use crate::manifest::{List, ListOptions};

    fn file(name: impl AsRef<[u8]>, algorithms: &[Algorithm]) -> Published {
        let digests = algorithms.iter().map(|algorithm| digest(*algorithm, b"abc")).collect();
        Published { name: name.as_ref().to_vec(), size: 3, digests }
    }

    fn text(listing: Listing, files: &[Published]) -> String {
        let bases =
            ["https://a.example/d".parse().unwrap(), "http://b.example/d/".parse().unwrap()];
        String::from_utf8(listing.write(files, &bases).unwrap()).unwrap()
    }

    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn lists() {
        let files = [file("a b", &[Sha256, Md5]), file("d/c\n", &[Sha256, Md5])];
        let sums = text(Listing::Sums(Sha256.into()), &files);
        assert_eq!(sums, format!("{SHA256}  a b\n\\{SHA256}  d/c\\n\n"));
        let bsd = text(Listing::Bsd, &files[..1]);
        assert_eq!(bsd, format!("SHA256 (a b) = {SHA256}\nMD5 (a b) = {MD5}\n"));
    }

    #[test]
    fn json_and_integrity() {
        let files = [file("a\"", &[Md5, Sha256, Sha512])];
        let sri: Value = serde_json::from_str(&text(Listing::Sri, &files)).unwrap();
        let [sha256, sha512] =
            [Sha256, Sha512].map(|algorithm| digest(algorithm, b"abc").to_base64());
        let integrity = format!("sha256-{sha256} sha512-{sha512}");
        assert_eq!(sri, json!({ "a\"": { "file": "a\"", "integrity": integrity } }));
        let list: Value = serde_json::from_str(&text(Listing::Json, &files)).unwrap();
        let sha512 = digest(Sha512, b"abc").to_hex();
        let digests = json!({ "md5": MD5, "sha256": SHA256, "sha512": sha512 });
        let digest = format!("sha256:{SHA256}");
        let asset = json!({ "name": "a\"", "size": 3, "digest": digest, "digests": digests });
        assert_eq!(list, json!({ "assets": [asset] }));
    }

    #[test]
    fn metalinks() {
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
        assert_eq!(text(Listing::Metalink, &files), expected);
    }

    #[test]
    fn every_listing_is_read_back() {
        let files = [file("a b.iso", &[Sha256, Sha512]), file("d/c & \"ä\"", &[Sha256, Sha512])];
        for listing in [
            Listing::Sums(Sha512.into()),
            Listing::Bsd,
            Listing::Sri,
            Listing::Json,
            Listing::Metalink,
        ] {
            let hint = ListOptions::new().name(PathBuf::from(listing.file_name()));
            let text = listing.write(&files, &["ftp://h/d".parse().unwrap()]).unwrap();
            let mut found = BTreeSet::new();
            for listed in List::new(&text[..], hint) {
                let entry = listed.entry.unwrap_or_else(|bad| panic!("{listing:?}: {bad}"));
                let name = entry.path.to_str().unwrap().to_owned();
                found.extend(entry.digests().map(|digest| (name.clone(), digest.to_string())));
            }
            let best = digest(Sha512, b"abc").to_string();
            for file in &files {
                let name = String::from_utf8(file.name.clone()).unwrap();
                assert!(
                    found.contains(&(name.clone(), best.clone())),
                    "{listing:?}: {name}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn what_a_format_cannot_hold() {
        let reason = |listing: Listing, file: Published| {
            listing.write(&[file], &[]).map_err(|unlistable| unlistable.reason)
        };
        for listing in [Listing::Sri, Listing::Metalink, Listing::Json] {
            let odd = reason(listing, file(b"\xff", &[Sha256]));
            assert_eq!(odd, Err(Unwritable::NotUnicode), "{listing:?}");
        }
        assert_eq!(reason(Listing::Metalink, file("a\n", &[Sha256])), Err(Unwritable::Control));
        assert_eq!(reason(Listing::Metalink, file("a", &[Blake3])), Err(Unwritable::NoAlgorithm));
        assert_eq!(reason(Listing::Sri, file("a", &[Md5])), Err(Unwritable::NoAlgorithm));
        assert!(reason(Listing::Bsd, file(b"\xff\n", &[Blake3])).is_ok());
    }

    #[test]
    fn its_own_names() {
        for algorithm in Algorithm::ALL {
            let name = Listing::Sums((*algorithm).into()).file_name();
            assert!(is_own(name.as_bytes()), "{name}");
            assert!(is_own(format!("{name}.minisig").as_bytes()));
        }
        assert!(is_own(b"BLAKE2B-256SUMS") && is_own(b"SHA512-256SUMS.asc"));
        for name in ["CHECKSUM", "integrity.json", "release.meta4", "checksums.json.sig"] {
            assert!(is_own(name.as_bytes()), "{name}");
        }
        for name in
            ["sha256sums", "SHA256SUMS.txt", "SUMS", "XSUMS", "a.sig", "sha256SUMS", "d/CHECKSUM"]
        {
            assert!(!is_own(name.as_bytes()), "{name}");
        }
    }
}
