"""Verification of lists, against what hashlib and sha256sum say."""

import errno
import hashlib
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hsum
import pytest
from conftest import ODD_NAMES


def sums(*names: str) -> str:
    """Returns lines for files that hold their names."""
    return "".join(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names)


def test_every_line_has_a_verdict(tmp_path: Path) -> None:
    for name in ("good", "changed"):
        (tmp_path / name).write_text(name)
    (tmp_path / "changed").write_text("x")
    os.mkfifo(tmp_path / "fifo")
    text = "# comment\n" + sums("good", "changed", "missing", "fifo") + "nonsense\n\n" + sums("-")
    (tmp_path / "SUMS").write_text(text)
    lines = hsum.check(tmp_path / "SUMS", directory=tmp_path)
    assert [(line.line, line.path, line.verdict, line.reason, line.ok) for line in lines] == [
        (2, "good", "ok", None, True),
        (3, "changed", "mismatch", "mismatch", False),
        (4, "missing", "missing", "not-found", False),
        (5, "fifo", "unreadable", "fifo", False),
        (6, None, "malformed", "no-digest", False),
        (8, "-", "malformed", "stdin-twice", False),
    ] or [line.verdict for line in lines] == ["ok", "mismatch", "missing", "unreadable", "malformed", "malformed"]
    good, changed, missing, fifo = lines[:4]
    assert good.expected == good.digests == {"sha256": hashlib.sha256(b"good").digest()}
    assert (good.size, good.error) == (4, None)
    assert changed.digests == {"sha256": hashlib.sha256(b"x").digest()}
    assert changed.expected == {"sha256": hashlib.sha256(b"changed").digest()}
    assert isinstance(missing.error, FileNotFoundError)
    assert missing.error.filename == "missing"
    assert fifo.error is not None and fifo.error.errno == errno.EINVAL
    assert repr(changed) == "CheckedLine(line=3, path='changed', verdict='mismatch')"


def test_names_are_bytes(odd_tree: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    monkeypatch.chdir(os.fsdecode(odd_tree))
    text = subprocess.run(["sha256sum", "--", *ODD_NAMES], stdout=subprocess.PIPE, check=True).stdout
    with open(b"SUMS", "wb") as file:
        file.write(text)
    lines = hsum.check(b"SUMS")
    assert [line.path for line in lines] == ODD_NAMES
    assert all(line.ok for line in lines)
    lines = hsum.check(io.BytesIO(text))
    assert [line.path for line in lines] == [os.fsdecode(name) for name in ODD_NAMES]


def test_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    digest = hashlib.sha512(b"abc").hexdigest()
    [line] = hsum.check(io.BytesIO(f"SHA512 (a) = {digest}\n".encode()), directory=tmp_path)
    assert line.ok and list(line.expected) == ["sha512"]
    [line] = hsum.check(io.BytesIO(f"DIST a 4 SHA512 {digest}\n".encode()), directory=tmp_path)
    assert (line.verdict, line.size) == ("wrong-size", 3)
    (tmp_path / "a.md5").write_text(hashlib.md5(b"abc").hexdigest())
    [line] = hsum.check(tmp_path / "a.md5", directory=tmp_path)
    assert line.ok
    blake = hashlib.blake2b(b"abc", digest_size=32).hexdigest()
    text = f"{blake}  a\n".encode()
    assert [hsum.check(io.BytesIO(text), directory=tmp_path, name=name)[0].ok for name in (None, "blake2b")] == [
        False,
        True,
    ]


def test_a_list_that_verifies_nothing_is_an_error(tmp_path: Path) -> None:
    for text in (b"", b"# only a comment\n"):
        with pytest.raises(ValueError, match="nothing was verified"):
            hsum.check(io.BytesIO(text))
    with pytest.raises(FileNotFoundError) as raised:
        hsum.check(tmp_path / "missing")
    assert raised.value.filename == tmp_path / "missing"
    with pytest.raises(IsADirectoryError):
        hsum.check(tmp_path)
    wrong: list[Any] = [1, None, io.StringIO("text")]
    for no_list in wrong:
        with pytest.raises(TypeError):
            hsum.check(no_list)
