//! Public suffixes: domains such as `co.uk` and `github.io`, under which anyone can register.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The rules of the Public Suffix List, parsed on first use.
static RULES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("suffixes.txt").lines().collect());

/// Returns `true` if `domain`, in lower case and Punycode, is a public suffix.
///
/// A single label always is; `x.y` is too if the list has `*.x.y`, as in libpsl.
pub(super) fn is_public(domain: &str) -> bool {
    let Some((_, parent)) = domain.split_once('.') else { return true };
    let listed = [domain, &format!("*.{parent}"), &format!("*.{domain}")];
    listed.iter().any(|rule| RULES.contains(rule)) && !RULES.contains(&*format!("!{domain}"))
}

/// Returns `true` if `host`, its parent `domain`, or a domain between them is a public suffix.
///
/// The names below `domain` then have several owners: `s3.amazonaws.com` is a public suffix, so
/// cookies from `a.s3.amazonaws.com` are not accepted for `amazonaws.com`.
pub(super) fn is_shared(host: &str, domain: &str) -> bool {
    let mut name = host;
    while !is_public(name) {
        match name.split_once('.') {
            Some((_, parent)) if name.len() > domain.len() => name = parent,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the list's own tests, tests/test_psl.txt.
    #[test]
    fn suffixes_and_names_below_them() {
        let public = "com example uk.com co.uk ac.jp kyoto.jp ide.kyoto.jp c.kobe.jp test.ck kobe.jp \
            platformsh.site k12.ak.us github.io xn--55qx5d.cn s3.amazonaws.com";
        assert!(public.split(' ').all(is_public));
        let private = "example.com b.example.uk.com bbc.co.uk city.kobe.jp www.ck test.k12.ak.us \
            hsum.github.io xn--85x722f.xn--55qx5d.cn b.example";
        assert!(!private.split(' ').any(is_public));
        assert!(is_public(""));
    }
}
