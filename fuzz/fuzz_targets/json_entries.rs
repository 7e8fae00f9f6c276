//! No file that a JSON document names beside a digest-like field is dropped.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/notation/documents.rs"]
#[allow(dead_code)]
mod documents;

fuzz_target!(|bytes: &[u8]| documents::assert_kept(documents::json(bytes)));
