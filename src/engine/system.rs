//! Linux system calls, and their replacements on other systems.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, retry_on_intr};

/// The result of a read that does not wait for the disk.
pub(super) enum Cached {
    /// The number of bytes read from the page cache; 0 is the end of the file.
    Bytes(usize),
    /// The bytes are not in the page cache; the system has started to fetch them.
    No,
    /// The file system does not support such reads.
    Unknown,
}

/// Opens a file for reading, without updating its access time if permitted.
pub(super) fn open(
    directory: BorrowedFd<'_>,
    name: &Path,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let open = |flags| retry_on_intr(|| openat(directory, name, flags, Mode::empty()));
    open_without_atime(flags, open)
}

/// Calls `open` with flags for reading, without updating the access time if permitted.
pub(super) fn open_without_atime(
    flags: OFlags,
    open: impl Fn(OFlags) -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | flags;
    #[cfg(target_os = "linux")]
    {
        /// Set at the first file of another user: only owners may use `O_NOATIME`.
        static REFUSED: AtomicBool = AtomicBool::new(false);
        if !REFUSED.load(Relaxed) {
            match open(flags | OFlags::NOATIME) {
                Err(Errno::PERM) => REFUSED.store(true, Relaxed),
                result => return result,
            }
        }
    }
    open(flags)
}

