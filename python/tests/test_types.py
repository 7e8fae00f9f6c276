"""Code as people write it for hashlib and hmac: mypy --strict must accept it, and it must run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hsum import hashlib, hmac

if TYPE_CHECKING:
    from hsum.hashlib import _Hash


def checksum(path: Path, name: str = "sha256") -> str:
    hash_object: _Hash = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(65536):
            hash_object.update(chunk)
    return hash_object.hexdigest()


def apply(construct: Callable[[bytes], hashlib._HashObject], data: bytes) -> bytes:
    return construct(data).copy().digest()


def test_hashlib(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    expected: str = hashlib.sha256(b"abc").hexdigest()
    assert checksum(path) == expected
    for construct in (hashlib.md5, hashlib.sha3_256):
        assert len(apply(construct, b"abc")) == construct().digest_size
    with path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == expected
    with path.open("rb") as file:
        assert hashlib.file_digest(file, hashlib.blake2b).digest_size == 64
    assert hashlib.file_digest(io.BytesIO(b"abc"), hashlib.shake_128).digest(3).hex() == "588109"
    key = hashlib.blake2b(memoryview(b"abc"), digest_size=20, key=bytearray(b"key"), last_node=True)
    size: int = key.digest_size + hashlib.blake2s.MAX_KEY_SIZE
    assert size == 52
    derived: bytes = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2, dklen=7)
    assert len(derived) == 7
    assert "sha256" in hashlib.algorithms_available | hashlib.algorithms_guaranteed


def test_hmac() -> None:
    mac: hmac.HMAC = hmac.new(b"key", b"msg", digestmod="sha256")
    mac.update(b"more")
    other = hmac.new(b"key", msg=None, digestmod=hashlib.sha256)
    other.update(bytearray(b"msgmore"))
    assert hmac.compare_digest(mac.digest(), other.digest())
    assert hmac.compare_digest(mac.hexdigest(), hmac.digest(b"key", b"msgmore", "sha256").hex())
    assert (mac.name, mac.block_size, mac.digest_size) == ("hmac-sha256", 64, 32)
