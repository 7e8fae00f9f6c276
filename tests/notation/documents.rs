//! JSON and TOML documents from arbitrary bytes, with a known number of files with digest-like fields.
//!
//! The fuzz targets use them too.

use hsum::manifest::{List, ListOptions};

const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

/// Names with and without a dot, a folder or a blank.
const NAMES: [&str; 6] = ["LICENSE", "a.txt", "d/b", "c d.zip", "x", "v1"];

/// Returns a digest-like key and its value: good, truncated, empty, null, nested and so on.
fn field(kind: u8, toml: bool) -> String {
    let pairs: [(&str, String); 23] = [
        ("sha256", format!("\"{SHA256}\"")),
        ("sha256", format!("\"{}\"", &SHA256[1..])),
        ("sha256", "\"\"".into()),
        ("digest", format!("\"sha256:{SHA256}\"")),
        ("digest", "\"sha256:abc\"".into()),
        ("checksum", "\"nonsense\"".into()),
        ("integrity", "\"sha512-abc\"".into()),
        ("sha256", format!("[\"{SHA256}\", \"{SHA256}\"]")),
        ("sha256", format!("[\"{SHA256}\", \"abc\"]")),
        ("sha256", "[]".into()),
        ("digest", object(&[("sha256", SHA256)], toml)),
        ("hashes", object(&[("sha256", "abc")], toml)),
        ("hashes", format!("[{}]", object(&[("alg", "SHA-256"), ("content", SHA256)], toml))),
        ("checksums", format!("[{}]", object(&[("alg", "MD5"), ("content", "0")], toml))),
        ("sha256sum", format!("\"{SHA256}\"")),
        ("sha256_hash", format!("\"{SHA256}\"")),
        ("sha256Hash", "\"\"".into()),
        ("md5sum", format!("\"{MD5}\"")),
        ("shasum", format!("\"{SHA256}\"")),
        ("whirlpool", "\"00\"".into()),
        ("crc32", "12345678".into()),
        ("sha-256", "true".into()),
        ("sha512", "[[\"a\"], 1]".into()),
    ];
    let (key, value) = &pairs[usize::from(kind) % pairs.len()];
    format!("{}{}{value}", quoted(key), if toml { " = " } else { ": " })
}

fn object(pairs: &[(&str, &str)], toml: bool) -> String {
    let is = if toml { " = " } else { ": " };
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("\"{k}\"{is}\"{v}\"")).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Returns the number of named files, and a document with them.
///
/// Two bytes select how a file is named and what its digest is like.
pub(crate) fn json(bytes: &[u8]) -> (usize, String) {
    let files: Vec<String> = bytes
        .chunks_exact(2)
        .enumerate()
        .map(|(i, pair)| {
            let digest = field(pair[1], false);
            let name = format!("{i}{}", NAMES[usize::from(pair[0]) % NAMES.len()]);
            match pair[0] % 7 {
                0 => format!("{{\"name\": \"{name}\", {digest}}}"),
                1 => format!("{{{digest}, \"filename\": \"{name}\"}}"),
                2 => format!("{{\"url\": \"https://h.example/{i}\", {digest}}}"),
                3 => format!("{{\"files\": {{\"{name}\": {{{digest}}}}}}}"),
                4 => format!("{{\"{name}\": {{\"size\": 3, {digest}}}}}"),
                5 => format!("[[{{\"a\": {{\"path\": \"{name}\", {digest}, \"b\": [1, null]}}}}]]"),
                _ => format!("{{\"files\": {{\"{name}\": \"abc\"}}, \"other\": {{\"x\": 1}}}}"),
            }
        })
        .collect();
    (files.len(), format!("[{{}}, {}]", files.join(", ")).replace("[{}, ]", "[{}]"))
}

/// Returns what [`json`] does, in TOML.
pub(crate) fn toml(bytes: &[u8]) -> (usize, String) {
    let mut text = String::from("[start]\n");
    let mut count = 0;
    for (i, pair) in bytes.chunks_exact(2).enumerate() {
        let digest = field(pair[1], true);
        let name = format!("{i}{}", NAMES[usize::from(pair[0]) % NAMES.len()]);
        count += 1;
        text += &match pair[0] % 6 {
            0 => format!("[[file]]\nname = \"{name}\"\n{digest}\n"),
            1 => format!("[[file]]\n{digest}\nfile = '{name}'\n"),
            2 => format!("[files.\"{name}\"]\nsize = 3\n{digest} # a comment\n"),
            3 => format!("[t{i}]\nlist = [\n  {{ path = \"{name}\", {digest} }}, # ]\n]\n"),
            4 => format!(
                "[t{i}]\nxz_url = \"https://h.example/{i}\"\nxz_{}\n",
                &digest[1..].replacen('"', "", 1)
            ),
            _ => format!("[t{i}]\n\"{name}\" = {{ {digest} }}\n"),
        };
    }
    (count, text)
}

/// Asserts that no file in a document is dropped.
pub(crate) fn assert_kept((named, text): (usize, String)) {
    let listed: Vec<_> = List::new(text.as_bytes(), ListOptions::new()).collect();
    let kept = listed.iter().filter(|l| l.entry.is_ok() || l.name.is_some()).count();
    assert!(kept >= named, "{kept} of {named}:\n{text}\n{listed:#?}");
}
