//! Hashes without kernels of ours (SM3, BLAKE2, BLAKE3), wrapped behind one object.

use ::digest::block_api::{Buffer, VariableOutputCore};
use ::digest::{FixedOutputReset, Update};

/// A streaming hash whose state is its own affair. Implementations wipe themselves on drop.
pub(crate) trait ExternalHash: Send + Sync {
    fn update(&mut self, data: &[u8]);
    /// Returns `true` if [`update_divided`](Self::update_divided) uses several threads.
    #[cfg(feature = "fs")]
    fn is_divisible(&self) -> bool {
        false
    }
    /// Appends `data`, using all threads of the current rayon pool if the hash is a tree.
    #[cfg(feature = "fs")]
    fn update_divided(&mut self, data: &[u8]) {
        self.update(data);
    }
    /// Writes the digest, as long as `out` is; the state is of no further use.
    fn finalize(&mut self, out: &mut [u8]);
    /// The digest as an endless stream; `None` where the function has a fixed length.
    fn finalize_xof(&mut self) -> Option<Box<dyn Squeeze>>;
    fn boxed_clone(&self) -> Box<dyn ExternalHash>;
}

/// The output of an extendable-output function, read piece by piece.
pub(crate) trait Squeeze: Send + Sync {
    fn read(&mut self, out: &mut [u8]);
}

/// Makes a fresh hash; the argument is the digest's length in bytes.
pub(crate) type NewHash = fn(usize) -> Box<dyn ExternalHash>;

/// SM3: one length.
pub(crate) fn fixed<D>(_len: usize) -> Box<dyn ExternalHash>
where
    D: Default + Update + FixedOutputReset + Clone + Send + Sync + 'static,
{
    Box::new(Fixed(D::default()))
}

/// BLAKE2: the length is a parameter of the hash (RFC 7693, section 2.5).
///
/// `len` comes from a `HashFunction`, which admits only the lengths that the hash takes.
pub(crate) fn variable<C>(len: usize) -> Box<dyn ExternalHash>
where
    C: VariableOutputCore + Clone + Send + Sync + 'static,
    Buffer<C>: Clone + Default + Send + Sync,
{
    let core = C::new(len).expect("a HashFunction's length is one its algorithm takes");
    Box::new(Variable { core, buffer: Buffer::<C>::default() })
}

/// BLAKE3.
pub(crate) fn blake3(_len: usize) -> Box<dyn ExternalHash> {
    Box::new(Blake3(blake3::Hasher::new()))
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
    fn finalize_xof(&mut self) -> Option<Box<dyn Squeeze>> {
        None
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
    fn finalize_xof(&mut self) -> Option<Box<dyn Squeeze>> {
        None
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Blake3(blake3::Hasher);

impl ExternalHash for Blake3 {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    #[cfg(feature = "fs")]
    fn is_divisible(&self) -> bool {
        true
    }
    #[cfg(feature = "fs")]
    fn update_divided(&mut self, data: &[u8]) {
        self.0.update_rayon(data);
    }
    fn finalize(&mut self, out: &mut [u8]) {
        self.0.finalize_xof().fill(out);
    }
    fn finalize_xof(&mut self) -> Option<Box<dyn Squeeze>> {
        Some(Box::new(Blake3Output(self.0.finalize_xof())))
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash> {
        Box::new(self.clone())
    }
}

impl Drop for Blake3 {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

struct Blake3Output(blake3::OutputReader);

impl Squeeze for Blake3Output {
    fn read(&mut self, out: &mut [u8]) {
        self.0.fill(out);
    }
}
