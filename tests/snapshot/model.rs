//! A model of the findings, computed from the contents themselves in a slow and simple way.

use std::collections::{BTreeMap, BTreeSet};

use hsum::snapshot::{FileChange, Finding};

/// A file or a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    File { contents: Vec<u8>, time: (i64, i64), changed: (i64, i64), inode: u64 },
    Link(Vec<u8>),
}

impl Item {
    fn same(&self, other: &Item) -> bool {
        match (self, other) {
            (Self::File { contents: a, .. }, Self::File { contents: b, .. }) => a == b,
            (Self::Link(a), Self::Link(b)) => a == b,
            _ => false,
        }
    }

    fn is_empty_file(&self) -> bool {
        matches!(self, Self::File { contents, .. } if contents.is_empty())
    }

    /// Returns `true` if it is the same file with rotted contents.
    fn rots_to(&self, other: &Item) -> bool {
        match (self, other) {
            (Self::File { inode: a, .. }, Self::File { inode: b, .. }) => {
                a == b && self.looks_like(other) && !self.same(other)
            }
            _ => false,
        }
    }

    /// Returns `true` if both are files of the same size and time.
    fn looks_like(&self, other: &Item) -> bool {
        match (self, other) {
            (Self::File { contents: a, time: s, .. }, Self::File { contents: b, time: t, .. }) => {
                a.len() == b.len() && s == t
            }
            _ => false,
        }
    }
}

pub(crate) type State = BTreeMap<String, Item>;

/// A finding: its name, its status and the other name.
pub(crate) type Short = (String, &'static str, Option<String>);

pub(crate) fn short(findings: &[Finding]) -> Vec<Short> {
    let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
    let one = |finding: &Finding| {
        let (what, other) = match &finding.change {
            FileChange::Changed => ("CHANGED", None),
            FileChange::Rotted => ("ROTTED", None),
            FileChange::Accepted => ("ACCEPTED", None),
            FileChange::New => ("NEW", None),
            FileChange::Missing => ("MISSING", None),
            FileChange::Moved { from } => ("MOVED", Some(text(from))),
            FileChange::Duplicate { of } => ("DUPLICATE", Some(text(of))),
        };
        (text(&finding.name), what, other)
    };
    findings.iter().map(one).collect()
}

/// Sorts names by the order of a walk: component by component.
fn in_order<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut names: Vec<&String> = names.collect();
    names.sort_by_key(|name| name.split('/').map(str::as_bytes).collect::<Vec<_>>());
    names
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}

/// Returns the findings about a tree that was `old` and is `new`.
pub(crate) fn expected(old: &State, new: &State) -> Vec<Short> {
    let stays = |name: &String| match (old.get(name), new.get(name)) {
        (Some(old), Some(new)) => old.same(new),
        _ => false,
    };
    let rots = |name: &String| match (old.get(name), new.get(name)) {
        (Some(old), Some(new)) => old.rots_to(new),
        _ => false,
    };
    let left: Vec<&String> = in_order(old.keys()).into_iter().filter(|n| !stays(n)).collect();
    let came: Vec<&String> = in_order(new.keys()).into_iter().filter(|n| !stays(n)).collect();

    // The moves: pairs with the same last component first.
    let mut from: BTreeMap<&String, &String> = BTreeMap::new();
    let mut taken: BTreeSet<&String> = BTreeSet::new();
    for alike in [true, false] {
        for name in &came {
            if from.contains_key(*name) || rots(name) {
                continue;
            }
            let fits = |old_name: &&&String| {
                !taken.contains(**old_name)
                    && !rots(old_name)
                    && old[**old_name].same(&new[*name])
                    && if alike {
                        last(old_name) == last(name)
                    } else {
                        !new[*name].is_empty_file()
                    }
            };
            if let Some(old_name) = left.iter().find(fits) {
                taken.insert(old_name);
                from.insert(name, old_name);
            }
        }
    }

    let mut found: Vec<Short> = Vec::new();
    for name in in_order(new.keys()) {
        if stays(name) {
            continue;
        }
        let old_is_lost = old.contains_key(name) && !taken.contains(name);
        if let Some(old_name) = from.get(name) {
            if old_is_lost {
                found.push((name.clone(), "CHANGED", None));
            }
            found.push((name.clone(), "MOVED", Some((*old_name).clone())));
        } else if old_is_lost {
            let rotted = old[name].looks_like(&new[name]);
            found.push((name.clone(), if rotted { "ROTTED" } else { "CHANGED" }, None));
        } else {
            let is_there = |other: &&&String| {
                let known = stays(other) || from.contains_key(**other);
                known && new[**other].same(&new[name])
            };
            let file = matches!(new[name], Item::File { .. }) && !new[name].is_empty_file();
            let names = in_order(new.keys());
            match names.iter().find(is_there).filter(|_| file) {
                Some(of) => found.push((name.clone(), "DUPLICATE", Some((*of).clone()))),
                None => found.push((name.clone(), "NEW", None)),
            }
        }
    }
    for name in left {
        if !new.contains_key(name) && !taken.contains(name) {
            found.push((name.clone(), "MISSING", None));
        }
    }
    found.sort_by_key(|(name, what, _)| {
        (name.split('/').map(|part| part.as_bytes().to_vec()).collect::<Vec<_>>(), *what)
    });
    found
}

/// Returns the state that an update sees, which does not read files of unchanged metadata.
pub(crate) fn seen(old: &State, new: &State, to_read_again: &BTreeSet<String>) -> State {
    let look = |(name, item): (&String, &Item)| {
        let unseen = match (old.get(name), item) {
            (Some(before), Item::File { inode, changed, .. }) => {
                before.looks_like(item)
                    && matches!(before, Item::File { inode: i, changed: c, .. }
                        if i == inode && c == changed)
                    && !to_read_again.contains(name)
            }
            _ => false,
        };
        (name.clone(), if unseen { old[name].clone() } else { item.clone() })
    };
    new.iter().map(look).collect()
}
