//! A thousand random edits of a tree, with each report compared with a model's.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use hsum::snapshot::{self, AcceptRot, SnapshotOptions, TreeShare};

use crate::model::{self, Item, State, short};
use crate::support::Numbers;
use crate::tree::{Tree, state_of};

const EDITS: usize = 1000;

/// A source of random edits.
struct Editor {
    tree: Tree,
    numbers: Numbers,
    made: u64,
}

impl Editor {
    fn new(seed: u64) -> Self {
        let mut editor = Self { tree: Tree::new(), numbers: Numbers::new(seed), made: 0 };
        for _ in 0..40 {
            editor.add();
        }
        editor
    }

    /// Returns one of a few names, so that removed names reappear.
    fn new_name(&mut self) -> String {
        loop {
            let depth = self.numbers.below(3);
            let mut name = String::new();
            for _ in 0..depth {
                name += ["a/", "a.b/", "b/", "c/"][self.numbers.below(4)];
            }
            name += &format!(
                "{}{}",
                ["f", "a", "b.", "x-"][self.numbers.below(4)],
                self.numbers.below(6)
            );
            let path = self.tree.path(&name);
            let above_is_free = path.ancestors().skip(1).all(|p| p.is_dir() || !p.exists());
            if above_is_free && path.symlink_metadata().is_err() {
                return name;
            }
        }
    }

    fn any(&mut self, wanted: impl Fn(&Item) -> bool) -> Option<(String, Item)> {
        let state = state_of(&self.tree.root());
        let mut all: Vec<_> = state.into_iter().filter(|(_, item)| wanted(item)).collect();
        if all.is_empty() {
            return None;
        }
        let at = self.numbers.below(all.len());
        Some(all.swap_remove(at))
    }

    fn any_file(&mut self) -> Option<(String, Vec<u8>)> {
        match self.any(|item| matches!(item, Item::File { .. }))? {
            (name, Item::File { contents, .. }) => Some((name, contents)),
            _ => None,
        }
    }

    fn contents(&mut self) -> Vec<u8> {
        self.made += 1;
        match self.numbers.below(8) {
            0 => Vec::new(),
            1 => vec![b'x'; self.numbers.below(3) + 1],
            // Unique contents of one of a few lengths.
            _ => format!("{:0width$}", self.made, width = 8 + self.numbers.below(2)).into(),
        }
    }

    fn add(&mut self) {
        let (name, contents) = (self.new_name(), self.contents());
        self.tree.write(&name, contents);
    }

