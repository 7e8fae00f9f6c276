//! The floors of the house: a module refers only to what stands below it, or before it on its own floor.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The table. `name` is a module with all that is in it, `name::*` all that is in it but not
/// itself. On a floor, a module may refer to those before it in the row.
const FLOORS: [&[&str]; 6] = [
    &["error", "escape", "bounded", "kernel"],
    &["kernel::*", "external", "algorithm"],
    &["digest", "hasher", "lanes"],
    &["hmac", "notation", "manifest", "sign", "simd"],
    &["temporary", "atomic", "engine", "check", "snapshot", "fetch"],
    &["cli", "main"],
];

/// A module's place: its floor, and where it stands on it.
type Place = (usize, usize);

/// The row of the table that covers `module`, the most exact first.
fn place(module: &str) -> Option<Place> {
    let find = |name: &str| {
        FLOORS.iter().enumerate().find_map(|(floor, row)| {
            row.iter().position(|entry| *entry == name).map(|at| (floor, at))
        })
    };
    find(module).or_else(|| {
        let (parent, _) = module.rsplit_once("::")?;
        find(&format!("{parent}::*")).or_else(|| place(parent))
    })
}

/// The words, `::` and other characters of a source text, without comments and literals.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character; a lifetime has no quote after its first letter.
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if is_word(c) {
            let start = i;
            while is_word(at(i)) {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let hashes = (i..).take_while(|j| at(*j) == '#').count();
            if ["r", "br", "cr"].contains(&&*word) && at(i + hashes) == '"' {
                let end: Vec<char> = "\"".chars().chain("#".repeat(hashes).chars()).collect();
                i += hashes + 1;
                while i < chars.len() && !chars[i..].starts_with(&end) {
                    i += 1;
                }
                i += end.len();
            } else {
                tokens.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            tokens.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.into());
            }
            i += 1;
        }
    }
    tokens
}

/// Reads a path, or the tree of a `use`, that begins at `tokens[*at]`; each of its leaves as a
/// full path below `base`.
fn paths(tokens: &[String], at: &mut usize, base: &[String], found: &mut Vec<Vec<String>>) {
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    let mut path = base.to_vec();
    loop {
        match token(*at) {
            "{" => {
                *at += 1;
                while !matches!(token(*at), "}" | "") {
                    paths(tokens, at, &path, found);
                    // Past `as name` and the comma.
                    while !matches!(token(*at), "," | "}" | "") {
                        *at += 1;
                    }
                    if token(*at) == "," {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "super" => {
                path.pop();
            }
            "self" | "*" => {}
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(word.into());
            }
            _ => break,
        }
        *at += 1;
        if token(*at) != "::" {
            break;
        }
        *at += 1;
    }
    found.push(path);
}

/// What `source` refers to within its crate, as paths from the crate's root: through `crate::`,
/// `super::` and `self::`, in `use` and anywhere else.
fn references(module: &[String], source: &str) -> Vec<Vec<String>> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut here = module.to_vec();
    let mut depth = 0;
    let mut inner: Vec<i32> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let next = |n: usize| tokens.get(i + n).map_or("", String::as_str);
        let follows_path = i > 0 && tokens[i - 1] == "::";
        match &*tokens[i] {
            "mod" if next(2) == "{" => {
                here.push(tokens[i + 1].clone());
                inner.push(depth);
                depth += 1;
                i += 3;
            }
            "{" => {
                depth += 1;
                i += 1;
            }
            "}" => {
                depth -= 1;
                if inner.last() == Some(&depth) {
                    inner.pop();
                    here.pop();
                }
                i += 1;
            }
            "crate" if next(1) == "::" && !follows_path => {
                i += 2;
                paths(&tokens, &mut i, &[], &mut found);
            }
            "super" | "self" if next(1) == "::" && !follows_path => {
                paths(&tokens, &mut i, &here, &mut found);
            }
            _ => i += 1,
        }
    }
    found
}

/// The modules and re-exported names at a crate's root: name → module.
type Names = BTreeMap<String, String>;

