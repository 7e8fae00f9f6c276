//! CRCs, most significant byte first: the order in which S3 and Google Cloud Storage encode them.

use crc_fast::{CrcAlgorithm, Digest};

use crate::external::ExternalHash;

/// CRC-32C, also called CRC-32/ISCSI (RFC 3720, section 12.1).
pub(crate) const CRC32C: usize = 0;
/// CRC-64/NVME (NVM Express NVM Command Set Specification 1.0, section 5.2.1.3.4).
pub(crate) const CRC64_NVME: usize = 1;

const ALGORITHMS: [CrcAlgorithm; 2] = [CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme];

/// Creates the CRC that is `ALGORITHMS[INDEX]`.
pub(crate) fn new<const INDEX: usize>(_len: usize) -> Box<dyn ExternalHash> {
    Box::new(Crc(Digest::new(ALGORITHMS[INDEX])))
}

/// Its state is not wiped: a CRC hides nothing of its message.
#[derive(Clone)]
struct Crc(Digest);

impl ExternalHash for Crc {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn finalize(&mut self, out: &mut [u8]) {
        let bytes = self.0.finalize().to_be_bytes();
        out.copy_from_slice(&bytes[bytes.len() - out.len()..]);
    }
    fn boxed_clone(&self) -> Box<dyn ExternalHash> {
        Box::new(self.clone())
    }
}
