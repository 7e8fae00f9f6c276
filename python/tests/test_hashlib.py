"""hsum.hashlib against hashlib, BLAKE3's own package and pyca/cryptography."""

# Many calls are wrong on purpose; test_types.py is for mypy.
# mypy: ignore-errors

import array
import copy
import ctypes
import hashlib
import mmap
import os
import pickle
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import hsum.hashlib as ours

DATA = random.Random(1).randbytes(5000)
XOFS = ("shake_128", "shake_256")
# The names that both modules have; what OpenSSL offers depends on its build.
COMMON = sorted(ours.algorithms_available & hashlib.algorithms_available)


def digest_of(hash_object: Any, length: int = 77) -> bytes:
    """Return the digest, of a length that is no multiple of anything for SHAKE."""
    digest = hash_object.digest(length) if hash_object.name in XOFS else hash_object.digest()
    assert isinstance(digest, bytes)
    return digest


def test_names() -> None:
    assert ours.algorithms_guaranteed == hashlib.algorithms_guaranteed
    assert set(COMMON) >= hashlib.algorithms_guaranteed
    assert {"blake3", "sm3", "sha512_256"} <= ours.algorithms_available
    assert set(hashlib.__all__) <= set(ours.__all__) | {"scrypt"}
    for name in ours.__all__:
        assert hasattr(ours, name)


@pytest.mark.parametrize("name", COMMON)
def test_every_length(name: str) -> None:
    for length in [*range(301), 2047, 2048, 2049, 5000]:
        message = DATA[:length]
        expected = hashlib.new(name, message)
        got = ours.new(name, message)
        assert digest_of(got) == digest_of(expected), length
        assert (got.name, got.digest_size, got.block_size) == (
            expected.name, expected.digest_size, expected.block_size
        )
        assert digest_of(getattr(ours, name)(message)) == digest_of(expected)


@pytest.mark.parametrize("name", sorted(ours.algorithms_available))
def test_every_split(name: str) -> None:
    for length in (0, 1, 64, 65, 128, 200, 300):
        expected = digest_of(ours.new(name, DATA[:length]))
        for split in range(length + 1):
            hash_object = ours.new(name)
            hash_object.update(DATA[:split])
            before = hash_object.copy()
            assert digest_of(before) == digest_of(ours.new(name, DATA[:split]))
            hash_object.update(DATA[split:length])
            assert digest_of(hash_object) == expected, (length, split)
            # Neither a copy nor a digest changes the object.
            assert digest_of(before) == digest_of(ours.new(name, DATA[:split]))
            assert digest_of(hash_object) == expected


@pytest.mark.parametrize("name", sorted(ours.algorithms_available))
def test_hexdigest(name: str) -> None:
    hash_object = ours.new(name, b"abc")
    length = (77,) if name in XOFS else ()
    assert hash_object.hexdigest(*length) == hash_object.digest(*length).hex()


@pytest.mark.parametrize("name", XOFS)
def test_output_lengths(name: str) -> None:
    for length in (0, 1, 135, 136, 137, 168, 169, 2047, 2048, 100_000):
        got = ours.new(name, DATA)
        assert got.digest(length) == hashlib.new(name, DATA).digest(length)
        assert got.hexdigest(length) == got.digest(length).hex()
    for length in (-1, 1 << 29, 1 << 62):
        with pytest.raises(ValueError, match="length must be between"):
            got.digest(length)
    with pytest.raises(OverflowError):
        got.digest(1 << 70)
    with pytest.raises(TypeError):
        got.digest()
    with pytest.raises(TypeError):
        got.digest("1")


def test_blake3() -> None:
    blake3 = pytest.importorskip("blake3").blake3
    for length in (0, 1, 63, 64, 65, 1023, 1024, 1025, 5000):
        ours_object = ours.blake3(DATA[:length])
        expected = blake3(DATA[:length])
        assert ours_object.digest() == expected.digest()
        assert ours_object.digest(1000) == expected.digest(1000)
        assert ours_object.hexdigest(3) == expected.hexdigest(3)
    assert (ours_object.digest_size, ours_object.block_size) == (32, 64)


