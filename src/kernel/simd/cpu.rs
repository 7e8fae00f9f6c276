//! The CPU's model.

/// Returns the vendor, the signature (family, model and stepping) and the name of this CPU.
#[cfg(target_arch = "x86_64")]
pub fn model() -> String {
    let signature = leaf(1)[0];
    let mut name = Vec::new();
    if leaf(0x8000_0000)[0] >= 0x8000_0004 {
        let words = (0x8000_0002..=0x8000_0004).flat_map(leaf);
        name.extend(words.flat_map(u32::to_le_bytes));
    }
    let text = String::from_utf8_lossy(&vendor()).into_owned();
    let name = String::from_utf8_lossy(&name).replace('\0', " ");
    let words = format!("{text} {signature:x} {name}");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the name of the architecture and, where Linux tells it, the main ID register of the first core.
#[cfg(not(target_arch = "x86_64"))]
pub fn model() -> String {
    let path = "/sys/devices/system/cpu/cpu0/regs/identification/midr_el1";
    let register = std::fs::read_to_string(path).unwrap_or_default();
    format!("{} {}", std::env::consts::ARCH, register.trim()).trim().to_owned()
}

/// Returns AMD's family number; 0 for other vendors.
#[cfg(target_arch = "x86_64")]
pub(super) fn amd_family() -> u32 {
    if &vendor() != b"AuthenticAMD" {
        return 0;
    }
    let version = leaf(1)[0];
    (version >> 8 & 0xf) + (version >> 20 & 0xff)
}

#[cfg(target_arch = "x86_64")]
fn vendor() -> [u8; 12] {
    let [_, b, c, d] = leaf(0);
    let mut name = [0; 12];
    name.as_chunks_mut().0.copy_from_slice(&[b, d, c].map(u32::to_le_bytes));
    name
}

/// Returns the registers a, b, c and d for a leaf of the `cpuid` instruction.
#[cfg(target_arch = "x86_64")]
fn leaf(number: u32) -> [u32; 4] {
    #[allow(unused_unsafe)] // safe since Rust 1.94
    // SAFETY: every x86-64 CPU has the instruction, and it answers every number.
    let registers = unsafe { std::arch::x86_64::__cpuid(number) };
    [registers.eax, registers.ebx, registers.ecx, registers.edx]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_model_is_one_line_of_text() {
        let model = super::model();
        assert!(!model.is_empty() && !model.contains(char::is_control), "{model:?}");
        assert_eq!(model, model.trim());
    }
}
