//! Any bytes are a checksum file of some format: no panic, and no name of a confined format leads out of
//! the directory. The first byte selects the start of the list, so that every format is reached.
#![no_main]

use std::io::BufReader;

use hsum::manifest::{List, ListOptions, leads_outside, parse_sfv_line};
use libfuzzer_sys::fuzz_target;

const BEGINNINGS: [&str; 20] = [
    "",
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n",
    "untrusted comment: x\nRWT\n",
    "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n",
    "DIST a 3 MD5 900150983cd24fb0d6963f7d28e17f72\n",
    "MD5 hash of file x:\n",
    "Algorithm : MD5\n",
    "Algorithm       Hash      Path\n",
    "\"Algorithm\",\"Hash\",\"Path\"\n",
    "Origin: x\nMD5Sum:\n",
    "Package: x\n",
    "TIMESTAMP = 1\n",
    "pkgname=x\nsource=(a)\n",
    "md5sums=\"\n",
    "[[package]]\nname = \"x\"\n",
    "x: 90 01 50 98\n",
    "{\"name\": \"x\", ",
    "<metalink><file name=\"x\"><hash type=\"md5\">",
    "; sfv\n",
    "\u{feff}",
];

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (beginning, wide, rest) = input;
    let beginning = BEGINNINGS[usize::from(beginning) % BEGINNINGS.len()];
    let mut text = [beginning.as_bytes(), rest].concat();
    if wide {
        let units = String::from_utf8_lossy(&text).into_owned();
        text = b"\xff\xfe".to_vec();
        text.extend(units.encode_utf16().flat_map(u16::to_le_bytes));
    }
    let options = ListOptions::new().name(std::path::PathBuf::from("x.iso.sha256"));
    let mut list = List::new(BufReader::with_capacity(16, &text[..]), options);
    let may_lead_outside = !list.format().is_confined();
    let mut items = 0;
    for listed in list.by_ref() {
        items += 1;
        if let Ok(entry) = listed.entry {
            assert!(!entry.path.as_os_str().is_empty());
            assert!(may_lead_outside || !leads_outside(&entry.path));
            let functions: Vec<_> = entry.digests().map(|digest| digest.hash_function()).collect();
            assert!((1..functions.len()).all(|i| !functions[..i].contains(&functions[i])));
        }
    }
    assert!(items <= text.len() + 1);
    for line in rest.split(|byte| *byte == b'\n') {
        let _ = parse_sfv_line(line);
    }
});