/// Reads them out of the text of `lib.rs`.
fn root_names(source: &str) -> Names {
    let tokens = tokens(source);
    let mut names = Names::new();
    let mut i = 0;
    while i < tokens.len() {
        match &*tokens[i] {
            "mod" => {
                names.insert(tokens[i + 1].clone(), tokens[i + 1].clone());
                i += 2;
            }
            "use" => {
                let mut found = Vec::new();
                i += 1;
                paths(&tokens, &mut i, &[], &mut found);
                for path in found.into_iter().filter(|path| path.len() > 1) {
                    let module = path[..path.len() - 1].join("::");
                    names.insert(path[path.len() - 1].clone(), module);
                }
            }
            _ => i += 1,
        }
    }
    names
}

/// What is wrong with `module`: it has no place, or refers to what has none or stands above.
fn faults(module: &str, source: &str, names: &Names) -> Vec<String> {
    let Some(own) = place(module) else {
        return vec![format!("{module} has no place in the table of tests/floors.rs")];
    };
    let segments: Vec<String> = module.split("::").map(String::from).collect();
    let mut faults = Vec::new();
    for path in references(&segments, source) {
        // `super::*` in a module below the root: everything there is at the root.
        let Some(first) = path.first() else {
            faults.push(format!("{module} takes everything from the root"));
            continue;
        };
        let written = path.join("::");
        let full = match names.get(first) {
            Some(target) if target != first => target.clone(),
            _ => written.clone(),
        };
        let own_or_within = full == module || full.starts_with(&format!("{module}::"));
        match place(&full) {
            None => faults.push(format!("{module} → {written}: {first} has no place")),
            // Its own parts, as far as the table sets them no higher.
            Some(other) if own_or_within && other.0 <= own.0 => {}
            Some(other) if other > own => {
                let (from, to) = (own.0, other.0);
                faults.push(format!("{module} (floor {from}) → {written} (floor {to})"));
            }
            Some(_) => {}
        }
    }
    faults
}

/// Every source file below `directory`, with its module: `kernel::md5` for `kernel/md5.rs`.
fn sources(directory: &Path, prefix: &[String]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner = [prefix, std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            found.extend(sources(&path, &inner));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if stem == "mod" { prefix.join("::") } else { inner.join("::") };
            found.push((path, module));
        }
    }
    found
}

#[test]
fn nothing_refers_upwards() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = root_names(&fs::read_to_string(src.join("lib.rs")).unwrap());
    assert_eq!(names.get("Hasher").map(String::as_str), Some("hasher"), "lib.rs was not read");
    // The program's own root.
    names.insert("cli".into(), "cli".into());
    let all = sources(&src, &[]);
    assert!(all.len() > 10, "{all:?}");
    let mut wrong = Vec::new();
    for (path, module) in all.iter().filter(|(_, module)| module != "lib") {
        wrong.extend(faults(module, &fs::read_to_string(path).unwrap(), &names));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The library does not know the program: `hsum::` is for `main.rs` and `cli`.
#[test]
fn only_the_program_names_the_library_from_outside() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (path, module) in sources(&src, &[]) {
        if place(&module).is_some_and(|(floor, _)| floor == 5) {
            continue;
        }
        let tokens = tokens(&fs::read_to_string(&path).unwrap());
        let named = tokens.windows(2).any(|pair| pair[0] == "hsum" && pair[1] == "::");
        assert!(!named, "{} refers to hsum::", path.display());
    }
}

mod the_test_itself {
    use super::{Names, faults, root_names};

    fn names() -> Names {
        root_names(
            "mod digest; pub mod engine;\n// mod commented;\n\
             #[cfg(feature = \"fs\")]\npub use engine::{hash_file, order::Window as W};\n\
             pub use digest::Digest;",
        )
    }

