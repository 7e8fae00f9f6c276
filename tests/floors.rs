//! The import graph of `src`, file by file: no file imports one that imports it, directly or through
//! others, and no module imports from a layer above its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, Macro, UseTree, VisRestricted};

/// The layers of docs/architecture.md, lowest first. A module imports from lower layers, and from
/// modules to its left in its own.
const LAYERS: [&[&str]; 7] = [
    &["error", "setters", "text", "fs"],
    &["kernel", "external", "algorithm", "digest"],
    &["hasher", "lanes", "hmac", "rustcrypto", "simd"],
    &["notation", "manifest", "sign"],
    &["engine", "check", "snapshot"],
    &["net", "trust", "fetch"],
    &["lib", "internals", "cli", "main", "server", "server_main"],
];

/// Names from the crate's root down: `["lib", "engine", "walk"]`, with `main` instead of `lib` for
/// the modules of the program.
type ModulePath = Vec<String>;

/// Imports: file → imported file → the names taken from it.
type Graph = BTreeMap<ModulePath, BTreeMap<ModulePath, BTreeSet<String>>>;

/// Every source file below `src` by its module path.
fn source_files(src: &Path) -> BTreeMap<ModulePath, PathBuf> {
    let mut files = BTreeMap::new();
    let mut folders = vec![src.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.insert(module_path(path.strip_prefix(src).expect("path is in src")), path);
            }
        }
    }
    files
}

/// Returns the module path of a file, given relative to `src`.
fn module_path(file: &Path) -> ModulePath {
    let file = file.with_extension("");
    let mut names: ModulePath =
        file.iter().map(|name| name.to_str().expect("names are UTF-8").to_owned()).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    let is_program = ["main", "cli", "server", "server_main"].contains(&&*names[0]);
    if names != ["main"] && names != ["lib"] {
        names.insert(0, if is_program { "main" } else { "lib" }.into());
    }
    names
}

/// The imports of one file.
struct Imports<'a> {
    files: &'a BTreeMap<ModulePath, PathBuf>,
    /// Macro name → the file with its `macro_rules!`.
    macros: &'a HashMap<String, ModulePath>,
    file: ModulePath,
    /// The file's module path, followed by the inline modules around the current item.
    module: ModulePath,
    /// Name → full path, for each name that a `use` of this file binds.
    bound: HashMap<String, ModulePath>,
    found: BTreeMap<ModulePath, BTreeSet<String>>,
}

impl Imports<'_> {
    /// Resolves a path to full names from a crate's root; `None` for names of other crates and of this file.
    fn resolve(&self, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        let mut full = match first.as_str() {
            "crate" => vec![self.module[0].clone()],
            "hsum" if self.module[0] == "main" => vec!["lib".into()],
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len() - 1].to_vec(),
            name => match self.bound.get(name) {
                Some(full) => full.clone(),
                None => {
                    let child = [&self.module[..], &[name.to_owned()]].concat();
                    self.files.contains_key(&child).then_some(child)?
                }
            },
        };
        for name in rest {
            match name.as_str() {
                "super" => drop(full.pop()),
                "self" | "*" => {}
                name => full.push(name.into()),
            }
        }
        Some(full)
    }

    /// Records an import of the file that holds the end of `full`.
    fn record(&mut self, full: &[String]) {
        let Some(length) = (1..=full.len()).rev().find(|n| self.files.contains_key(&full[..*n]))
        else {
            return;
        };
        if full[..length] != self.file {
            let name = full.get(length).map_or("(module)", |name| name);
            self.found.entry(full[..length].to_vec()).or_default().insert(name.to_owned());
        }
    }

    /// Records a path in an expression, a type or a macro.
    fn path(&mut self, path: &[String]) {
        // A single name is a local one, or bound by a `use` that is recorded already.
        if path.len() > 1
            && let Some(full) = self.resolve(path)
        {
            self.record(&full);
        }
    }

    /// Records the paths in the arguments of a macro, which have no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.path(&path);
                        path.clear();
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.path(&path);
                    path.clear();
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.path(&path);
    }
}

/// Lists the leaves of a `use` tree: the path, and the name that it binds.
fn leaves(tree: &UseTree, prefix: &[String], found: &mut Vec<(ModulePath, String)>) {
    let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((prefix.to_vec(), prefix.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => found.push((with(&name.ident), name.ident.to_string())),
        UseTree::Rename(rename) => found.push((with(&rename.ident), rename.rename.to_string())),
        UseTree::Glob(_) => found.push(([prefix, &["*".into()]].concat(), "*".into())),
        UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, prefix, found);
            }
        }
    }
}

/// Collects the names that the `use` items of a file bind, so that later paths can start with them.
struct Bindings<'a, 'b>(&'a mut Imports<'b>);

