//! Links at the names of files that are about to be written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The number of links in a chain at which it counts as a loop, as in Linux.
const MOST_LINKS: usize = 40;
/// The mode of a folder where everyone may create files, and remove only their own.
const STICKY: u32 = 0o1002;

/// Returns the folder of a file, which need not exist.
pub(crate) fn parent_folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path that the links at `path` lead to, which need not exist.
///
/// Does not follow a link that another user has put into a folder where everyone may create files.
pub fn resolve_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        if is_planted(&path) {
            break;
        }
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Returns `true` if another user has put the link into a folder where everyone may create files.
/// Such a link could make us overwrite our own files; Linux has fs.protected_symlinks against it.
fn is_planted(link: &Path) -> bool {
    match (fs::symlink_metadata(link), fs::metadata(parent_folder(link))) {
        (Ok(link), Ok(folder)) => {
            let ours = [rustix::process::geteuid().as_raw(), folder.uid()].contains(&link.uid());
            folder.mode() & STICKY == STICKY && !ours
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
    fn a_link_that_another_user_has_planted_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("target", &link).unwrap();
        let leads = |mode| {
            fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
            resolve_links(&link) != link
        };
        assert!(leads(0o1777));
        // Only root can make it another's.
        if lchown(&link, Some(65534), None).is_ok() {
            assert!(leads(0o755) && !leads(0o1777));
        }
    }
}
