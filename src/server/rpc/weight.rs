//! The size of results in memory, and its limit.

use dxr::Value;

use crate::server::rpc::problem::{Problem, ProblemKind};

/// The maximum size of a result, in bytes of memory, roughly. A call of a few bytes must not make
/// the server build an endless answer.
pub(crate) const MAX_RESULT: usize = 16 << 20;

/// Rejects a result that is too large.
pub(crate) fn check_size(result: &Value) -> Result<(), Problem> {
    if weight(result) > MAX_RESULT { Err(too_large()) } else { Ok(()) }
}

pub(crate) fn too_large() -> Problem {
    Problem::new(ProblemKind::TooLarge, "the result is too large; call for less at once")
}

/// Returns the approximate size of a value in bytes of memory.
pub(crate) fn weight(value: &Value) -> usize {
    let size = size_of::<Value>();
    size + match value {
        Value::String(text) => text.len(),
        Value::Base64(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Struct(members) => {
            members.iter().map(|(name, value)| size + name.len() + weight(value)).sum()
        }
        _ => 0,
    }
}