/// Reads bytes from `start` on if they are in the page cache; `device` is the file's.
#[cfg(target_os = "linux")]
pub(super) fn read_cached(
    file: BorrowedFd<'_>,
    device: u64,
    start: u64,
    buffer: &mut [u8],
) -> Result<Cached, Errno> {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::sync::atomic::AtomicU64;
    /// The last device found without support, so that it is not tried for each file; 0 is none.
    static UNSUPPORTED: AtomicU64 = AtomicU64::new(0);
    if device == UNSUPPORTED.load(Relaxed) {
        return Ok(Cached::Unknown);
    }
    let mut buffer = [std::io::IoSliceMut::new(buffer)];
    match retry_on_intr(|| preadv2(file, &mut buffer, start, ReadWriteFlags::NOWAIT)) {
        Ok(count) => Ok(Cached::Bytes(count)),
        Err(Errno::AGAIN) => Ok(Cached::No),
        Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS | Errno::SPIPE) => {
            UNSUPPORTED.store(device, Relaxed);
            Ok(Cached::Unknown)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read_cached(
    _: BorrowedFd<'_>,
    _: u64,
    _: u64,
    _: &mut [u8],
) -> Result<Cached, Errno> {
    Ok(Cached::Unknown)
}

/// Tells the system that the file is read from end to end, so that it reads further ahead.
pub(super) fn advise_sequential(file: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// Drops these bytes from the page cache, unless they have yet to be written to disk.
pub(super) fn drop_cached(file: BorrowedFd<'_>, start: u64, end: u64) {
    #[cfg(target_os = "linux")]
    {
        let length = std::num::NonZeroU64::new(end.saturating_sub(start));
        let _ = rustix::fs::fadvise(file, start, length, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, start, end);
}

/// Returns `true` if a device (`st_dev`) is known to be on a rotating disk.
///
/// Virtual disks do not count: hypervisors report all of them as rotating.
#[cfg(target_os = "linux")]
pub(super) fn is_rotational(device: u64) -> bool {
    use std::sync::Mutex;

    use crate::fs::lock::lock;

    static KNOWN: Mutex<Vec<(u64, bool)>> = Mutex::new(Vec::new());
    let mut known = lock(&KNOWN);
    if let Some((_, rotational)) = known.iter().find(|(of, _)| *of == device) {
        return *rotational;
    }
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let rotational = is_rotational_disk(Path::new(&format!("/sys/dev/block/{major}:{minor}")));
    known.push((device, rotational));
    rotational
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_rotational(_: u64) -> bool {
    false
}

/// Returns `true` if a file is on a network or FUSE file system, where reading waits for answers.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|stat| REMOTE.contains(&(stat.f_type as u32)))
}

/// Returns `true` if an open file is on a network or FUSE file system.
#[cfg(target_os = "linux")]
pub(super) fn is_remote_file(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|stat| REMOTE.contains(&(stat.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote_file(_: BorrowedFd<'_>) -> bool {
    false
}

/// Returns the size in bytes of a core's L2 cache; `None` if it is unknown.
pub(super) fn l2_cache() -> Option<usize> {
    // With index 0 and 1 for the L1 caches of data and instructions. The size ends with `K`.
    let size = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index2/size").ok()?;
    size.trim_end().strip_suffix('K')?.parse::<usize>().ok()?.checked_mul(1024)
}

/// Returns `true` if a file is on a local file system whose page cache holds what a read returns.
#[cfg(target_os = "linux")]
pub(super) fn is_local(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|stat| LOCAL.contains(&(stat.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_local(_: BorrowedFd<'_>) -> bool {
    false
}

/// Returns `true` if the file system reports the true sizes of regular files.
///
/// Those that generate contents on reading, such as /proc, report 0 or the size of a page.
#[cfg(target_os = "linux")]
pub(super) fn has_true_sizes(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|stat| !GENERATED.contains(&(stat.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn has_true_sizes(_: BorrowedFd<'_>) -> bool {
    true
}

/// The magic numbers (`linux/magic.h`) of file systems whose contents the kernel generates.
#[cfg(target_os = "linux")]
#[rustfmt::skip]
const GENERATED: [u32; 12] = [
    0x0000_9fa0, // proc
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup 2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xf97c_ff8c, // selinuxfs
    0x6265_6570, // configfs
    0xde5e_81e4, // efivarfs
    0x6165_676c, // pstore
    0xcafe_4a11, // bpf
];

/// The magic numbers (`linux/magic.h`) of network file systems and FUSE.
#[cfg(target_os = "linux")]
#[rustfmt::skip]
const REMOTE: [u32; 10] = [
    0x0000_6969, // NFS
    0x0000_517b, // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2 and 3
    0x6573_5546, // FUSE
    0x00c3_6400, // Ceph
    0x0102_1997, // 9P
    0x5346_414f, // AFS
    0x0bd0_0bd0, // Lustre
    0x7375_7245, // Coda
];

/// The magic numbers (`linux/magic.h`) of local file systems.
///
/// ZFS is absent: mapping a file copies it from its own cache to the page cache.
#[cfg(target_os = "linux")]
#[rustfmt::skip]
const LOCAL: [u32; 9] = [
    0x0000_ef53, // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0xf2f5_2010, // F2FS
    0xca45_1a4e, // bcachefs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlayfs
    0xe0f5_e1e2, // EROFS
    0x7371_7368, // SquashFS
];

/// Returns `true` if the disk, or the partition of a disk, with this directory in sysfs rotates.
#[cfg(target_os = "linux")]
fn is_rotational_disk(sysfs: &Path) -> bool {
    let of_disk = |name: &str| [sysfs.join(name), sysfs.join("..").join(name)];
    let is_set = |path: &Path| std::fs::read(path).is_ok_and(|text| text.starts_with(b"1"));
    let is_virtual = |path: &Path| {
        std::fs::read_link(path).is_ok_and(|bus| bus.ends_with("virtio") || bus.ends_with("xen"))
    };
    of_disk("queue/rotational").iter().any(|path| is_set(path))
        && !of_disk("device/subsystem").iter().any(|path| is_virtual(path))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn virtual_disks_are_not_rotational() {
        let sys = tempfile::tempdir().unwrap();
        for (disk, rotational, bus) in
            [("sda", "1\n", "scsi"), ("nvme", "0\n", "nvme"), ("vda", "1\n", "virtio")]
        {
            let directory = sys.path().join(disk);
            fs::create_dir_all(directory.join("queue")).unwrap();
            fs::create_dir_all(directory.join("device")).unwrap();
            fs::create_dir_all(directory.join("part1")).unwrap();
            fs::write(directory.join("queue/rotational"), rotational).unwrap();
            symlink(Path::new("../../../bus").join(bus), directory.join("device/subsystem"))
                .unwrap();
            // In sysfs, numbers are links to the devices.
            symlink(&directory, sys.path().join(format!("{disk}:0"))).unwrap();
            symlink(directory.join("part1"), sys.path().join(format!("{disk}:1"))).unwrap();
            for name in [format!("{disk}:0"), format!("{disk}:1")] {
                assert_eq!(is_rotational_disk(&sys.path().join(name)), disk == "sda", "{disk}");
            }
        }
        assert!(!is_rotational_disk(&sys.path().join("none")));
    }

    #[test]
    fn local_files_are_not_remote() {
        assert!(!is_remote(Path::new("/proc/self/stat")));
        assert!(!is_remote(Path::new("/none")));
    }
}