    #[test]
    fn reads_the_root() {
        let names = names();
        let pairs: Vec<_> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("Digest", "digest"),
                ("Window", "engine::order"),
                ("digest", "digest"),
                ("engine", "engine"),
                ("hash_file", "engine"),
            ]
        );
    }

    #[test]
    fn finds_every_upward_reference() {
        let upward = [
            ("digest", "use crate::hasher::Hasher;"),
            ("digest", "use crate::{error::Error, hmac::Key};"),
            (
                "digest",
                "use crate::{\n    algorithm::{Algorithm, HashFunction},\n    cli as c,\n};",
            ),
            ("digest", "fn f() { crate::engine::run(); }"),
            ("digest", "fn f() -> crate::check::CheckVerdict { todo!() }"),
            ("digest", "use super::hasher::Hasher;"),
            ("digest", "mod inner { fn f() { super::super::hmac::sign(); } }"),
            ("digest", "mod inner { } use super::hasher;"),
            ("digest", "const Q: char = '\"'; use crate::hmac::Key; const R: char = '\"';"),
            ("digest", "fn f<'a>(x: &'a str) { crate::hmac::sign(x) }"),
            ("digest", "const S: &str = r#\"\"#; use crate::hmac::Key;"),
            ("digest", "macro_rules! m { () => { $crate::hmac::sign() } }"),
            ("digest", "use crate::hash_file;"),
            ("digest", "use crate::Window;"),
            ("digest", "pub(in crate::engine) fn f() {}"),
            ("digest", "use crate::*;"),
            ("algorithm", "use crate::digest::Digest;"),
            ("algorithm", "use crate::Digest;"),
            ("external", "use crate::algorithm::Algorithm;"),
            ("error", "use crate::kernel::Word;"),
            ("kernel", "use crate::kernel::md5::MD5;"),
            ("kernel", "use self::md5::MD5;"),
            ("kernel::md5", "use crate::algorithm::Algorithm;"),
            ("kernel::simd::avx2", "use crate::lanes::Job;"),
            ("hmac", "use crate::sign::Scheme;"),
            ("engine::walk", "use crate::check::CheckVerdict;"),
            ("check", "use crate::cli::Plan;"),
            ("cli::print", "fn f() { super::super::main::run() }"),
        ];
        for (module, source) in upward {
            assert_eq!(faults(module, source, &names()).len(), 1, "{module}: {source}");
        }
    }

    #[test]
    fn lets_downward_references_pass() {
        let downward = [
            ("digest", "use crate::algorithm::{self, Algorithm, MAX_LEN};"),
            ("hasher", "use crate::{Digest, digest::*, kernel::{Merkle, md5::MD5}};"),
            (
                "hasher",
                "//! [`Key`]: crate::hmac::Key\nuse crate::digest::Digest; // crate::cli::x",
            ),
            (
                "hasher",
                "/* crate::hmac /* nested */ crate::cli */ const S: &str = \"crate::cli::x\";",
            ),
            ("hasher", "const S: &str = r#\"\" crate::cli::x\"#; const B: u8 = b'\\'';"),
            ("hasher", "mod tests { use super::*; fn f() { self::g(); super::h() } }"),
            ("hasher", "use std::io; use other::crate_name::hmac; pub(crate) fn f(&self) {}"),
            ("kernel::md5", "use super::{ByteOrder, Merkle};"),
            ("kernel::simd::avx2", "use super::super::Word; use super::Tier;"),
            ("engine", "use self::walk::Walk; use crate::engine::read; use crate::hash_file;"),
            ("engine::walk", "use super::Plan; use crate::error::Error;"),
            ("check", "use crate::{engine, manifest::Entry};"),
            ("main", "use hsum::Algorithm; mod cli; use crate::cli::args;"),
            ("cli::plan", "use super::args::Args; use crate::cli::exit;"),
        ];
        for (module, source) in downward {
            assert_eq!(faults(module, source, &names()), [""; 0], "{module}: {source}");
        }
    }

    #[test]
    fn a_module_without_a_place_fails() {
        assert_eq!(faults("attic", "", &names()).len(), 1);
        assert_eq!(faults("digest", "use crate::attic::Box;", &names()).len(), 1);
        assert_eq!(faults("digest", "use crate::Unheard;", &names()).len(), 1);
    }
}
