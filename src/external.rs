//! Hashes that other crates implement (SM3, BLAKE2, BLAKE3, CRCs), as trait objects.

pub(crate) mod blake3;
pub(crate) mod crc;

use std::io::Read;

use ::digest::block_api::{Buffer, VariableOutputCore};
use ::digest::{FixedOutputReset, Update};

/// A streaming hash with a hidden state. Implementations wipe themselves on drop.
pub(crate) trait ExternalHash: Send + Sync {
    /// Appends `data` to the message.
    fn update(&mut self, data: &[u8]);
    /// Returns `true` if [`update_divided`](Self::update_divided) uses several threads.
    #[cfg(feature = "fs")]
    fn is_divisible(&self) -> bool {
        false
    }
    /// Appends `data`, which is not in the CPU's cache.
    #[cfg(feature = "fs")]
    fn update_uncached(&mut self, data: &[u8]) {
        self.update(data);
    }
    /// Appends `data`, using all threads of the current rayon pool if the hash is a tree.
    #[cfg(feature = "fs")]
    fn update_divided(&mut self, data: &[u8]) {
        self.update(data);
    }
    /// Writes the digest to `out` and leaves a useless state.
    fn finalize(&mut self, out: &mut [u8]);
    /// Returns the endless output of an extendable function.
    fn finalize_xof(&mut self) -> Option<Box<dyn Read + Send + Sync>> {
        None
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash>;
}

/// A constructor of a hash with digests of this many bytes.
pub(crate) type NewHash = fn(usize) -> Box<dyn ExternalHash>;

/// Creates a hash with one digest length: SM3.
pub(crate) fn fixed<D>(_len: usize) -> Box<dyn ExternalHash>
where
    D: Default + Update + FixedOutputReset + Clone + Send + Sync + 'static,
{
    Box::new(Fixed(D::default()))
}

/// Creates a hash that has the digest length as a parameter: BLAKE2 (RFC 7693, section 2.5).
///
/// `len` comes from a `HashFunction`, which has valid lengths only.
pub(crate) fn variable<C>(len: usize) -> Box<dyn ExternalHash>
where
    C: VariableOutputCore + Clone + Send + Sync + 'static,
    Buffer<C>: Clone + Default + Send + Sync,
{
    let core = C::new(len).expect("a HashFunction has a valid length");
    Box::new(Variable { core, buffer: Buffer::<C>::default() })
}

#[derive(Clone)]
struct Fixed<D>(D);

impl<D: Update + FixedOutputReset + Clone + Send + Sync + 'static> ExternalHash for Fixed<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn finalize(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.0.finalize_fixed_reset());
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Variable<C: VariableOutputCore>
where
    Buffer<C>: Clone,
{
    core: C,
    buffer: Buffer<C>,
}

impl<C> ExternalHash for Variable<C>
where
    C: VariableOutputCore + Clone + Send + Sync + 'static,
    Buffer<C>: Clone + Default + Send + Sync,
{
    fn update(&mut self, data: &[u8]) {
        self.buffer.digest_blocks(data, |blocks| self.core.update_blocks(blocks));
    }
    fn finalize(&mut self, out: &mut [u8]) {
        let mut full = ::digest::Output::<C>::default();
        self.core.finalize_variable_core(&mut self.buffer, &mut full);
        out.copy_from_slice(&full[..out.len()]);
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash> {
        Box::new(self.clone())
    }
}
