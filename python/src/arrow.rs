//! Columns of Arrow arrays, whose buffers are borrowed through the buffer protocol.
//!
//! The layouts are defined by the Arrow columnar format, version 1.5, sections "Variable-size Binary Layout",
//! "Fixed-Size Primitive Layout" and "Validity bitmaps".

use std::mem;

use hsum::HashFunction;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::hash_function;
use crate::buffer::Data;
use crate::many::{BATCH, Batches};

/// The values of a column, by row of its buffers.
struct Column<'a> {
    data: &'a [u8],
    layout: Layout<'a>,
    /// One bit per row; `None` if no row is null.
    validity: Option<&'a [u8]>,
}

enum Layout<'a> {
    /// The length of an offset in bytes; there is one more offset than rows.
    Variable { offsets: &'a [u8], width: usize },
    /// The length of a value in bytes.
    Fixed { width: usize },
}

impl<'a> Column<'a> {
    /// Returns the value of a row, or `None` if it is null.
    fn value(&self, row: usize) -> PyResult<Option<&'a [u8]>> {
        if let Some(validity) = self.validity {
            let byte = validity.get(row / 8).ok_or_else(|| invalid("validity bitmap", row))?;
            if byte >> (row % 8) & 1 == 0 {
                return Ok(None);
            }
        }
        let range = match self.layout {
            Layout::Variable { offsets, width } => {
                offset(offsets, width, row).zip(offset(offsets, width, row + 1))
            }
            Layout::Fixed { width } => {
                row.checked_mul(width).and_then(|start| Some((start, start.checked_add(width)?)))
            }
        };
        let value = range.and_then(|(start, end)| self.data.get(start..end));
        value.map(Some).ok_or_else(|| invalid("offsets or data", row))
    }
}

/// Returns an offset, of 4 or 8 bytes in native order; `None` if it is missing or negative.
fn offset(offsets: &[u8], width: usize, index: usize) -> Option<usize> {
    let start = index.checked_mul(width)?;
    let bytes = offsets.get(start..start.checked_add(width)?)?;
    match width {
        4 => usize::try_from(i32::from_ne_bytes(bytes.try_into().ok()?)).ok(),
        8 => usize::try_from(i64::from_ne_bytes(bytes.try_into().ok()?)).ok(),
        _ => None,
    }
}

fn invalid(part: &str, row: usize) -> PyErr {
    PyValueError::new_err(format!("invalid Arrow array: its {part} end before row {row}"))
}

/// Returns the concatenated digests of rows `start` to `start + length`, and the validity bitmap of these rows, or `None` if
/// no row is null. The digests of null rows are zeros.
///
/// `width` is the length in bytes of an offset or, if there are no offsets, of a value.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // the parts of an array
fn _arrow_digest<'py>(
    py: Python<'py>,
    name: &Bound<'py, PyAny>,
    width: usize,
    offsets: Option<Bound<'py, PyAny>>,
    data: Option<Bound<'py, PyAny>>,
    validity: Option<Bound<'py, PyAny>>,
    start: usize,
    length: usize,
) -> PyResult<(Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>)> {
    let function: HashFunction = hash_function(name)?;
    let borrow = |buffer: Option<Bound<'py, PyAny>>| buffer.as_ref().map(Data::get).transpose();
    let (offsets, data, validity) = (borrow(offsets)?, borrow(data)?, borrow(validity)?);
    let layout = match &offsets {
        Some(offsets) => Layout::Variable { offsets: offsets.as_slice(), width },
        None => Layout::Fixed { width },
    };
    let data = data.as_ref().map_or(&[][..], Data::as_slice);
    let column = Column { data, layout, validity: validity.as_ref().map(Data::as_slice) };
    let too_long = || PyOverflowError::new_err("the array has too many rows");
    let end = start.checked_add(length).ok_or_else(too_long)?;
    let size = length.checked_mul(function.len()).filter(|size| *size <= isize::MAX as usize);
    let size = size.ok_or_else(too_long)?;
    // Checked before memory is allocated for `length` rows.
    if column.validity.is_some_and(|validity| validity.len() < end.div_ceil(8)) {
        return Err(invalid("validity bitmap", end));
    }
    let mut bitmap = vec![0; if column.validity.is_some() { length.div_ceil(8) } else { 0 }];
    let digests = PyBytes::new_with(py, size, |mut out| {
        let mut batches = Batches::new(&function);
        let mut rows = start..end;
        let mut messages = Vec::with_capacity(BATCH);
        while !rows.is_empty() {
            let size = rows.len().min(BATCH) * function.len();
            let (mut slots, rest) = mem::take(&mut out).split_at_mut(size);
            out = rest;
            let mut valid = Vec::with_capacity(BATCH);
            messages.clear();
            for row in rows.by_ref().take(BATCH) {
                let (slot, others) = mem::take(&mut slots).split_at_mut(function.len());
                slots = others;
                if let Some(value) = column.value(row)? {
                    messages.push(value);
                    valid.push(slot);
                    if let Some(byte) = bitmap.get_mut((row - start) / 8) {
                        *byte |= 1 << ((row - start) % 8);
                    }
                }
            }
            for (slot, digest) in valid.into_iter().zip(batches.run(py, &messages)) {
                slot.copy_from_slice(digest.as_ref());
            }
            py.check_signals()?;
        }
        Ok(())
    })?;
    Ok((digests, column.validity.map(|_| PyBytes::new(py, &bitmap))))
}

/// Adds the function of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_arrow_digest, module)?)
}