impl<'ast> Visit<'ast> for Bindings<'_, '_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.0.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.0.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut found = Vec::new();
        leaves(&item.tree, &[], &mut found);
        for (path, name) in found {
            if let Some(full) = self.0.resolve(&path) {
                self.0.record(&full);
                self.0.bound.insert(name, full);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.path(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        let name = item.path.segments.last().map(|part| part.ident.to_string());
        if let Some(file) = name.and_then(|name| self.macros.get(&name).cloned()) {
            self.record(&file);
        }
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone());
    }

    /// `pub(super)` imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

/// Reads the import graph of the sources below `src`.
fn import_graph(src: &Path) -> Graph {
    let files = source_files(src);
    let parsed: BTreeMap<_, _> = files
        .iter()
        .map(|(module, path)| {
            let text = fs::read_to_string(path).expect("sources are readable");
            (module, syn::parse_file(&text).unwrap_or_else(|error| panic!("{path:?}: {error}")))
        })
        .collect();
    let mut macros = HashMap::new();
    for (module, file) in &parsed {
        for item in &file.items {
            if let Item::Macro(item) = item
                && let Some(name) = &item.ident
            {
                macros.insert(name.to_string(), (*module).clone());
            }
        }
    }
    parsed
        .iter()
        .map(|(module, file)| {
            let mut imports = Imports {
                files: &files,
                macros: &macros,
                file: (*module).clone(),
                module: (*module).clone(),
                bound: HashMap::new(),
                found: BTreeMap::new(),
            };
            Bindings(&mut imports).visit_file(file);
            imports.visit_file(file);
            ((*module).clone(), imports.found)
        })
        .collect()
}

/// Returns every file that `from` reaches by imports.
fn reachable<'a>(graph: &'a Graph, from: &ModulePath) -> BTreeSet<&'a ModulePath> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = graph[from].keys().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(graph[file].keys());
        }
    }
    reached
}

/// Describes each import that is part of a cycle: `a -> b: names`.
fn cycles(graph: &Graph) -> Vec<String> {
    let reached: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let imports = graph.iter().flat_map(|(from, imports)| imports.iter().map(move |to| (from, to)));
    imports
        .filter(|(from, (to, _))| reached[to].contains(from))
        .map(|(from, (to, names))| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            format!("{} -> {}: {}", from.join("::"), to.join("::"), names.join(", "))
        })
        .collect()
}

/// Returns the layer of a file and its place in the layer.
fn layer(file: &ModulePath) -> (usize, usize) {
    let name = file.get(1).unwrap_or(&file[0]);
    let find = |(layer, row): (usize, &&[&str])| {
        row.iter().position(|module| module == name).map(|at| (layer, at))
    };
    LAYERS.iter().enumerate().find_map(find).unwrap_or_else(|| {
        panic!("{name} is in no layer: add it to LAYERS and docs/architecture.md")
    })
}

/// Describes each import from a layer above.
fn upward_imports(graph: &Graph) -> Vec<String> {
    let imports = graph.iter().flat_map(|(from, imports)| imports.keys().map(move |to| (from, to)));
    imports
        .filter(|(from, to)| layer(to) > layer(from))
        .map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::")))
        .collect()
}

/// Lists the names of public types that are declared more than once, outside `main`.
fn colliding_type_names(src: &Path) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, path) in source_files(src).iter().filter(|(module, _)| module[0] == "lib") {
        let text = fs::read_to_string(path).expect("sources are readable");
        for item in syn::parse_file(&text).expect("sources are Rust").items {
            let (vis, name) = match &item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                _ => continue,
            };
            if matches!(vis, syn::Visibility::Public(_)) {
                places.entry(name.to_string()).or_default().push(module.join("::"));
            }
        }
    }
    places
        .into_iter()
        .filter(|(_, modules)| modules.len() > 1)
        .map(|(name, modules)| format!("{name}: {}", modules.join(", ")))
        .collect()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_file_is_part_of_an_import_cycle() {
    let found = cycles(&import_graph(&src()));
    assert!(found.is_empty(), "imports in cycles:\n{}", found.join("\n"));
}

#[test]
fn no_import_points_to_a_layer_above() {
    let found = upward_imports(&import_graph(&src()));
    assert!(found.is_empty(), "imports from above:\n{}", found.join("\n"));
}

#[test]
fn no_two_public_types_share_a_name() {
    let found = colliding_type_names(&src());
    assert!(found.is_empty(), "public types with one name:\n{}", found.join("\n"));
}

/// Files as names and texts.
type Sources<'a> = &'a [(&'a str, &'a str)];

/// Returns the number of imports in cycles when each file has the given text.
fn cycles_of(files: Sources<'_>) -> usize {
    let src = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = src.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    cycles(&import_graph(src.path())).len()
}

#[test]
fn planted_cycles_are_found() {
    let leaf = "pub struct Leaf;";
    let table: [(&str, usize, Sources<'_>); 9] = [
        (
            "none",
            0,
            &[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::Leaf;"), ("b.rs", leaf)],
        ),
        ("two files", 2, &[("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")]),
        (
            "three files",
            3,
            &[
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "use crate::c::C;"),
                ("c.rs", "use crate::a::A;"),
            ],
        ),
        ("parent and child", 2, &[("a.rs", "mod b; use b::B;"), ("a/b.rs", "use super::A;")]),
        (
            "inline paths",
            2,
            &[("a.rs", "fn f() { crate::b::f() }"), ("b.rs", "type B = super::a::A;")],
        ),
        (
            "names bound by use",
            2,
            &[
                ("a.rs", "mod b; mod c; fn f() { c::f() }"),
                ("a/b.rs", ""),
                ("a/c.rs", "use crate::a as top; fn f() { top::f() }"),
            ],
        ),
        (
            "arguments of macros",
            2,
            &[("a.rs", "fn f() { assert!(g(&[crate::b::X])) }"), ("b.rs", "use crate::a::A;")],
        ),
        (
            "macros",
            2,
            &[("a.rs", "macro_rules! rows { () => {} } use crate::b::B;"), ("b.rs", "rows! {}")],
        ),
        (
            "re-exports of the root",
            2,
            &[("lib.rs", "mod a; pub use a::A;"), ("a.rs", "use crate::A as Other;")],
        ),
    ];
    for (case, expected, files) in table {
        assert_eq!(cycles_of(files), expected, "{case}");
    }
}
