use super::*;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

/// Creates the file `outside`, and `inside` with files and links of all kinds.
fn tree() -> (tempfile::TempDir, ConfinedDir) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("inside");
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(directory.path().join("outside"), "outside").unwrap();
    for name in ["file", "a/file", "a/b/file"] {
        fs::write(root.join(name), name).unwrap();
    }
    for (target, name) in [
        ("..", "up"),
        ("../outside", "out"),
        ("a/b", "down"),
        ("../file", "a/back"),
        ("b/../../a/./b//file", "a/around"),
        ("../../inside/file", "a/over"),
        ("/", "absolute"),
        ("loop", "loop"),
        ("nothing", "dangling"),
        ("/proc/self/cwd", "magic"),
        ("up", "to-up"),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    (directory, ConfinedDir::new(root).unwrap())
}

/// The contents of the file at a path, or the error.
type Expected = Result<&'static str, Errno>;

const NAMES: [(&str, Expected); 34] = [
    ("file", Ok("file")),
    ("a/file", Ok("a/file")),
    ("./a//b/./file", Ok("a/b/file")),
    ("a/../file", Ok("file")),
    ("a/b/../../a/b/file", Ok("a/b/file")),
    ("down/file", Ok("a/b/file")),
    ("down/../file", Ok("a/file")),
    ("a/back", Ok("file")),
    ("a/around", Ok("a/b/file")),
    ("..", Err(Errno::XDEV)),
    ("../outside", Err(Errno::XDEV)),
    ("../inside/file", Err(Errno::XDEV)),
    ("a/../../outside", Err(Errno::XDEV)),
    ("a/../..", Err(Errno::XDEV)),
    ("/", Err(Errno::XDEV)),
    ("/etc/passwd", Err(Errno::XDEV)),
    ("up/outside", Err(Errno::XDEV)),
    ("up/inside/file", Err(Errno::XDEV)),
    ("up", Err(Errno::XDEV)),
    ("to-up/outside", Err(Errno::XDEV)),
    ("out", Err(Errno::XDEV)),
    ("a/over", Err(Errno::XDEV)),
    ("absolute/etc/passwd", Err(Errno::XDEV)),
    ("absolute", Err(Errno::XDEV)),
    ("magic/x", Err(Errno::XDEV)),
    ("loop", Err(Errno::LOOP)),
    ("loop/x", Err(Errno::LOOP)),
    ("dangling", Err(Errno::NOENT)),
    ("none", Err(Errno::NOENT)),
    ("none/..", Err(Errno::NOENT)),
    ("", Err(Errno::NOENT)),
    ("file/", Err(Errno::NOTDIR)),
    ("file/x", Err(Errno::NOTDIR)),
    ("file/..", Err(Errno::NOTDIR)),
];

fn contents(file: OwnedFd) -> String {
    let mut text = String::new();
    fs::File::from(file).read_to_string(&mut text).unwrap();
    text
}

/// Opens a file without `openat2`, component by component.
fn open_by_components(confined: &ConfinedDir, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let (directory, last) = confined.resolve(Path::new(name), flags)?;
    let directory = directory.as_ref().map_or(confined.root.as_fd(), AsFd::as_fd);
    openat(directory, &*last, flags | OFlags::NOFOLLOW, Mode::empty())
}

#[test]
fn no_path_leads_outside() {
    let (_directory, confined) = tree();
    for (name, expected) in NAMES {
        let flags = OFlags::RDONLY;
        let opened = confined.open_at(Path::new(name), flags).map(contents);
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "{name}");
        let opened = open_by_components(&confined, name, flags).map(contents);
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "{name}, by components");
        let stat = confined.stat(Path::new(name), OFlags::empty());
        assert_eq!(stat.map(|stat| stat.st_size as usize), expected.map(str::len), "{name}");
    }
}

#[test]
fn no_component_may_be_a_link_with_nofollow() {
    let (_directory, confined) = tree();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
    for (name, expected) in [
        ("file", Ok("file")),
        ("a/b/file", Ok("a/b/file")),
        ("down/file", Err(Errno::LOOP)),
        ("a/back", Err(Errno::LOOP)),
        ("up", Err(Errno::LOOP)),
    ] {
        let opened = confined.open_at(Path::new(name), flags).map(contents);
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "{name}");
        let opened = open_by_components(&confined, name, flags).map(contents);
        assert_eq!(opened.as_deref().map_err(|error| *error), expected, "{name}, by components");
        let stat = confined.stat(Path::new(name), OFlags::NOFOLLOW);
        assert_eq!(stat.map(|stat| stat.st_size as usize), expected.map(str::len), "{name}");
    }
}

#[test]
fn the_directory_itself_can_be_opened() {
    let (_directory, confined) = tree();
    for name in [".", "./", "a/..", "a/b/../.."] {
        let inode = |file: OwnedFd| fstat(file).unwrap().st_ino;
        let root = fstat(&*confined.root).unwrap().st_ino;
        assert_eq!(
            confined.open_at(Path::new(name), OFlags::RDONLY).map(inode),
            Ok(root),
            "{name}"
        );
        assert_eq!(
            open_by_components(&confined, name, OFlags::RDONLY).map(inode),
            Ok(root),
            "{name}"
        );
    }
}

#[test]
fn long_paths_are_refused() {
    let (_directory, confined) = tree();
    let name = "a/../".repeat(1000) + "file";
    let error = Errno::NAMETOOLONG;
    assert_eq!(confined.open_at(Path::new(&name), OFlags::RDONLY).err(), Some(error));
    assert_eq!(open_by_components(&confined, &name, OFlags::RDONLY).err(), Some(error));
}
