//! The checksums of `cksum` and `sum` other than digests: CRCs and sums of bytes.

use crc_fast::{CrcAlgorithm, Digest};

/// A checksum function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Legacy {
    /// `cksum`: CRC-32/CKSUM of the bytes and of their number.
    Crc,
    /// CRC-32/ISO-HDLC, as in Ethernet, gzip and zip.
    Crc32b,
    /// `sum -r`: 16 bits, rotated by one before each byte is added.
    Bsd,
    /// `sum -s`: the sum of the bytes, folded to 16 bits.
    SysV,
}

/// A checksum being computed.
pub(super) struct Checksummer {
    legacy: Legacy,
    sum: Sum,
    length: u64,
}

enum Sum {
    Crc(Box<Digest>),
    Plain(u32),
}

/// A checksum and the number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Checksum {
    pub(super) legacy: Legacy,
    pub(super) value: u32,
    pub(super) length: u64,
}

impl Checksummer {
    pub(super) fn new(legacy: Legacy) -> Self {
        let sum = match legacy {
            Legacy::Crc => Sum::Crc(Box::new(Digest::new(CrcAlgorithm::Crc32Cksum))),
            Legacy::Crc32b => Sum::Crc(Box::new(Digest::new(CrcAlgorithm::Crc32IsoHdlc))),
            Legacy::Bsd | Legacy::SysV => Sum::Plain(0),
        };
        Self { legacy, sum, length: 0 }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        match &mut self.sum {
            Sum::Crc(digest) => digest.update(data),
            Sum::Plain(sum) if self.legacy == Legacy::Bsd => {
                let rotated =
                    |sum: u16, byte: &u8| sum.rotate_right(1).wrapping_add((*byte).into());
                *sum = data.iter().fold(*sum as u16, rotated).into();
            }
            Sum::Plain(sum) => {
                *sum = data.iter().fold(*sum, |sum, byte| sum.wrapping_add((*byte).into()));
            }
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let Self { legacy, sum, length } = self;
        let value = match sum {
            Sum::Crc(mut digest) => {
                if legacy == Legacy::Crc {
                    let zeros = length.leading_zeros() as usize / 8;
                    digest.update(&length.to_le_bytes()[..8 - zeros]);
                }
                digest.finalize() as u32
            }
            Sum::Plain(sum) if legacy == Legacy::SysV => {
                let folded = (sum & 0xffff) + (sum >> 16);
                (folded & 0xffff) + (folded >> 16)
            }
            Sum::Plain(sum) => sum,
        };
        Checksum { legacy, value, length }
    }
}

impl Checksum {
    /// Returns the text that is printed before the name.
    pub(super) fn text(&self) -> String {
        let Self { legacy, value, length } = self;
        match legacy {
            Legacy::Crc | Legacy::Crc32b => format!("{value} {length}"),
            Legacy::Bsd => format!("{value:05} {:5}", length.div_ceil(1024)),
            Legacy::SysV => format!("{value} {}", length.div_ceil(512)),
        }
    }

    /// Returns the value in big-endian order.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let bytes = self.value.to_be_bytes();
        match self.legacy {
            Legacy::Crc | Legacy::Crc32b => bytes.to_vec(),
            Legacy::Bsd | Legacy::SysV => bytes[2..].to_vec(),
        }
    }
}

/// Returns the name of the CPU feature that computes CRCs, in the words of `cksum --debug`.
///
/// Returns `None` if there is none, or if `GLIBC_TUNABLES` hides CPU features.
pub(super) fn hardware() -> Option<&'static str> {
    if std::env::var("GLIBC_TUNABLES").is_ok_and(|tunables| tunables.contains("hwcaps")) {
        return None;
    }
    let target = crc_fast::get_calculator_target(CrcAlgorithm::Crc32Cksum);
    let known = [("avx512", "avx512"), ("avx2", "avx2"), ("sse", "pclmul"), ("neon", "vmull")];
    known.into_iter().find(|(part, _)| target.contains(part)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: &[u8], piece: usize) -> Vec<String> {
        [Legacy::Crc, Legacy::Crc32b, Legacy::Bsd, Legacy::SysV]
            .map(|legacy| {
                let mut checksummer = Checksummer::new(legacy);
                data.chunks(piece).for_each(|piece| checksummer.update(piece));
                checksummer.finish().text()
            })
            .into()
    }

    #[test]
    fn checksums_equal_those_of_gnu() {
        assert_eq!(texts(b"", 1), ["4294967295 0", "0 0", "00000     0", "0 0"]);
        let check = b"123456789";
        assert_eq!(texts(check, 9), ["930766865 9", "3421780262 9", "53615     1", "477 1"]);
        let long: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(texts(&long, 100_000), texts(&long, 4099));
    }
}
