//! Media types, from the names of files.

/// The types of files that browsers show or that releases consist of, by the end of the name.
const TYPES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("asc", "application/pgp-signature"),
    ("bz2", "application/x-bzip2"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("deb", "application/vnd.debian.binary-package"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("md5", "text/plain; charset=utf-8"),
    ("meta4", "application/metalink4+xml"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rpm", "application/x-rpm"),
    ("sha256", "text/plain; charset=utf-8"),
    ("sha512", "text/plain; charset=utf-8"),
    ("sig", "application/pgp-signature"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tgz", "application/gzip"),
    ("toml", "application/toml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

/// The type of plain text, which the server's own answers have.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// Returns the media type of a file.
pub(crate) fn of(name: &[u8]) -> &'static str {
    if name.ends_with(b"SUMS") {
        return TEXT;
    }
    let base = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let dot = base.iter().rposition(|byte| *byte == b'.');
    let end = dot.and_then(|dot| str::from_utf8(base.get(dot + 1..)?).ok());
    let Some(end) = end.map(str::to_ascii_lowercase) else { return BYTES };
    let at = TYPES.binary_search_by(|(known, _)| (*known).cmp(&*end));
    at.ok().and_then(|at| TYPES.get(at)).map_or(BYTES, |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_the_end_of_the_name() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
        for (name, media_type) in [
            (&b"a.txt"[..], TEXT),
            (b"dir.txt/a", BYTES),
            (b"a.TAR.GZ", "application/gzip"),
            (b"gz", BYTES),
            (b"dir/gz", BYTES),
            (b"SHA256SUMS", TEXT),
            (b"a.\xff", BYTES),
            (b"a.exe", BYTES),
            (b"", BYTES),
        ] {
            assert_eq!(of(name), media_type, "{name:?}");
        }
    }
}
