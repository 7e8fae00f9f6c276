//! Windows of files mapped into memory, whose faults are values instead of signals.
//!
//! Accessing a mapped page raises the signal `SIGBUS` if the page cannot be read, or if the file was
//! truncated before it. The handler installed here replaces the window by zeros and marks it as torn.
//! The caller then discards what it computed from the window, and reads the file to learn the cause.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};
use std::{mem, ptr, slice};

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use rustix::param::page_size;

/// Proof that the process handles faults of mapped files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FaultHandler(());

impl FaultHandler {
    /// Installs a process-wide handler for `SIGBUS`, unless this was done before.
    ///
    /// The handler acts on faults in files that this crate has mapped, such as after a truncation.
    /// It passes all others to the handler that was installed before it, by default the end of the
    /// process. A handler that is installed later must do the same.
    ///
    /// # Errors
    /// If the system refuses the handler; on 32-bit systems, whose address space is too small, and on
    /// systems other than Linux.
    pub fn install() -> io::Result<Self> {
        static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
        if !cfg!(all(target_os = "linux", target_pointer_width = "64")) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let installed = INSTALLED
            .get_or_init(|| install().map_err(|error| error.raw_os_error().unwrap_or_default()));
        installed.map(|()| Self(())).map_err(io::Error::from_raw_os_error)
    }
}

/// The handler that was installed before.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

fn install() -> io::Result<()> {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_fault;
    // SAFETY: `sigaction` is a C struct for which zeros are valid values, and both calls get valid
    // pointers. The handler only calls functions that may be called in handlers.
    unsafe {
        let mut previous: libc::sigaction = mem::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), &mut previous) != 0 {
            return Err(io::Error::last_os_error());
        }
        // Set before the handler can run, which reads it.
        let _ = PREVIOUS.set(previous);
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        match libc::sigaction(libc::SIGBUS, &action, ptr::null_mut()) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the system passes a valid `info`, and its address is set for faults, whose code is
    // positive.
    let (is_fault, address) = unsafe { ((*info).si_code > 0, (*info).si_addr() as usize) };
    if is_fault && SLOTS.iter().any(|slot| slot.patch(address)) {
        return;
    }
    let Some(previous) = PREVIOUS.get() else { return };
    // SAFETY: `previous` came from `sigaction`. After the return, a fault repeats itself and reaches
    // the previous handler; a signal that another process sent does not, so it is raised again.
    unsafe {
        libc::sigaction(signal, previous, ptr::null_mut());
        if !is_fault {
            libc::raise(signal);
        }
    }
}

/// The maximum number of windows of a process; files beyond it are read. 64 threads with 64 files.
const MAX_WINDOWS: usize = 4096;

/// The windows that are mapped, for the handler, which may neither lock nor allocate.
static SLOTS: [Slot; MAX_WINDOWS] = [const { Slot::new() }; MAX_WINDOWS];

/// A place for the addresses of a window.
struct Slot {
    is_taken: AtomicBool,
    /// The packed [`Pages`], or 0. One value, because the handler must not see half of a change.
    pages: AtomicU64,
    is_torn: AtomicBool,
}

impl Slot {
    const fn new() -> Self {
        let (is_taken, is_torn) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { is_taken, pages: AtomicU64::new(0), is_torn }
    }

    /// Returns a slot that was free.
    fn take() -> Option<&'static Self> {
        /// The number of the slot after the last one taken, which is probably free.
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let first = NEXT.fetch_add(1, Relaxed);
        let mut slots = (0..MAX_WINDOWS).map(|i| &SLOTS[first.wrapping_add(i) % MAX_WINDOWS]);
        slots.find(|slot| !slot.is_taken.swap(true, Acquire))
    }

    fn set(&self, pages: Pages) {
        self.is_torn.store(false, Relaxed);
        self.pages.store(pages.pack(), Release);
    }

    fn free(&self) {
        self.pages.store(0, Relaxed);
        self.is_taken.store(false, Release);
    }

    /// Puts zeros in the place of the window if it contains `address`; returns `true` if it does.
    fn patch(&self, address: usize) -> bool {
        let pages = Pages::unpack(self.pages.load(Acquire));
        if address.wrapping_sub(pages.start) >= pages.length {
            return false;
        }
        self.is_torn.store(true, Release);
        let flags = MapFlags::PRIVATE | MapFlags::FIXED;
        let start = pages.start as *mut c_void;
        // SAFETY: the window that contains the address is being read, so it stays mapped during the
        // call. Windows that other threads unmap meanwhile do not contain it.
        unsafe { mmap_anonymous(start, pages.length, ProtFlags::READ, flags) }.is_ok()
    }
}

/// Whole pages of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pages {
    start: usize,
    length: usize,
}

impl Pages {
    /// The smallest page size. Windows begin at pages, and end with them.
    const PAGE: usize = 4096;
    /// The number of bits for the length in pages; addresses have at most 57 bits.
    const LENGTH_BITS: u32 = 19;
    const MAX_LENGTH: usize = ((1 << Self::LENGTH_BITS) - 1) * Self::PAGE;

