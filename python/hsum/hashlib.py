"""The standard module hashlib, computed by hsum.

It has the names, arguments, results and exceptions of hashlib; see
https://docs.python.org/3/library/hashlib.html. In addition, it has blake3, sm3, sha512_224 and
sha512_256, and new() accepts every spelling of a name that the program hsum accepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, overload

from hsum._hsum import (
    blake2b,
    blake2s,
    blake3,
    md5,
    new,
    pbkdf2_hmac,
    sha1,
    sha3_224,
    sha3_256,
    sha3_384,
    sha3_512,
    sha224,
    sha256,
    sha384,
    sha512,
    sha512_224,
    sha512_256,
    shake_128,
    shake_256,
    sm3,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer, Self

    from hsum._hsum import Hash

    # The names that annotations of code for hashlib use.
    _Hash = Hash

    class _HashObject(Protocol):
        @property
        def name(self) -> str: ...
        @property
        def digest_size(self) -> int: ...
        @property
        def block_size(self) -> int: ...
        def update(self, data: Buffer, /) -> None: ...
        def digest(self) -> bytes: ...
        def hexdigest(self) -> str: ...
        def copy(self) -> Self: ...

    class _Updatable(Protocol):
        def update(self, data: Buffer, /) -> object: ...

    class _Memory(Protocol):
        def getbuffer(self) -> memoryview: ...

    class _File(Protocol):
        def readinto(self, buffer: bytearray, /) -> int | None: ...
        def readable(self) -> bool: ...

    _T = TypeVar("_T", bound=_Updatable)

__all__ = [
    "algorithms_available",
    "algorithms_guaranteed",
    "blake2b",
    "blake2s",
    "blake3",
    "file_digest",
    "md5",
    "new",
    "pbkdf2_hmac",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
    "sha512",
    "sha512_224",
    "sha512_256",
    "shake_128",
    "shake_256",
    "sm3",
]

#: The names that hashlib guarantees on every platform.
algorithms_guaranteed = {
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
    "sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128", "shake_256",
    "blake2b", "blake2s",
}
#: The hash functions that new() accepts; it also accepts other spellings, and the names of CRCs.
algorithms_available = algorithms_guaranteed | {"blake3", "sha512_224", "sha512_256", "sm3"}

# hsum has no scrypt; the interpreter has it if its OpenSSL does.
try:
    from _hashlib import scrypt as scrypt
except ImportError:
    pass


@overload
def file_digest(fileobj: _Memory | _File, digest: str, /, *, _bufsize: int = ...) -> Hash: ...
@overload
def file_digest(
    fileobj: _Memory | _File, digest: Callable[[], _T], /, *, _bufsize: int = ...
) -> _T: ...
def file_digest(
    fileobj: _Memory | _File,
    digest: str | Callable[[], _Updatable],
    /,
    *,
    _bufsize: int = 2**18,
) -> _Updatable:
    """Return a hash object of a file object's contents, from its position to its end.

    fileobj is opened for reading in binary mode: a file, io.BytesIO or a socket's file. Its
    position is unspecified afterwards. digest is a name, a constructor or another callable that
    returns a hash object.

    Raises ValueError if fileobj cannot be read in binary mode, BlockingIOError if it is
    non-blocking and has no data yet, and OSError if reading fails.
    """
    hash_object = new(digest) if isinstance(digest, str) else digest()
    if hasattr(fileobj, "getbuffer"):
        with fileobj.getbuffer() as view:
            hash_object.update(view)
        return hash_object
    if not (
        hasattr(fileobj, "readinto") and hasattr(fileobj, "readable") and fileobj.readable()
    ):
        raise ValueError(f"'{fileobj!r}' is not a file-like object in binary reading mode.")
    buffer = bytearray(_bufsize)
    view = memoryview(buffer)
    while (size := fileobj.readinto(buffer)) != 0:
        if size is None:
            raise BlockingIOError("I/O operation would block.")
        hash_object.update(view[:size])
    return hash_object
