"""The standard module hashlib, computed by hsum.

The names, arguments, results and exceptions are those of hashlib; see
https://docs.python.org/3/library/hashlib.html. Beyond it there are blake3, sm3, sha512_224 and
sha512_256, and new() understands every spelling of a name that the program hsum does.
"""

from hsum import _hsum
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

algorithms_guaranteed = {
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
    "sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128", "shake_256",
    "blake2b", "blake2s",
}
algorithms_available = algorithms_guaranteed | {"blake3", "sha512_224", "sha512_256", "sm3"}

__all__ = (
    *sorted(algorithms_available),
    "algorithms_available",
    "algorithms_guaranteed",
    "file_digest",
    "new",
    "pbkdf2_hmac",
)

# hsum has no scrypt; the interpreter has one if its OpenSSL does.
try:
    from _hashlib import scrypt
except ImportError:
    pass
else:
    __all__ += ("scrypt",)


def file_digest(fileobj, digest, /, *, _bufsize=2**18):
    """Return a hash object of the contents of a file object, from its position to its end.

    fileobj is opened for reading in binary mode: a file, io.BytesIO or a socket's file. Its
    position is unspecified afterwards. digest is a name, a constructor or another callable that
    returns a hash object.

    Raises ValueError if fileobj is not such an object, and the OSError that reading it raised.
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
    while size := fileobj.readinto(buffer):
        hash_object.update(view[:size])
    return hash_object