def test_cryptography() -> None:
    hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
    judges = {
        "md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha512_224": hashes.SHA512_224(),
        "sha512_256": hashes.SHA512_256(), "sm3": hashes.SM3(), "sha3_384": hashes.SHA3_384(),
        "blake2b": hashes.BLAKE2b(64), "blake2s": hashes.BLAKE2s(32),
    }
    for name, algorithm in judges.items():
        for length in (0, 1, 55, 56, 64, 111, 112, 128, 5000):
            expected = hashes.Hash(algorithm)
            expected.update(DATA[:length])
            assert ours.new(name, DATA[:length]).digest() == expected.finalize()


@pytest.mark.parametrize("name", ["blake2b", "blake2s"])
def test_blake2_parameters(name: str) -> None:
    theirs = getattr(hashlib, name)
    draw = random.Random(2)
    for _ in range(500):
        parameters = {
            "digest_size": draw.randint(1, theirs.MAX_DIGEST_SIZE),
            "key": draw.randbytes(draw.randint(0, theirs.MAX_KEY_SIZE)),
            "salt": draw.randbytes(draw.randint(0, theirs.SALT_SIZE)),
            "person": draw.randbytes(draw.randint(0, theirs.PERSON_SIZE)),
            "fanout": draw.randint(0, 255),
            "depth": draw.randint(1, 255),
            "leaf_size": draw.randint(0, 2**32 - 1),
            "node_offset": draw.randint(0, 2 ** (64 if name == "blake2b" else 48) - 1),
            "node_depth": draw.randint(0, 255),
            "inner_size": draw.randint(0, theirs.MAX_DIGEST_SIZE),
            "last_node": draw.random() < 0.5,
        }
        parameters = {key: parameters[key] for key in parameters if draw.random() < 0.5}
        message = DATA[: draw.randint(0, 400)]
        expected = theirs(message, **parameters)
        for got in (getattr(ours, name)(message, **parameters), ours.new(name, message, **parameters)):
            assert got.hexdigest() == expected.hexdigest(), parameters
            assert got.digest_size == expected.digest_size


def test_spellings() -> None:
    for name in ("SHA256", "sha-256", "SHA2-256", "sha_256"):
        assert ours.new(name, b"abc").digest() == hashlib.sha256(b"abc").digest()
    assert ours.new("sha512/256").name == "sha512_256"
    assert ours.new(name="sha256", data=b"abc").digest() == hashlib.sha256(b"abc").digest()
    assert ours.sha256(data=b"abc").digest() == hashlib.sha256(b"abc").digest()
    short = ours.new("blake2b-256", b"abc")
    assert short.digest() == hashlib.blake2b(b"abc", digest_size=32).digest()
    assert ours.new(short.name).name == "blake2b"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ours.sha256("abc"), TypeError, "Strings must be encoded before hashing"),
        (lambda: ours.sha256(1), TypeError, "object supporting the buffer API required"),
        (lambda: ours.sha256(None), TypeError, "object supporting the buffer API required"),
        (lambda: ours.sha256().update("a"), TypeError, "Strings must be encoded before hashing"),
        (lambda: ours.sha256(b"", b""), TypeError, "positional"),
        (lambda: ours.sha256(string=b""), TypeError, "string"),
        (lambda: ours.sha256(memoryview(bytes(9))[::2]), BufferError, "contiguous"),
        (lambda: ours.new("sha265"), ValueError, "unsupported hash type.*did you mean .*sha256"),
        (lambda: ours.new("\udcff"), ValueError, ""),
        (lambda: ours.new(b"sha256"), TypeError, "name must be a string"),
        (lambda: ours.new("sha256", digest_size=3), TypeError, "digest_size"),
        (lambda: ours.new("shake_128-512"), ValueError, r"digest\(\)"),
        (lambda: ours.blake2b(digest_size=65), ValueError, "between 1 and 64, not 65"),
        (lambda: ours.blake2b(key=bytes(65)), ValueError, "maximum key length is 64 bytes"),
        (lambda: ours.blake2b(key="k"), TypeError, ""),
        (lambda: type(ours.sha256())(), TypeError, "cannot create"),
        (lambda: setattr(ours.sha256(), "name", "x"), AttributeError, ""),
        (lambda: pickle.dumps(ours.sha256()), TypeError, "cannot pickle"),
        (lambda: copy.copy(ours.sha256()), TypeError, "cannot pickle"),
        (lambda: copy.deepcopy(ours.blake2b()), TypeError, "cannot pickle"),
        (lambda: pickle.dumps(ours.shake_128()), TypeError, "cannot pickle"),
    ],
)
def test_errors(call: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words or None):
        call()


