//! Sizes with units.

/// The units of sizes: powers of 1024, and of 1000 with a final B, as in GNU coreutils.
const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("P", 1 << 50),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("PIB", 1 << 50),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
];

/// Parses a number of bytes, such as `17`, `500K`, `1.5G` or `12.3 GiB`.
///
/// A part of a byte is cut off.
pub fn parse_size(text: &str) -> Option<u64> {
    parse_quantity(&text.to_ascii_uppercase(), SIZES)
}

/// Writes a number of bytes in the largest binary unit that needs no fraction: `8MiB`, `5000`.
pub(crate) fn write_size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// Parses a decimal number with one of `units`, and cuts off the fraction of the product.
pub fn parse_quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    times(number, *factor)
}

/// Multiplies a decimal number with a unit, and cuts off the fraction.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // More digits than this do not change a result.
    let fraction = &fraction[..fraction.len().min(18)];
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let part = u128::from(unit) * digits(fraction)? / 10u128.pow(fraction.len() as u32);
    let total = digits(whole)?.checked_mul(u128::from(unit))? + part;
    total.try_into().ok()
}

/// Parses digits; there may be none.
fn digits(text: &str) -> Option<u128> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}
