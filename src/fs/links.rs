//! Symbolic links at paths that are about to be written to.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The maximum number of links followed, as on Linux.
const MAX_LINKS: usize = 40;
/// The mode bits of a directory such as /tmp: writable by everyone, and sticky.
const STICKY: u32 = 0o1002;

/// Returns the directory that contains `path`; `.` for a bare file name.
pub(crate) fn parent_directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Follows the symbolic links at `path`, whose target need not exist.
///
/// Stops at a link that another user has put into a directory where everyone may create files.
pub fn resolve_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        if is_planted(&path) {
            break;
        }
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Returns `true` if another user has put the link into a directory such as /tmp.
/// Following it could overwrite our own files (compare fs.protected_symlinks of Linux).
fn is_planted(link: &Path) -> bool {
    match (fs::symlink_metadata(link), fs::metadata(parent_directory(link))) {
        (Ok(link), Ok(directory)) => {
            let ours = [rustix::process::geteuid().as_raw(), directory.uid()].contains(&link.uid());
            directory.mode() & STICKY == STICKY && !ours
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    use super::*;

    #[test]
    fn links_of_other_users_in_sticky_directories_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        symlink("target", &link).unwrap();
        let leads = |mode| {
            fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
            resolve_links(&link) != link
        };
        assert!(leads(0o1777));
        // Only root can give the link to another user.
        if lchown(&link, Some(65534), None).is_ok() {
            assert!(leads(0o755) && !leads(0o1777));
        }
    }
}