def test_buffers() -> None:
    expected = hashlib.sha256(DATA[:4096]).digest()
    raw = bytearray(DATA[:4096])
    mapping = mmap.mmap(-1, 4096)
    mapping[:] = raw
    for buffer in (
        raw, memoryview(raw), memoryview(raw).cast("I"), memoryview(raw).cast("B", (64, 64)),
        array.array("Q", bytes(raw)), (ctypes.c_int * 1024).from_buffer(raw), mapping,
        (ctypes.c_short * 32 * 64).from_buffer(raw), memoryview(raw).toreadonly(),
    ):
        assert ours.sha256(buffer).digest() == expected, buffer
    assert ours.sha256(ctypes.c_int(3)).digest() == hashlib.sha256(ctypes.c_int(3)).digest()
    assert ours.sha256(memoryview(raw)[5:5]).digest() == hashlib.sha256().digest()
    assert ours.sha256(array.array("I")).digest() == hashlib.sha256().digest()


def test_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    table = numpy.arange(600, dtype=">u2").reshape(20, 30)
    for array_ in (table, table[3], table[:, :0], numpy.float64(1.5), numpy.array(3)):
        assert ours.sha256(array_).digest() == hashlib.sha256(array_.tobytes()).digest()
    for view in (table.T, table[:, ::2], table[::-1]):
        with pytest.raises((ValueError, BufferError), match="contiguous"):
            ours.sha256(view)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 688 is of Python 3.12")
def test_buffers_of_python_classes() -> None:
    class Odd(bytes):
        def __buffer__(self, flags: int) -> memoryview:
            return memoryview(b"other")

    class Bad:
        def __buffer__(self, flags: int) -> memoryview:
            raise TypeError("own words")

    assert ours.sha256(Odd(b"x")).digest() == hashlib.sha256(Odd(b"x")).digest()
    with pytest.raises(TypeError, match="own words"):
        ours.sha256(Bad())


def long_message() -> bytearray:
    """Return as many bytes as are hashed in 0.2 s or more, whatever the build."""
    size = 1 << 18
    while True:
        start = time.perf_counter()
        ours.sha3_512(bytes(size))
        if time.perf_counter() - start > 0.2:
            return bytearray(size)
        size *= 2


def test_a_buffer_is_pinned_while_it_is_hashed() -> None:
    """Neither a bytearray can be resized nor a view released while another thread hashes it."""
    data = long_message()
    view = memoryview(bytearray(data))
    refused = []
    for change, buffer in ((lambda: data.append(1), data), (view.release, view)):
        hash_object = ours.sha3_512()
        thread = threading.Thread(target=hash_object.update, args=(buffer,))
        thread.start()
        while thread.is_alive():
            try:
                change()
            except BufferError as error:
                refused.append(str(error))
                break
            except ValueError:
                break
            if buffer is data:
                data.pop()
        thread.join()
    assert len(refused) == 2, refused
    data.append(1)
    view.release()


def test_the_gil_is_released() -> None:
    """Another thread runs Python code while one update hashes."""
    data = long_message()
    hash_object = ours.sha3_512()
    times = []
    thread = threading.Thread(target=lambda: (hash_object.update(data), times.append(None)))
    thread.start()
    turns = 0
    while not times:
        turns += 1
        time.sleep(0.0001)
    thread.join()
    assert turns > 20


def test_one_object_in_twenty_threads() -> None:
    """Each update is whole, whatever the order, and readers disturb nothing."""
    for size in (64, 2047, 2048, 10_000):
        hash_object = ours.sha256()
        chunk = b"x" * size

        def work() -> None:
            for _ in range(50):
                hash_object.update(chunk)
                hash_object.copy().hexdigest()
                hash_object.digest()

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert hash_object.digest() == hashlib.sha256(chunk * 1000).digest()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_while_threads_hash() -> None:
    """A child hashes with new objects and with those no thread was using."""
    stop = threading.Event()
    idle = ours.sha256(b"before")
    busy = ours.sha256()

    def work() -> None:
        while not stop.is_set():
            busy.update(bytes(100_000))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                idle.update(b" and after")
                good = idle.digest() == hashlib.sha256(b"before and after").digest()
                good &= ours.blake3(DATA).digest() == ours.new("blake3", DATA).digest()
                os._exit(0 if good else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        thread.join()
