#!/usr/bin/env python3
"""Calls the library from Python with ctypes, and compares with hashlib and hmac.

Usage: tests/client.py LIBRARY
"""
import ctypes, hashlib, hmac, os, sys, tempfile, threading
from ctypes import POINTER, Structure, c_bool, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p

library = ctypes.CDLL(sys.argv[1], use_errno=True)


class Slice(Structure):
    _fields_ = [("data", c_char_p), ("len", c_size_t)]


class FileResult(Structure):
    _fields_ = [("status", c_int), ("error", c_int), ("size", c_uint64)]


def declare(name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


find = declare("hsum_find", c_void_p, c_char_p)
at = declare("hsum_algorithm_at", c_void_p, c_size_t)
name_of = declare("hsum_name", c_char_p, c_void_p)
size_of = declare("hsum_digest_size", c_size_t, c_void_p)
block_size = declare("hsum_block_size", c_size_t, c_void_p)
digest = declare("hsum_digest", c_int, c_void_p, c_char_p, c_size_t, c_void_p, c_size_t)
digest_many = declare("hsum_digest_many", c_int, c_void_p, POINTER(Slice), c_size_t, c_void_p, c_size_t)
key_new = declare("hsum_hmac_key_new", c_void_p, c_void_p, c_char_p, c_size_t)
key_free = declare("hsum_hmac_key_free", None, c_void_p)
sign = declare("hsum_hmac", c_int, c_void_p, c_char_p, c_size_t, c_void_p, c_size_t)
hash_file = declare("hsum_file", c_int, c_void_p, c_char_p, c_void_p, c_size_t)
hash_files = declare(
    "hsum_files", c_int, c_void_p, POINTER(c_char_p), c_size_t, c_uint, c_void_p, c_size_t, POINTER(FileResult)
)
OK, IO, FILE_FAILED = 0, 6, 9


def call(function, algorithm, *arguments):
    out = ctypes.create_string_buffer(size_of(algorithm))
    status = function(*arguments, out, len(out))
    assert status == OK, (name_of(algorithm), status)
    return out.raw


def judges():
    """Yields (algorithm, constructor of hashlib, length of digests for XOFs), BLAKE2 at every length."""
    names = {"sha512-224": "sha512_224", "sha512-256": "sha512_256"}
    index = 0
    while algorithm := at(index):
        index += 1
        ours = name_of(algorithm).decode()
        theirs = names.get(ours, ours.replace("sha3-", "sha3_"))
        theirs = theirs.replace("shake", "shake_")
        if theirs in ("blake2b", "blake2s"):
            for size in range(1, size_of(algorithm) + 1):
                yield find(f"{ours}-{8 * size}".encode()), lambda data=b"", n=theirs, s=size: getattr(hashlib, n)(data, digest_size=s), ()
        elif theirs in hashlib.algorithms_available:
            length = (size_of(algorithm),) if "shake" in theirs else ()
            yield algorithm, lambda data=b"", n=theirs: hashlib.new(n, data), length
        else:
            print(f"skipped: hashlib has no {ours}")


def check_messages():
    messages = [os.urandom(length) for length in [*range(300), 4096, 100_000]]
    functions = 0
    for algorithm, new, length in judges():
        functions += 1
        expected = [new(message).digest(*length) for message in messages]
        assert [call(digest, algorithm, algorithm, m, len(m)) for m in messages] == expected, name_of(algorithm)
        slices = (Slice * len(messages))(*((m, len(m)) for m in messages))
        out = ctypes.create_string_buffer(size_of(algorithm) * len(messages))
        assert digest_many(algorithm, slices, len(messages), out, len(out)) == OK
        assert out.raw == b"".join(expected), name_of(algorithm)
        if block_size(algorithm):
            for secret in (b"", b"key", os.urandom(300)):
                key = key_new(algorithm, secret, len(secret))
                theirs = [hmac.new(secret, m, new).digest() for m in messages[::50]]
                assert [call(sign, algorithm, key, m, len(m)) for m in messages[::50]] == theirs, name_of(algorithm)
                key_free(key)
    print(f"{functions} hash functions agree with hashlib and hmac")


def check_files(directory):
    sha256 = find(b"sha256")
    contents = [os.urandom(size) for size in (0, 1, 5000, 300_000, 9_000_000)] * 20
    names = [os.path.join(os.fsencode(directory), b"%d \n\\\xff" % index) for index in range(len(contents))]
    for name, data in zip(names, contents):
        with open(name, "wb") as file:
            file.write(data)
    missing = 7
    os.unlink(names[missing])
    expected = [hashlib.sha256(data).digest() for data in contents]
    assert call(hash_file, sha256, sha256, names[4]) == expected[4]
    assert hash_file(sha256, names[missing], ctypes.create_string_buffer(32), 32) == IO
    paths = (c_char_p * len(names))(*names)
    for threads in (0, 1, 2, 7):
        out = ctypes.create_string_buffer(b"\xaa" * 32 * len(names), 32 * len(names))
        results = (FileResult * len(names))()
        assert hash_files(sha256, paths, len(names), threads, out, len(out), results) == FILE_FAILED
        for index, result in enumerate(results):
            found = out.raw[32 * index : 32 * index + 32]
            if index == missing:
                assert (result.status, result.error, result.size, found) == (IO, 2, 0, b"\xaa" * 32)
            else:
                assert (result.status, result.size, found) == (OK, len(contents[index]), expected[index])
    print(f"{len(names)} files agree with hashlib, odd names included")
    # The parent has used threads; a child of its own starts others.
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            status = hash_files(sha256, paths, 5, 4, out, len(out), results)
            os._exit(0 if status == OK and out.raw[: 32 * 5] == b"".join(expected[:5]) else 1)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    print("4 children hash files after fork")


def check_threads():
    """Uses one algorithm and one key from several threads; ctypes releases the GIL."""
    algorithm, message = find(b"sha512"), os.urandom(200_000)
    key, expected = key_new(algorithm, b"key", 3), hmac.digest(b"key", message, "sha512")
    wrong = []

    def run():
        for _ in range(50):
            if call(sign, algorithm, key, message, len(message)) != expected:
                wrong.append(threading.current_thread())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    key_free(key)
    assert not wrong
    print("8 threads share a key")


check_messages()
check_threads()
with tempfile.TemporaryDirectory() as directory:
    check_files(directory)
