//! The costs of kernels: cycles for one block in every lane.
//!
//! A kernel's bottleneck differs between CPUs, so each family of CPUs has a column. The basis of a cost is a
//! property of its column.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::kernel::simd::cpu::amd_family;
use crate::kernel::table::{Cost, CostBasis};

/// Returns a cost measured with `cargo bench --bench kernels` at 3.7 GHz, 16 KiB per lane.
pub(super) const fn zen4(cycles: u32) -> Cost {
    Cost { cycles, basis: CostBasis::Measured("Zen 4") }
}

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
const fn derived(cycles: u32, cpus: &'static str) -> Cost {
    Cost { cycles, basis: CostBasis::Derived(cpus) }
}

/// Returns the cost on this CPU.
///
/// Zen 5: published measurements of the rounds, plus 38 cycles for each transpose of sixteen lanes; figures
/// that end in 0 are derived from instruction throughput. Other CPUs: derived for two 512-bit or three
/// 256-bit units, as Intel's servers have them.
#[cfg(target_arch = "x86_64")]
pub(super) fn x86(zen4: u32, zen5: u32, other: u32) -> Cost {
    static FAMILY: OnceLock<u32> = OnceLock::new();
    match *FAMILY.get_or_init(amd_family) {
        0x19 => self::zen4(zen4),
        0x1a => derived(zen5, "Zen 5"),
        _ => derived(other, "Intel's servers"),
    }
}

/// Returns the cost on this CPU.
///
/// Derived, not measured: from the throughput and latency of the instructions, counted in the compiled
/// kernels. Apple's cores are assumed to have four NEON units, all with the SHA-3 instructions and one
/// with the other SHA instructions; other cores two NEON units, one of which has the shifts and all SHA
/// instructions, like Neoverse N1 and N2.
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(super) fn arm(apple: u32, other: u32) -> Cost {
    match cfg!(target_vendor = "apple") {
        true => derived(apple, "Apple's cores"),
        false => derived(other, "Neoverse N1 and N2"),
    }
}