    fn pack(self) -> u64 {
        let (start, pages) = (self.start / Self::PAGE, self.length.div_ceil(Self::PAGE));
        (start as u64) << Self::LENGTH_BITS | pages as u64
    }

    fn unpack(packed: u64) -> Self {
        let pages = packed as usize & ((1 << Self::LENGTH_BITS) - 1);
        let start = (packed >> Self::LENGTH_BITS) as usize * Self::PAGE;
        Self { start, length: pages * Self::PAGE }
    }
}

/// A part of a file that is mapped into memory.
pub(crate) struct Window {
    slot: &'static Slot,
    start: *mut c_void,
    length: NonZeroUsize,
    /// The position in the file of the first byte.
    offset: u64,
}

// SAFETY: the window is only read, and its memory is not bound to a thread.
unsafe impl Send for Window {}
// SAFETY: as above.
unsafe impl Sync for Window {}

impl Window {
    /// Maps up to `length` bytes of `file` from `offset` on, a multiple of the page size.
    ///
    /// Returns `None` if that is not possible.
    pub(crate) fn map(
        _: FaultHandler,
        file: BorrowedFd<'_>,
        offset: u64,
        length: usize,
    ) -> Option<Self> {
        let length = NonZeroUsize::new(length.min(Pages::MAX_LENGTH))?;
        let slot = Slot::take()?;
        // SAFETY: a new mapping at an address that the system chooses affects no other memory.
        let mapped = unsafe {
            mmap(ptr::null_mut(), length.get(), ProtFlags::READ, MapFlags::SHARED, file, offset)
        };
        let Ok(start) = mapped else {
            slot.free();
            return None;
        };
        slot.set(Pages { start: start as usize, length: length.get() });
        Some(Self { slot, start, length, offset })
    }

    /// Returns the bytes, which change when the file does. Only values may depend on them, never what
    /// memory is accessed.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the range is mapped until `self` is dropped, and the handler keeps it readable. Other
        // processes may write to the file meanwhile; the kernels compute with the bytes and cannot
        // tell, as BLAKE3's `update_mmap` and others assume.
        unsafe { slice::from_raw_parts(self.start.cast(), self.length.get()) }
    }

    /// Returns the positions of the bytes in the file.
    pub(crate) fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.length.get() as u64
    }

    /// Returns `true` if some bytes could not be read; they are zeros.
    pub(crate) fn is_torn(&self) -> bool {
        self.slot.is_torn.load(Acquire)
    }

    /// Reads a byte of each page, so that a thread that reads them later does not wait for the system.
    pub(crate) fn load(&self) {
        let pages = self.bytes().chunks(page_size());
        std::hint::black_box(pages.fold(0, |sum, page| sum ^ page[0]));
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // First, because another thread may map a window to the address as soon as it is unmapped: a
        // fault in that window must not be taken for one in this.
        self.slot.free();
        // SAFETY: the range is that of `map`, and `bytes` lent it no longer than `self` lived.
        let _ = unsafe { munmap(self.start, self.length.get()) };
    }
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    fn map(file: &std::fs::File, length: usize) -> Window {
        Window::map(FaultHandler::install().unwrap(), file.as_fd(), 0, length).unwrap()
    }

    #[test]
    fn a_truncated_window_is_torn_and_reads_as_zeros() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 100_000]).unwrap();
        let window = map(&file, 100_000);
        let other = map(&file, 4096);
        assert_eq!(window.bytes(), [1; 100_000]);
        assert!(!window.is_torn());
        file.set_len(5000).unwrap();
        assert_eq!(window.bytes()[99_999], 0);
        assert!(window.is_torn());
        assert!(!other.is_torn());
        assert_eq!(other.bytes(), [1; 4096]);
    }

    /// Windows of other threads get the addresses of those that are dropped.
    #[test]
    fn the_window_that_faults_is_torn() {
        let tear = || {
            for _ in 0..500 {
                let file = tempfile::tempfile().unwrap();
                file.set_len(1 << 16).unwrap();
                let window = map(&file, 1 << 16);
                file.set_len(0).unwrap();
                assert_eq!(window.bytes()[0], 0);
                assert!(window.is_torn());
            }
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(tear))));
    }

    #[test]
    fn slots_are_free_again() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(4096).unwrap();
        for _ in 0..2 * MAX_WINDOWS {
            assert_eq!(map(&file, 4096).bytes()[4095], 0);
        }
    }

    #[test]
    fn ranges_are_packed_in_pages() {
        for (start, length) in [(0x7fff_ffff_f000, 4096), (1 << 56, Pages::MAX_LENGTH)] {
            let pages = Pages { start, length };
            assert_eq!(Pages::unpack(pages.pack()), pages);
        }
        let partial = Pages { start: 1 << 20, length: 4097 };
        assert_eq!(Pages::unpack(partial.pack()).length, 8192);
    }

    #[test]
    fn offsets_within_a_page_are_not_mapped() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(8192).unwrap();
        let handler = FaultHandler::install().unwrap();
        assert!(Window::map(handler, file.as_fd(), 1, 4096).is_none());
        assert!(Window::map(handler, file.as_fd(), 0, 0).is_none());
    }
}
