//! Programs that do only what hashing needs, without hashing: they are the limits of its speed.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{ptr, slice, thread};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The bytes mapped at once.
const WINDOW: usize = 2 << 20;
/// The bytes of a cache line.
const LINE: usize = 64;

/// Opens, reads and closes the listed files.
pub(crate) fn read(threads: usize, list: &Path) {
    let list = fs::read_to_string(list).expect("reading the list");
    let names: Vec<&str> = list.lines().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut room = vec![0; 128 * 1024];
        while let Some(name) = names.get(next.fetch_add(1, Relaxed)) {
            let mut file = File::open(name).expect("opening a file");
            while file.read(&mut room).expect("reading a file") > 0 {}
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

/// Maps the listed files, and reads a byte of every cache line.
pub(crate) fn touch(threads: usize, list: &Path) {
    let list = fs::read_to_string(list).expect("reading the list");
    let open = |name| {
        let file = File::open(name).expect("opening a file");
        let len = file.metadata().expect("the size of a file").len() as usize;
        (file, len)
    };
    let files: Vec<(File, usize)> = list.lines().map(open).collect();
    let windows: Vec<(&File, usize, usize)> = files
        .iter()
        .flat_map(|(file, len)| {
            let starts = (0..*len).step_by(WINDOW);
            starts.map(move |start| (file, start, WINDOW.min(len - start)))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((file, start, len)) = windows.get(next.fetch_add(1, Relaxed)) {
            touch_window(file, *start, *len);
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

fn touch_window(file: &File, start: usize, len: usize) {
    let flags = MapFlags::SHARED | MapFlags::POPULATE;
    // SAFETY: the kernel chooses a free address, and the benchmark's files do not change.
    let bytes = unsafe {
        let address = mmap(ptr::null_mut(), len, ProtFlags::READ, flags, file, start as u64);
        slice::from_raw_parts(address.expect("mapping a file").cast::<u8>(), len)
    };
    let lines = bytes.chunks(LINE).map(|line| u64::from(line[0]));
    black_box(lines.fold(0, u64::wrapping_add));
    // SAFETY: the mapping of above, which nothing uses any more.
    unsafe { munmap(bytes.as_ptr().cast_mut().cast(), len) }.expect("unmapping a file");
}
