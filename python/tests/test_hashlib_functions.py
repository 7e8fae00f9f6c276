"""The functions of hsum.hashlib against those of hashlib: file_digest, pbkdf2_hmac and scrypt."""

# Many calls are wrong on purpose; test_types.py is for mypy.
# mypy: ignore-errors

import hashlib
import io
import os
import random
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hsum.hashlib as ours

DATA = random.Random(1).randbytes(5000)


class TestFileDigest:
    """file_digest of files, of objects that look like files, and of neither."""

    @pytest.fixture(params=[0, 1, 2**18 - 1, 2**18, 2**18 + 1, 3_000_001])
    def file(self, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
        data = random.Random(3).randbytes(request.param)
        path = tmp_path / "file"
        path.write_bytes(data)
        return path, data

    def test_files(self, file: tuple[Path, bytes]) -> None:
        path, data = file
        for buffering in (-1, 0):
            for start in {0, len(data) // 3, len(data)}:
                with open(path, "rb", buffering) as stream:
                    stream.read(start)
                    got = ours.file_digest(stream, "sha256")
                    assert got.digest() == hashlib.sha256(data[start:]).digest()
                    assert stream.tell() == len(data)
                    assert stream.read() == b""

    def test_constructors(self, file: tuple[Path, bytes]) -> None:
        path, data = file
        for digest in ("md5", ours.sha1, hashlib.sha512, lambda: ours.blake2b(digest_size=9)):
            with open(path, "rb") as stream:
                got = ours.file_digest(stream, digest)
            expected = ours.new(digest) if isinstance(digest, str) else digest()
            expected.update(data)
            assert got.digest() == expected.digest()
            assert type(got) is type(expected)
        assert ours.file_digest(io.BytesIO(data), "sha3_256").digest() == hashlib.sha3_256(data).digest()

    @pytest.mark.parametrize("connect", [os.pipe, socket.socketpair])
    def test_pipes_and_sockets(self, connect: Callable[[], tuple[Any, Any]]) -> None:
        data = DATA * 100
        ends = connect()
        if connect is os.pipe:
            receive, send = (open(end, mode) for end, mode in zip(ends, ("rb", "wb")))
        else:
            receive, send = (end.makefile(mode) for end, mode in zip(ends, ("rb", "wb")))

        def write() -> None:
            send.write(data)
            send.close()
            if connect is not os.pipe:
                ends[1].close()

        thread = threading.Thread(target=write)
        thread.start()
        with receive:
            assert ours.file_digest(receive, "sha256").digest() == hashlib.sha256(data).digest()
        thread.join()
        if connect is not os.pipe:
            ends[0].close()

    @pytest.mark.parametrize("wrong", [None, io.StringIO(), "path", open])
    def test_what_is_no_file(self, wrong: object) -> None:
        with pytest.raises(ValueError, match="not a file-like object in binary reading mode"):
            ours.file_digest(wrong, "sha256")

    def test_errors(self, tmp_path: Path) -> None:
        with open(os.devnull, "wb") as stream, pytest.raises(ValueError, match="reading mode"):
            ours.file_digest(stream, "sha256")
        with open(os.devnull, "rb") as stream:
            pass
        with pytest.raises(ValueError, match="closed file"):
            ours.file_digest(stream, "sha256")
        with pytest.raises(ValueError, match="unsupported hash type"):
            ours.file_digest(io.BytesIO(), "nothing")
        with pytest.raises(TypeError):
            ours.file_digest(io.BytesIO(), 3)

    def test_a_pipe_that_would_block(self) -> None:
        ends = os.pipe()
        os.set_blocking(ends[0], False)
        with open(ends[0], "rb", 0) as receive, open(ends[1], "wb", 0) as send:
            send.write(b"some")
            with pytest.raises(BlockingIOError):
                ours.file_digest(receive, "sha256")

    def test_an_error_of_the_reader(self) -> None:
        class Failing(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: object) -> int:
                raise OSError(5, "Input/output error", "name")

        with pytest.raises(OSError, match="name") as error:
            ours.file_digest(Failing(), "sha256")
        assert error.value.errno == 5


class TestPbkdf2:
    """pbkdf2_hmac against hashlib's."""

    @pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "sha3_256", "blake2s256"])
    def test_every_length(self, name: str) -> None:
        theirs = name
        ours_name = {"blake2s256": "blake2s"}.get(name, name)
        for dklen in (None, 1, 15, 16, 17, 63, 64, 65, 200):
            for password, salt in ((b"", b""), (b"secret", b"salt"), (DATA[:300], DATA[:100])):
                for iterations in (1, 2, 7):
                    expected = hashlib.pbkdf2_hmac(theirs, password, salt, iterations, dklen)
                    assert ours.pbkdf2_hmac(ours_name, password, salt, iterations, dklen) == expected

    def test_more_iterations_than_between_two_checks_for_signals(self) -> None:
        for iterations in (16384, 16385, 16386, 40000):
            expected = hashlib.pbkdf2_hmac("sha1", b"password", b"salt", iterations, 25)
            assert ours.pbkdf2_hmac("sha1", b"password", b"salt", iterations, 25) == expected

    @pytest.mark.parametrize(
        ("arguments", "error", "words"),
        [
            ((b"sha256", b"", b"", 1), TypeError, "must be str, not bytes"),
            (("sha256", "p", b"", 1), TypeError, "encoded"),
            (("sha256", b"", b"", 0), ValueError, "iteration value must be greater than 0"),
            (("sha256", b"", b"", 1, 0), ValueError, "key length must be greater than 0"),
            (("sha256", b"", b"", 2**31), OverflowError, "too great"),
            (("sha256", b"", b"", 2**64), OverflowError, ""),
            (("sha256", b"", b"", 1.0), TypeError, "integer"),
            (("shake_128", b"", b"", 1), ValueError, "HMAC is not defined for shake128"),
            (("nothing", b"", b"", 1), ValueError, "unsupported hash type"),
        ],
    )
    def test_errors(self, arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words or None):
            ours.pbkdf2_hmac(*arguments)

    def test_ctrl_c(self) -> None:
        """A handler that raises ends the derivation; without a check it takes hours."""
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            with pytest.raises(KeyboardInterrupt):
                ours.pbkdf2_hmac("sha256", b"password", b"salt", 2**31 - 1)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)


@pytest.mark.skipif(not hasattr(hashlib, "scrypt"), reason="this interpreter has no scrypt")
def test_scrypt_is_the_interpreters() -> None:
    assert ours.scrypt is hashlib.scrypt
