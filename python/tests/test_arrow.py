"""Columns in Arrow memory, against hashlib row by row."""

import hashlib
from typing import Any

import hsum.arrow
import pytest

pa = pytest.importorskip("pyarrow")

ROWS = [b"", b"a", None, b"ada@example.org", bytes(200), None, "\u65e5\u672c".encode()] * 200


def expected(rows: list[Any]) -> list[bytes | None]:
    def encode(row: Any) -> bytes:
        return row.encode() if isinstance(row, str) else bytes(row)

    return [None if row is None else hashlib.sha256(encode(row)).digest() for row in rows]


def arrays() -> dict[str, Any]:
    texts = [None if row is None else row.decode() for row in ROWS]
    fixed = [None if row is None else (row * 8 + bytes(8))[:8] for row in ROWS]
    return {
        "binary": pa.array(ROWS, pa.binary()),
        "large_binary": pa.array(ROWS, pa.large_binary()),
        "string": pa.array(texts, pa.string()),
        "large_string": pa.array(texts, pa.large_string()),
        "fixed_size_binary": pa.array(fixed, pa.binary(8)),
        "dictionary": pa.array(texts, pa.string()).dictionary_encode(),
        "binary_view": pa.array(ROWS, pa.binary_view()),
        "string_view": pa.array(texts, pa.string_view()),
        "without nulls": pa.array([row for row in ROWS if row is not None]),
        "only nulls": pa.array([None] * 9, pa.binary()),
        "null": pa.nulls(5),
        "uuid": pa.array([bytes(16), None], pa.uuid()) if hasattr(pa, "uuid") else pa.nulls(0),
        "empty": pa.array([], pa.string()),
    }


@pytest.mark.parametrize("kind", arrays())
def test_every_layout(kind: str) -> None:
    array = arrays()[kind]
    for slice_ in (array, array[1:], array[3:-2], array[7:900], array[5:5]):
        digests = hsum.arrow.digest("sha256", slice_)
        digests.validate(full=True)
        assert digests.type == pa.binary(32)
        rows = slice_.storage.to_pylist() if hasattr(slice_, "storage") else slice_.to_pylist()
        assert digests.to_pylist() == expected(rows)


def test_chunks_stay_chunks() -> None:
    array = pa.chunked_array([ROWS[:10], [], ROWS[10:]], pa.binary())
    digests = hsum.arrow.digest("sha256", array[3:])
    digests.validate(full=True)
    assert [len(chunk) for chunk in digests.chunks] == [len(chunk) for chunk in array[3:].chunks]
    assert digests.to_pylist() == expected(ROWS[3:])
    assert hsum.arrow.digest("md5", pa.chunked_array([], pa.string())).type == pa.binary(16)


def test_other_libraries() -> None:
    class Column:
        """A column with the Arrow C stream interface only."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([ROWS], pa.binary()).__arrow_c_stream__(requested_schema)

    assert hsum.arrow.digest("sha256", Column()).to_pylist() == expected(ROWS)


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="int64; cast"):
        hsum.arrow.digest("sha256", pa.array([1]))
    with pytest.raises(TypeError, match="not list"):
        hsum.arrow.digest("sha256", [b"a"])
    with pytest.raises(ValueError, match="unknown algorithm"):
        hsum.arrow.digest("sha265", pa.array([b"a"]))


@pytest.mark.parametrize(
    ("offsets", "data", "validity", "start", "length"),
    [
        ([0, 5], b"1234", None, 0, 1),
        ([3, 1], b"1234", None, 0, 1),
        ([-1, 1], b"1234", None, 0, 1),
        ([0], b"", None, 0, 1),
        ([0, 1], b"1", b"", 0, 1),
        ([0, 1], b"1", b"\1", 0, 1 << 57),
        ([0, 1], b"1", None, 1 << 62, 1),
        ([0, 1], None, None, 0, 1),
    ],
)
def test_damaged_buffers_are_refused(
    offsets: list[int], data: bytes | None, validity: bytes | None, start: int, length: int
) -> None:
    packed = b"".join(offset.to_bytes(4, "little", signed=True) for offset in offsets)
    with pytest.raises(ValueError, match="invalid Arrow array"):
        hsum._hsum._arrow_digest("sha256", 4, packed, data, validity, start, length)


def test_sizes_that_overflow_are_refused() -> None:
    for start, length in (((1 << 64) - 1, 1), (0, 1 << 60), (0, 1 << 58)):
        with pytest.raises(OverflowError):
            hsum._hsum._arrow_digest("sha256", 4, b"", b"", None, start, length)
