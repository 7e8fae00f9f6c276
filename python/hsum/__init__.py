"""Hash files and messages, many at once.

`hsum.hashlib` and `hsum.hmac` are drop-in replacements for the standard modules. The functions here take many
inputs at once, which is faster: several messages share the lanes of one core, and several threads read files.
No function holds the GIL while it hashes 2 KiB or more.

Names of hash functions may have any spelling: ``sha256``, ``SHA-256``, ``sha3_256``. If the function has several
digest lengths, one may follow in bits: ``blake2b-256``, ``shake128-512``.

Example:
    >>> import hsum
    >>> hsum.digest("sha256", b"hello world").hex()
    'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9'
"""

from hsum._hsum import (
    BadSignature as BadSignature,
    CheckedLine as CheckedLine,
    FileDigests as FileDigests,
    VerifiedWebhook as VerifiedWebhook,
    __version__ as __version__,
    check as check,
    digest as digest,
    digest_many as digest_many,
    file_digests as file_digests,
    hmac_many as hmac_many,
    tree as tree,
    verify_webhook as verify_webhook,
)

__all__ = [
    "BadSignature",
    "CheckedLine",
    "FileDigests",
    "VerifiedWebhook",
    "check",
    "digest",
    "digest_many",
    "file_digests",
    "hmac_many",
    "tree",
    "verify_webhook",
]
