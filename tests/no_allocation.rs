//! `digest_many`, `update_many` and `sign_many` allocate nothing, as a counting allocator checks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use hsum::{Algorithm, Hasher, Key, digest, digest_many, sign_many, update_many};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn batches_allocate_nothing() {
    let data = vec![7; 5000];
    let messages: Vec<&[u8]> = (0..1500).map(|i| &data[..i * i % 4999]).collect();
    for &algorithm in Algorithm::ALL {
        let mut digests = vec![digest(algorithm, b""); messages.len()];
        let key = Key::new(algorithm, b"key").ok();
        let mut tags = vec![key.as_ref().map(|key| key.sign(b"")); messages.len()];
        let mut tags: Option<Vec<_>> = tags.drain(..).collect();
        let mut hashers = vec![Hasher::new(algorithm); 50];
        let mut batch: Vec<(&mut Hasher, &[u8])> =
            hashers.iter_mut().zip(&messages).map(|(hasher, data)| (hasher, *data)).collect();
        // The first call allocates the list of kernels.
        digest_many(algorithm, &messages[..1], &mut digests[..1]);

        // Hashes of other crates live in boxes.
        let in_lanes = !hsum::internals::kernels(algorithm).is_empty();
        let before = COUNT.get();
        for count in [0, 1, 2, 16, 17, 1500] {
            digest_many(algorithm, &messages[..count], &mut digests[..count]);
        }
        if in_lanes {
            assert_eq!(COUNT.get(), before, "{algorithm}: digest_many");
        }
        let before = COUNT.get();
        update_many(&mut batch);
        if let (Some(key), Some(tags)) = (&key, &mut tags) {
            sign_many(key, &messages, tags);
        }
        if in_lanes {
            assert_eq!(COUNT.get(), before, "{algorithm}: update_many and sign_many");
        }
    }
}
