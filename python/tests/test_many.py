"""Many messages, against hashlib and hmac."""

import array
import hashlib
import hmac
import mmap
import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hsum
import pytest

if TYPE_CHECKING:
    from typing_extensions import Buffer

NAMES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"]
MESSAGES = [random.Random(length).randbytes(length) for length in range(300)] + [bytes(5000), b"a" * 100_000]


@pytest.mark.parametrize("name", NAMES)
def test_digests_are_those_of_hashlib(name: str) -> None:
    expected = [hashlib.new(name, message).digest() for message in MESSAGES]
    assert hsum.digest_many(name, MESSAGES) == expected
    assert hsum.digest_many(name, iter(MESSAGES), joined=True) == b"".join(expected)
    assert [hsum.digest(name, message) for message in MESSAGES] == expected


@pytest.mark.parametrize("name", NAMES)
def test_tags_are_those_of_hmac(name: str) -> None:
    for key in (b"", b"key", bytes(200)):
        expected = [hmac.digest(key, message, name) for message in MESSAGES]
        assert hsum.hmac_many(key, MESSAGES, name) == expected
        assert hsum.hmac_many(bytearray(key), MESSAGES, name, joined=True) == b"".join(expected)


@pytest.mark.parametrize("count", [0, 1, 2, 511, 512, 513, 2000])
def test_batches_of_any_size(count: int) -> None:
    messages = [number.to_bytes(2, "big") * (number % 40) for number in range(count)]
    assert hsum.digest_many("sha256", messages) == [hashlib.sha256(message).digest() for message in messages]


def test_names_in_any_spelling() -> None:
    for name in ("sha512/256", "SHA-512/256", "sha512_256"):
        assert hsum.digest(name, b"abc") == hashlib.new("sha512_256", b"abc").digest()
    assert hsum.digest("blake2b-256", b"abc") == hashlib.blake2b(b"abc", digest_size=32).digest()
    assert hsum.digest("shake128-512", b"abc") == hashlib.shake_128(b"abc").digest(64)


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="unknown algorithm 'sha265'; did you mean .*sha256"):
        hsum.digest("sha265", b"")
    with pytest.raises(ValueError, match="SHAKE|shake"):
        hsum.hmac_many(b"key", [], "shake128")


def test_any_contiguous_buffer(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"mapped")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        buffers: list[Buffer] = [b"", bytearray(b"abc"), memoryview(b"abcdef")[1:4], array.array("I", [1, 2]), mapped]
        assert hsum.digest_many("md5", buffers) == [hashlib.md5(buffer).digest() for buffer in buffers]
    wrong: list[Any] = ["text", 1, None]
    for message in wrong:
        with pytest.raises(TypeError):
            hsum.digest_many("md5", [b"", message])
    with pytest.raises(BufferError):
        hsum.digest_many("md5", [memoryview(b"abcdef")[::2]])
    singles: list[Any] = [b"message", "message"]
    for single in singles:
        with pytest.raises(TypeError, match="iterable"):
            hsum.digest_many("md5", single)


def test_an_error_of_the_iterable_reaches_the_caller() -> None:
    def messages() -> Iterator[bytes]:
        yield from [b"message"] * 1000
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        hsum.digest_many("md5", messages())


def test_buffers_are_released() -> None:
    data = bytearray(b"abc")
    hsum.digest_many("md5", [data] * 600)
    data.append(0)  # BufferError if a view is still exported
    message = bytes(100)
    before = sys.getrefcount(message)
    for joined in (False, True):
        hsum.digest_many("md5", [message] * 600, joined=joined)
        hsum.hmac_many(message, [message], "md5", joined=joined)
    assert sys.getrefcount(message) == before


def test_a_list_may_change_while_it_is_hashed() -> None:
    messages = [bytes(100_000)] * 2000
    expected = hashlib.sha256(bytes(100_000)).digest()
    thread = threading.Thread(target=messages.clear)

    def clear_later() -> Iterator[bytes]:
        for number, message in enumerate(messages):
            if number == 700:
                thread.start()
            yield message

    digests = hsum.digest_many("sha256", clear_later())
    thread.join()
    assert set(digests) == {expected}


def test_the_gil_is_released() -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.wait(0.001):
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    hsum.digest_many("sha256", [bytes(64 << 20)])
    during = counted
    done.set()
    thread.join()
    assert during > 0


def test_ctrl_c_ends_the_run() -> None:
    def endless() -> Iterator[bytes]:
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        while True:
            yield b"message"

    with pytest.raises(KeyboardInterrupt):
        hsum.digest_many("md5", endless())
