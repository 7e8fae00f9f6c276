//! SM3, for which there are no kernels here.

use ::digest::block_buffer::BlockBuffer;
use ::digest::buffer_fixed;
use ::digest::common::hazmat::{DeserializeStateError, SerializableState, SerializedState};
use ::digest::consts::{U40, U104};
use ::sm3::Sm3Core;

buffer_fixed!(
    /// SM3 (GB/T 32905-2016), computed by the `sm3` crate: there are no kernels for it here.
    pub struct Sm3(Sm3Core);
    oid: "1.2.156.10197.1.401";
    impl: BaseFixedTraits AlgorithmName Default Clone HashMarker Reset FixedOutputReset ZeroizeOnDrop;
);

/// The number of blocks at which a serialized state is rejected. After 2^55 blocks, the length in bits overflows,
/// which the `sm3` crate does not handle.
const MAX_BLOCKS: u64 = 1 << 54;

/// Replaces the implementation of `buffer_fixed!`, which accepts block counts that no message can have.
impl SerializableState for Sm3 {
    type SerializedStateSize = U104;

    fn serialize(&self) -> SerializedState<Self> {
        self.core.serialize().concat(self.buffer.serialize())
    }

    fn deserialize(saved: &SerializedState<Self>) -> Result<Self, DeserializeStateError> {
        let (core, buffer) = saved.split_ref::<U40>();
        match core.last_chunk() {
            Some(blocks) if u64::from_le_bytes(*blocks) < MAX_BLOCKS => {}
            _ => return Err(DeserializeStateError),
        }
        let buffer = BlockBuffer::deserialize(buffer).map_err(|_| DeserializeStateError)?;
        Ok(Self { core: Sm3Core::deserialize(core)?, buffer })
    }
}
