//! What Linux offers beyond POSIX, and what is done without it elsewhere.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, retry_on_intr};

/// What reading without waiting came to.
pub(super) enum Cached {
    /// So many bytes, which were in the page cache; 0 is the end.
    Bytes(usize),
    /// They have to be fetched, which has begun.
    No,
    /// The system does not say for this file.
    Unknown,
}

/// Opens for reading, and leaves the time of the last access as it is where that is allowed.
pub(super) fn open(folder: BorrowedFd<'_>, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    quietly(flags, |flags| retry_on_intr(|| openat(folder, name, flags, Mode::empty())))
}

/// [`open`], by any way to open a file.
pub(super) fn quietly(
    flags: OFlags,
    open: impl Fn(OFlags) -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | flags;
    #[cfg(target_os = "linux")]
    {
        /// Somebody else's file was met: only its owner may leave no trace.
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

/// Reads from `start` on what is in the page cache; `device` is the file's.
#[cfg(target_os = "linux")]
pub(super) fn read_cached(
    file: BorrowedFd<'_>,
    device: u64,
    start: u64,
    room: &mut [u8],
) -> Result<Cached, Errno> {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::sync::atomic::AtomicU64;
    /// The device that last did not say, so as not to ask again with every file; 0 is none.
    static SILENT: AtomicU64 = AtomicU64::new(0);
    if device == SILENT.load(Relaxed) {
        return Ok(Cached::Unknown);
    }
    let mut room = [std::io::IoSliceMut::new(room)];
    match retry_on_intr(|| preadv2(file, &mut room, start, ReadWriteFlags::NOWAIT)) {
        Ok(count) => Ok(Cached::Bytes(count)),
        Err(Errno::AGAIN) => Ok(Cached::No),
        Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS | Errno::SPIPE) => {
            SILENT.store(device, Relaxed);
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

/// Says that the file will be read from end to end: the system reads further ahead.
pub(super) fn advise_sequential(file: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// Gives these bytes of the page cache back; those that were not written to disk yet stay.
pub(super) fn forget(file: BorrowedFd<'_>, start: u64, end: u64) {
    #[cfg(target_os = "linux")]
    {
        let length = std::num::NonZeroU64::new(end.saturating_sub(start));
        let _ = rustix::fs::fadvise(file, start, length, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, start, end);
}

/// Whether a head has to travel over the disk that this device (`st_dev`) is on. No, where the
/// system does not say; what a hypervisor says of a virtual disk is not to be believed.
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
    let rotational = looks_rotational(Path::new(&format!("/sys/dev/block/{major}:{minor}")));
    known.push((device, rotational));
    rotational
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_rotational(_: u64) -> bool {
    false
}

/// Whether a file comes over a network, or from another program (FUSE), so that whoever reads it waits
/// for answers. No, where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|facts| REMOTE.contains(&(facts.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    false
}

/// Returns `true` if the size of a regular file is the number of bytes that it holds. The kernel's
/// own file systems make up their contents when they are read, and sizes such as a page's.
#[cfg(target_os = "linux")]
pub(super) fn has_true_sizes(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|facts| !MADE_UP.contains(&(facts.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn has_true_sizes(_: BorrowedFd<'_>) -> bool {
    true
}

/// The magic numbers of file systems whose sizes are made up.
#[cfg(target_os = "linux")]
#[rustfmt::skip]
const MADE_UP: [u32; 12] = [
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

/// The magic numbers of statfs(2), and of the kernel's `linux/magic.h`.
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

/// By the system's folder of a disk, or of a partition, which lies in that of its disk.
#[cfg(target_os = "linux")]
fn looks_rotational(folder: &Path) -> bool {
    let of_disk = |name: &str| [folder.join(name), folder.join("..").join(name)];
    let says = |path: &Path| std::fs::read(path).is_ok_and(|text| text.starts_with(b"1"));
    let is_virtual = |path: &Path| {
        std::fs::read_link(path).is_ok_and(|bus| bus.ends_with("virtio") || bus.ends_with("xen"))
    };
    of_disk("queue/rotational").iter().any(|path| says(path))
        && !of_disk("device/subsystem").iter().any(|path| is_virtual(path))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn disks_and_their_partitions() {
        let sys = tempfile::tempdir().unwrap();
        for (disk, says, bus) in
            [("sda", "1\n", "scsi"), ("nvme", "0\n", "nvme"), ("vda", "1\n", "virtio")]
        {
            let folder = sys.path().join(disk);
            fs::create_dir_all(folder.join("queue")).unwrap();
            fs::create_dir_all(folder.join("device")).unwrap();
            fs::create_dir_all(folder.join("part1")).unwrap();
            fs::write(folder.join("queue/rotational"), says).unwrap();
            symlink(Path::new("../../../bus").join(bus), folder.join("device/subsystem")).unwrap();
            // The system names them by number, through links.
            symlink(&folder, sys.path().join(format!("{disk}:0"))).unwrap();
            symlink(folder.join("part1"), sys.path().join(format!("{disk}:1"))).unwrap();
            for name in [format!("{disk}:0"), format!("{disk}:1")] {
                assert_eq!(looks_rotational(&sys.path().join(name)), disk == "sda", "{disk}");
            }
        }
        assert!(!looks_rotational(&sys.path().join("none")));
    }

    #[test]
    fn what_is_here_is_not_remote() {
        assert!(!is_remote(Path::new("/proc/self/stat")));
        assert!(!is_remote(Path::new("/none")));
    }
}
