//! JSON output: docs/json.md and docs/schema hold for every verb.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the reasons in `src`: the words that functions called `reason` or `io_reason` return.
fn reasons() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("UTF-8");
            for function in
                text.split("fn reason(").skip(1).chain(text.split("fn io_reason(").skip(1))
            {
                let end = function.find("\n    }\n").or_else(|| function.find("\n}\n"));
                let body = &function[..end.expect("a function ends")];
                let words = body.split("=> \"").skip(1).filter_map(|rest| rest.split_once('"'));
                let words = words.map(|(word, _)| word.to_owned()).collect();
                found.push((path.display().to_string(), words));
            }
        }
    }
    found
}

#[test]
fn reasons_are_distinct_kebab_case_words_of_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let page = fs::read_to_string(page).expect("docs/json.md");
    let found = reasons();
    assert!(found.len() >= 8, "{found:?}");
    for (file, words) in found {
        for word in &words {
            let is_kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(word.chars().all(is_kebab), "{file}: {word}");
            assert!(page.contains(&format!("`{word}`")), "docs/json.md lacks {word} of {file}");
        }
        let distinct: BTreeSet<_> = words.iter().collect();
        assert!(distinct.len() == words.len(), "{file}: {words:?}");
    }
}
