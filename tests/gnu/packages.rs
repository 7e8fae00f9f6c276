//! A checksum file of another program: dpkg's digests of the files of 50 packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::scratch::Scratch;

#[test]
fn fifty_packages_are_as_they_were_installed() {
    let info = Path::new("/var/lib/dpkg/info");
    let Ok(entries) = fs::read_dir(info) else {
        eprintln!("skipped: there is no {}", info.display());
        return;
    };
    let is_list = |name: &Path| name.extension().is_some_and(|extension| extension == "md5sums");
    let mut lists: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    lists.retain(|path| is_list(path));
    lists.sort();
    let diversions = fs::read_to_string("/var/lib/dpkg/diversions").unwrap_or_default();
    let scratch = Scratch::new();
    let mut verified = 0;
    for list in lists.iter().step_by((lists.len() / 50).max(1)).take(50) {
        let run = |program: &Path| {
            Command::new(program)
                .args(["-c".as_ref(), list.as_os_str()])
                .current_dir("/")
                .env("LC_ALL", "C")
                .output()
                .unwrap()
        };
        let ours = run(&scratch.bin().join("md5sum"));
        let text = String::from_utf8_lossy(&ours.stdout).into_owned();
        verified += text.lines().filter(|line| line.ends_with(": OK")).count();
        // Small installations often lack documentation, which GNU's tool does not find either. All
        // files that exist must match, unless another package replaced them.
        let failed = text.lines().filter_map(|line| line.strip_suffix(": FAILED"));
        let wrong = failed
            .clone()
            .find(|file| !diversions.lines().any(|line| line.strip_prefix('/') == Some(file)));
        assert_eq!(wrong, None, "{}", list.display());
        let missing = text.lines().filter(|line| line.ends_with(": FAILED open or read")).count();
        let is_complete = missing + failed.count() == 0 && !text.is_empty();
        assert_eq!(ours.status.success(), is_complete, "{}", list.display());
    }
    assert!(verified > 100, "{verified}");
}
