"""Digests of columns in Arrow memory, the format of pyarrow, Polars, DuckDB, Ray and Spark.

The buffers are neither copied nor converted to Python objects, except that views and dictionaries are first
copied to plain arrays. This module needs pyarrow; the package does not.
"""

from __future__ import annotations

from typing import Any

from hsum import _hsum

__all__ = ["digest"]


def digest(name: str, array: Any) -> Any:
    """Returns the digests of the values of an array.

    Args:
        name: The name of a hash function, in any spelling.
        array: A `pyarrow.Array` or `pyarrow.ChunkedArray` of binary, string or fixed-size binary values (large, views and
            dictionaries too), or a column of another library with the Arrow C stream interface, such as
            `polars.Series`. The digest of a string is the digest of its UTF-8 bytes.

    Returns:
        An array of type ``fixed_size_binary(n)``, where n is the length of a digest in bytes, with as many rows and in
        as many chunks. A row is null where the value is null.

    Raises:
        ValueError: No hash function has this name.
        TypeError: The values are neither bytes nor strings; cast them first.

    Example:
        >>> import pyarrow as pa
        >>> import hsum.arrow
        >>> digests = hsum.arrow.digest("sha256", pa.array(["ada@example.org", None]))
        >>> [row and row.hex()[:8] for row in digests.to_pylist()]
        ['cfe00dde', None]
    """
    import pyarrow as pa

    if not hasattr(array, "buffers") and not hasattr(array, "chunks"):
        if not hasattr(array, "__arrow_c_stream__"):
            raise TypeError(f"array must be an Arrow array, not {type(array).__name__}")
        array = pa.chunked_array(array)
    if hasattr(array, "chunks"):
        result = pa.binary(len(_hsum.digest(name, b"")))
        return pa.chunked_array([digest(name, chunk) for chunk in array.chunks], type=result)
    return _digest_array(pa, name, array)


def _digest_array(pa: Any, name: str, array: Any) -> Any:
    """Returns the digests of one contiguous array."""
    kind, types = array.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _digest_array(pa, name, array.storage)
    if types.is_dictionary(kind):
        return _digest_array(pa, name, array.dictionary_decode())
    if types.is_binary_view(kind) or types.is_string_view(kind):
        return _digest_array(pa, name, array.cast(pa.large_binary()))
    if types.is_null(kind):
        return pa.nulls(len(array), pa.binary(len(_hsum.digest(name, b""))))
    if types.is_fixed_size_binary(kind):
        validity, data = array.buffers()
        width, offsets = kind.byte_width, None
    elif types.is_binary(kind) or types.is_string(kind):
        validity, offsets, data = array.buffers()
        width = 4
    elif types.is_large_binary(kind) or types.is_large_string(kind):
        validity, offsets, data = array.buffers()
        width = 8
    else:
        raise TypeError(f"values must be bytes or strings, not {kind}; cast the array to binary first")
    if not len(array):
        # The buffers of an empty array may be missing.
        return pa.array([], pa.binary(len(_hsum.digest(name, b""))))
    digests, nulls = _hsum._arrow_digest(name, width, offsets, data, validity, array.offset, len(array))
    result = pa.binary(len(digests) // len(array))
    buffers = [None if nulls is None else pa.py_buffer(nulls), pa.py_buffer(digests)]
    return pa.Array.from_buffers(result, len(array), buffers)
