"""`_hsum._merge`: lists as bytes and as paths, and problems as data."""

import hashlib
import os
import random
from pathlib import Path

import pytest
from hsum import _hsum


def line(name: bytes, contents: bytes = b"") -> bytes:
    digest = hashlib.md5(contents).hexdigest().encode()
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != name else b""
    return mark + digest + b"  " + escaped + b"\n"


NAMES = sorted((b"t/a", b"t/a/b", b"t/a.b", b"t/\n", b"t/\\", b"t/\xff", "t/é".encode()), key=lambda n: n.split(b"/"))


def test_parts_merge_into_the_list(tmp_path: Path) -> None:
    chosen: list[list[bytes]] = [[], [], []]
    for name in NAMES:
        for part in random.Random(name).sample(chosen, 2):
            part.append(line(name))
    parts = [b"".join(lines) for lines in chosen]
    whole = b"".join(map(line, NAMES))
    merged, counts, problems = _hsum._merge(parts)
    assert (merged, problems) == (whole, [])
    assert (counts["files"], counts["duplicates"]) == (len(NAMES), len(NAMES))
    # Paths, an output that is one of the lists, and a name that is not UTF-8.
    paths: list[Path | str] = [tmp_path / "0", str(tmp_path / "1"), os.fsdecode(os.fsencode(tmp_path) + b"/\xff")]
    for path, joined in zip(paths, parts):
        with open(path, "wb") as file:
            file.write(joined)
    assert _hsum._merge(paths, paths[2])[0] is None
    with open(paths[2], "rb") as file:
        assert file.read() == whole


def test_problems_are_data(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_bytes(b"old")
    one, two = line(b"a", b"1") + line(b"b\xff"), line(b"a", b"2") + b"nonsense\n"
    lists: list[bytes | str] = [one, two, str(tmp_path / "gone")]
    merged, counts, problems = _hsum._merge(lists, output)
    assert (merged, output.read_bytes()) == (None, b"old")
    assert [counts[name] for name in ("files", "conflicts", "bad_lines", "unreadable")] == [1, 1, 1, 1]
    bad, gone, conflict = problems
    assert (bad["type"], bad["list"], bad["line"], bad["reason"]) == ("line", 1, 2, "no-digest")
    assert (gone["type"], gone["list"], gone["reason"]) == ("error", 2, "not-found")
    assert (conflict["path"], conflict["list"], conflict["line"]) == (b"a", 0, 1)
    assert (conflict["other_list"], conflict["other_line"]) == (1, 1)
    assert conflict["digests"]["md5"] != conflict["other_digests"]["md5"]
    assert _hsum._merge(lists, output, partial=True)[0] is None
    assert output.read_bytes() == line(b"b\xff")


def test_order_and_errors(tmp_path: Path) -> None:
    unsorted = line(b"b") + line(b"a")
    assert _hsum._merge([unsorted])[2][0]["reason"] == "unsorted"
    assert _hsum._merge([unsorted], sort=True)[0] == line(b"a") + line(b"b")
    with pytest.raises(FileNotFoundError):
        _hsum._merge([unsorted], tmp_path / "no" / "output")
    with pytest.raises(TypeError):
        _hsum._merge([1])  # type: ignore[list-item]