    fn free_path(&mut self, name: &str) -> std::path::PathBuf {
        let path = self.tree.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn edit(&mut self) -> Option<()> {
        match self.numbers.below(12) {
            0 | 1 => {
                let (name, _) = self.any_file()?;
                let contents = self.contents();
                self.tree.write(&name, contents);
            }
            2 => {
                let (name, mut contents) = self.any_file()?;
                let at = contents.len().checked_sub(1)?;
                contents[at] ^= 1 << self.numbers.below(8);
                self.tree.rot(&name, contents);
            }
            3 | 4 => {
                let (name, _) = self.any(|_| true)?;
                let to = self.new_name();
                let to = self.free_path(&to);
                fs::rename(self.tree.path(&name), to).unwrap();
            }
            5 => {
                // Onto another file.
                let (name, _) = self.any(|_| true)?;
                let (to, _) = self.any(|_| true)?;
                fs::rename(self.tree.path(&name), self.tree.path(&to)).unwrap();
            }
            6 => {
                let (name, contents) = self.any_file()?;
                let to = self.new_name();
                self.tree.write(&to, contents);
                if self.numbers.below(2) == 0 {
                    let modified = fs::metadata(self.tree.path(&name)).unwrap().modified();
                    let file = fs::File::open(self.tree.path(&to)).unwrap();
                    file.set_modified(modified.unwrap()).unwrap();
                }
            }
            7 => {
                let (name, _) = self.any(|_| true)?;
                fs::remove_file(self.tree.path(&name)).unwrap();
            }
            8 => self.add(),
            9 => {
                // Rename a directory.
                let (name, _) = self.any(|_| true)?;
                let (folder, _) = name.split_once('/')?;
                let to = ["a", "a.b", "b", "c", "d"][self.numbers.below(5)];
                if self.tree.path(to).symlink_metadata().is_ok() {
                    return None;
                }
                fs::rename(self.tree.path(folder), self.tree.path(to)).unwrap();
            }
            10 => {
                // Swap two files.
                let ((one, _), (two, _)) = (self.any(|_| true)?, self.any(|_| true)?);
                let [one, two, aside] = [&*one, &*two, "aside"].map(|name| self.tree.path(name));
                fs::rename(&one, &aside).unwrap();
                if two.symlink_metadata().is_ok() {
                    fs::rename(&two, &one).unwrap();
                }
                fs::rename(&aside, &two).unwrap();
            }
            _ => {
                let name = self.new_name();
                let target = ["f1", "a/f2", "nowhere"][self.numbers.below(3)];
                symlink(target, self.free_path(&name)).unwrap();
            }
        }
        Some(())
    }
}

/// The model of a record.
struct Recorded {
    state: State,
    to_read_again: BTreeSet<String>,
}

impl Recorded {
    /// Updates the record to the state that an update has seen.
    fn update(&mut self, seen: State, accept: &AcceptRot) {
        let found = model::expected(&self.state, &seen);
        let rotted: BTreeSet<String> = found
            .into_iter()
            .filter(|(_, what, _)| *what == "ROTTED" && *accept == AcceptRot::Nothing)
            .map(|(name, ..)| name)
            .collect();
        let kept = |(name, item): (String, Item)| {
            let item = if rotted.contains(&name) { self.state[&name].clone() } else { item };
            (name, item)
        };
        self.state = seen.into_iter().map(kept).collect();
        self.to_read_again = rotted;
    }
}

#[test]
fn every_report_matches_the_model() {
    let mut editor = Editor::new(0x5eed);
    editor.tree.take(&SnapshotOptions::default());
    let state = state_of(&editor.tree.root());
    let mut recorded = Recorded { state, to_read_again: BTreeSet::new() };
    let mut seen_kinds = BTreeSet::new();
    let mut edits = 0;
    while edits < EDITS {
        edits += usize::from(editor.edit().is_some());
        let now = state_of(&editor.tree.root());
        let expected = model::expected(&recorded.state, &now);
        assert_eq!(short(&editor.tree.audit()), expected, "audit after {edits} edits");
        seen_kinds.extend(expected.iter().map(|(_, what, _)| *what));

        if editor.numbers.below(8) == 0 {
            let old = editor.tree.record();
            let (options, seen, accept) = match editor.numbers.below(4) {
                0 => {
                    let options = SnapshotOptions::default()
                        .verify_oldest(TreeShare::percent(100.0).unwrap());
                    (options, now, AcceptRot::Nothing)
                }
                1 => {
                    let options = SnapshotOptions::default().accept_rot(AcceptRot::Everything);
                    (options, now, AcceptRot::Everything)
                }
                _ => {
                    let seen = model::seen(&recorded.state, &now, &recorded.to_read_again);
                    (SnapshotOptions::default(), seen, AcceptRot::Nothing)
                }
            };
            let expected = model::expected(&recorded.state, &seen);
            let report = editor.tree.update(&options.allow_missing(true));
            let printed = |(name, what, other): &(String, &'static str, Option<String>)| {
                let is_accepted = *what == "ROTTED" && accept == AcceptRot::Everything;
                (name.clone(), if is_accepted { "ACCEPTED" } else { *what }, other.clone())
            };
            let said: Vec<_> = expected.iter().map(printed).collect();
            assert_eq!(short(&report.findings), said, "update after {edits} edits");
            let before = recorded.state.clone();
            recorded.update(seen, &accept);
            let between = snapshot::diff(&old, &editor.tree.record()).unwrap();
            // A rotted file has its old digest in both records.
            let expected = model::expected(&before, &recorded.state);
            assert_eq!(short(&between), expected, "diff after {edits} edits");
        }
    }
    let all = ["CHANGED", "DUPLICATE", "MISSING", "MOVED", "NEW", "ROTTED"];
    assert_eq!(seen_kinds.into_iter().collect::<Vec<_>>(), all);
    assert_eq!(editor.tree.dir.names(), ["record", "tree"]);
}
