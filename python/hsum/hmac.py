"""The standard module hmac, computed by hsum.

It has the names, arguments, results and exceptions of hmac; see
https://docs.python.org/3/library/hmac.html. Keys are wiped from memory when the objects that hold
them are freed; copies that Python made of the bytes are not.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from hsum import _hsum, hashlib

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import TypeAlias

    from typing_extensions import Buffer, Self

    _DigestMod: TypeAlias = str | Callable[[], hashlib._HashObject] | ModuleType

# The interpreter's function, which compares str as well.
try:
    from _hashlib import compare_digest as compare_digest
except ImportError:
    from _operator import _compare_digest as compare_digest  # type: ignore[no-redef]

trans_5C = bytes(x ^ 0x5C for x in range(256))
trans_36 = bytes(x ^ 0x36 for x in range(256))

# As in the standard module. The size depends on the hash function; HMAC objects have it.
digest_size = None


class HMAC:
    """An HMAC of a message that arrives in pieces (RFC 2104)."""

    # The block length assumed for a hash object that has none.
    blocksize = 64

    __slots__ = ("_hmac", "_inner", "_outer", "block_size", "digest_size")

    # Either the native object, or an inner and an outer hash object of another module.
    _hmac: Any
    _inner: Any
    _outer: Any
    block_size: int
    digest_size: int

    def __init__(
        self, key: bytes | bytearray, msg: Buffer | None = None, digestmod: _DigestMod = ""
    ) -> None:
        """Start an HMAC with msg, if that is not None.

        key is bytes or bytearray. digestmod is required: the name of a hash function, a
        constructor, or a module with a function new() (PEP 247).
        """
        if not isinstance(key, (bytes, bytearray)):
            raise TypeError(f"key: expected bytes or bytearray, but got {type(key).__name__!r}")
        if not digestmod:
            raise TypeError("Missing required argument 'digestmod'.")
        self._hmac = _hsum.hmac_new(key, msg, digestmod)
        if self._hmac is None:
            self._init_old(key, msg, digestmod)
            return
        self._inner = self._outer = None
        self.digest_size = self._hmac.digest_size
        self.block_size = self._hmac.block_size

    def _init_old(
        self, key: bytes | bytearray, msg: Buffer | None, digestmod: _DigestMod
    ) -> None:
        """Start an HMAC over hash objects of any kind. The standard module has the same name."""
        construct = _constructor(digestmod)
        self._hmac = None
        self._outer = construct()
        self._inner = construct()
        self.digest_size = self._inner.digest_size
        self.block_size = self._checked_block_size()
        if len(key) > self.block_size:
            key = construct(key).digest()
        key = key.ljust(self.block_size, b"\0")
        self._outer.update(key.translate(trans_5C))
        self._inner.update(key.translate(trans_36))
        if msg is not None:
            self._inner.update(msg)

    def _checked_block_size(self) -> int:
        if not hasattr(self._inner, "block_size"):
            message = f"No block_size attribute on given digest object; Assuming {self.blocksize}."
        elif self._inner.block_size < 16:
            message = (
                f"block_size of {self._inner.block_size} seems too small; "
                f"using our default of {self.blocksize}."
            )
        else:
            return int(self._inner.block_size)
        warnings.warn(message, RuntimeWarning, stacklevel=4)
        return self.blocksize

    @property
    def name(self) -> str:
        """The name: hmac-sha256."""
        return str(self._hmac.name) if self._hmac else f"hmac-{self._inner.name}"

    def update(self, msg: Buffer) -> None:
        """Append an object's bytes to the message."""
        (self._hmac or self._inner).update(msg)

    def copy(self) -> Self:
        """Return a copy of the HMAC object."""
        # A subclass may have another __init__.
        other = self.__class__.__new__(self.__class__)
        other.digest_size = self.digest_size
        other.block_size = self.block_size
        other._hmac = self._hmac and self._hmac.copy()
        other._inner = self._inner and self._inner.copy()
        other._outer = self._outer and self._outer.copy()
        return other

    def _current(self) -> Any:
        """Return an object whose digest is the tag."""
        if self._hmac:
            return self._hmac
        outer = self._outer.copy()
        outer.update(self._inner.digest())
        return outer

    def digest(self) -> bytes:
        """Return the tag."""
        tag: bytes = self._current().digest()
        return tag

    def hexdigest(self) -> str:
        """Return the tag in lower-case hex."""
        tag: str = self._current().hexdigest()
        return tag


def _constructor(digestmod: _DigestMod) -> Callable[..., hashlib._HashObject]:
    """Return the function that constructs hash objects of digestmod."""
    if callable(digestmod):
        return digestmod
    if isinstance(digestmod, str):
        return lambda data=b"": hashlib.new(digestmod, data)
    return lambda data=b"": digestmod.new(data)


def new(key: bytes | bytearray, msg: Buffer | None = None, digestmod: _DigestMod = "") -> HMAC:
    """Return an HMAC object, started with msg if that is not None.

    key is bytes or bytearray. digestmod is required: the name of a hash function, a constructor,
    or a module with a function new() (PEP 247).
    """
    return HMAC(key, msg, digestmod)


def digest(key: Buffer, msg: Buffer, digest: _DigestMod) -> bytes:
    """Return the tag of msg under key, faster than new(key, msg, digest).digest()."""
    tag = _hsum.hmac_digest(key, msg, digest)
    if tag is None:
        tag = HMAC(memoryview(key).tobytes(), msg, digest).digest()
    return tag
