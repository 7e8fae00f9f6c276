"""hsum.hmac against hmac."""

# Many calls are wrong on purpose; test_types.py is for mypy.
# mypy: ignore-errors

import gc
import hashlib
import hmac
import random
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

import hsum.hashlib
import hsum.hmac as ours

DATA = random.Random(1).randbytes(5000)
# Not SHAKE, for which HMAC is not defined.
COMMON = sorted(
    name
    for name in hsum.hashlib.algorithms_available & hashlib.algorithms_available
    if not name.startswith("shake")
)


@pytest.mark.parametrize("name", COMMON)
def test_key_lengths_around_the_block(name: str) -> None:
    block = hashlib.new(name).block_size
    for length in [0, 1, *range(block - 3, block + 4), 2 * block, 5000]:
        for message in (b"", DATA[:block], DATA[:2047], DATA):
            key = DATA[:length]
            expected = hmac.new(key, message, name)
            got = ours.new(key, message, name)
            assert got.digest() == expected.digest(), length
            assert got.hexdigest() == expected.hexdigest()
            assert ours.digest(key, message, name) == expected.digest()
            assert (got.name, got.digest_size, got.block_size) == (
                expected.name, expected.digest_size, expected.block_size
            )


@pytest.mark.parametrize("name", COMMON)
def test_every_split(name: str) -> None:
    expected = hmac.digest(b"key", DATA[:300], name)
    for split in range(301):
        mac = ours.new(b"key", DATA[:split], name)
        before = mac.copy()
        mac.update(DATA[split:300])
        assert mac.digest() == expected
        before.update(DATA[split:300])
        assert before.digest() == expected
        assert before.block_size == mac.block_size


def test_digestmods() -> None:
    expected = hmac.digest(b"key", b"msg", "sha256")
    constructor = hashlib.sha256
    module = types.SimpleNamespace(new=lambda data=b"": hashlib.sha256(data))
    for digestmod in (
        "sha256", "SHA256", "sha-256", hsum.hashlib.sha256, constructor, module,
        lambda data=b"": hashlib.sha256(data), lambda data=b"": hsum.hashlib.sha256(data),
    ):
        assert ours.digest(b"key", b"msg", digestmod) == expected, digestmod
        assert ours.new(b"key", b"msg", digestmod).digest() == expected, digestmod
        assert ours.new(b"k" * 100, b"msg", digestmod).digest() == hmac.digest(
            b"k" * 100, b"msg", "sha256"
        )
        # And ours is a hash function for the standard module.
        assert hmac.new(b"key", b"msg", hsum.hashlib.sha256).digest() == expected
    for digestmod in (hashlib.blake2b, hsum.hashlib.blake2b):
        assert ours.digest(b"key", b"msg", digestmod) == hmac.digest(b"key", b"msg", hashlib.blake2b)

    class Truncated:
        """A constructor that has the name of hashlib's, but is another."""

        def __new__(cls, data: bytes = b"") -> Any:
            return hashlib.blake2b(data, digest_size=20)

    Truncated.__name__, Truncated.__module__ = "blake2b", "other"
    assert ours.digest(b"key", b"msg", Truncated) == hmac.digest(b"key", b"msg", Truncated)


def test_buffers() -> None:
    for key in (bytearray(b"key"), memoryview(b"key")):
        assert ours.digest(key, memoryview(DATA), "sha1") == hmac.digest(b"key", DATA, "sha1")
        assert ours.digest(key, DATA, lambda: hashlib.sha1()) == hmac.digest(b"key", DATA, "sha1")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ours.new(b"k", b"m"), TypeError, "required argument 'digestmod'"),
        (lambda: ours.new("k", b"m", "md5"), TypeError, "expected bytes or bytearray, but got 'str'"),
        (lambda: ours.new(b"k", "m", "md5"), TypeError, "Strings must be encoded"),
        (lambda: ours.new(b"k", 3, "md5"), TypeError, "buffer API"),
        (lambda: ours.new(b"k", b"m", "nothing"), ValueError, "unsupported hash type"),
        (lambda: ours.new(b"k", b"m", "shake_128"), ValueError, "HMAC is not defined"),
        (lambda: ours.new(b"k", b"m", 3), AttributeError, "new"),
        (lambda: ours.digest("k", b"m", "md5"), TypeError, "Strings must be encoded"),
        (lambda: ours.digest(3, b"m", "md5"), TypeError, "buffer API"),
        (lambda: ours.digest(3, b"m", lambda: hashlib.md5()), TypeError, ""),
        (lambda: ours.digest(b"k", None, "md5"), TypeError, "buffer API"),
        (lambda: ours.new(b"k", digestmod="md5").update("m"), TypeError, "Strings must be encoded"),
    ],
)
def test_errors(call: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words or None):
        call()


def test_what_the_standard_module_has() -> None:
    assert (ours.trans_5C, ours.trans_36) == (hmac.trans_5C, hmac.trans_36)
    assert ours.digest_size is None
    assert ours.compare_digest is hmac.compare_digest
    assert ours.HMAC.blocksize == hmac.HMAC.blocksize

    class Short(ours.HMAC):
        def digest(self) -> bytes:
            return super().digest()[:8]

    mac = Short(b"key", b"msg", "sha256")
    assert mac.copy().digest() == hmac.digest(b"key", b"msg", "sha256")[:8]


def test_no_key_is_shown() -> None:
    mac = ours.new(b"A" * 40, b"msg", "sha256")
    for text in (repr(mac), repr(mac._hmac), str(mac._hmac), repr(dir(mac))):
        assert "AAAA" not in text and "41414141" not in text
    assert "sha256" in repr(mac._hmac)
    for name in dir(mac._hmac):
        value = getattr(mac._hmac, name)
        assert not (isinstance(value, bytes) and b"A" * 8 in value)
    assert not gc.get_referents(mac._hmac) or gc.get_referents(mac._hmac) == [type(mac._hmac)]


def test_twenty_threads() -> None:
    mac = ours.new(b"key", digestmod="sha256")

    def work() -> None:
        for _ in range(20):
            mac.update(b"x" * 3000)
            mac.copy().hexdigest()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mac.digest() == hmac.digest(b"key", b"x" * 3000 * 400, "sha256")
