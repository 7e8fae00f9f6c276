import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, TypeAlias, final, overload

from typing_extensions import Buffer, Self

from hsum.progress import Progress

__version__: str

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Names: TypeAlias = str | Iterable[str]
_OnError: TypeAlias = Literal["raise", "return"]
_list: TypeAlias = list
_Text: TypeAlias = str | bytes
_Pairs: TypeAlias = Mapping[str, str] | Mapping[str, bytes] | Iterable[tuple[_Text, _Text]]

class _Readable(Protocol):
    def read(self) -> bytes: ...

# Messages

def digest(name: str, data: Buffer) -> bytes: ...
@overload
def digest_many(name: str, messages: Iterable[Buffer], *, joined: Literal[False] = False) -> list[bytes]: ...
@overload
def digest_many(name: str, messages: Iterable[Buffer], *, joined: Literal[True]) -> bytes: ...
@overload
def digest_many(name: str, messages: Iterable[Buffer], *, joined: bool) -> list[bytes] | bytes: ...
@overload
def hmac_many(
    key: Buffer, messages: Iterable[Buffer], name: str, *, joined: Literal[False] = False
) -> list[bytes]: ...
@overload
def hmac_many(key: Buffer, messages: Iterable[Buffer], name: str, *, joined: Literal[True]) -> bytes: ...
@overload
def hmac_many(key: Buffer, messages: Iterable[Buffer], name: str, *, joined: bool) -> list[bytes] | bytes: ...
def _arrow_digest(
    name: str,
    width: int,
    offsets: Buffer | None,
    data: Buffer | None,
    validity: Buffer | None,
    start: int,
    length: int,
) -> tuple[bytes, bytes | None]: ...

# Files

@final
class FileDigests:
    def __new__(
        cls,
        path: Any,
        digests: dict[str, bytes],
        size: int | None = None,
        error: OSError | None = None,
        skipped: bool = False,
    ) -> Self: ...
    @property
    def path(self) -> Any: ...
    @property
    def digests(self) -> dict[str, bytes]: ...
    @property
    def size(self) -> int | None: ...
    @property
    def error(self) -> OSError | None: ...
    @property
    def skipped(self) -> bool: ...
    def digest(self, name: str | None = None) -> bytes: ...
    def hexdigest(self, name: str | None = None) -> str: ...

@final
class Tree(Iterator[FileDigests]):
    def __iter__(self) -> Tree: ...
    def __next__(self) -> FileDigests: ...

@final
class CheckedLine:
    @property
    def line(self) -> int: ...
    @property
    def path(self) -> Any: ...
    @property
    def verdict(
        self,
    ) -> Literal["ok", "mismatch", "wrong-size", "missing", "unreadable", "refused", "malformed", "unknown"]: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def error(self) -> OSError | None: ...
    @property
    def expected(self) -> dict[str, bytes]: ...
    @property
    def digests(self) -> dict[str, bytes]: ...
    @property
    def size(self) -> int | None: ...

def file_digests(
    paths: Iterable[_Path],
    name: _Names = "sha256",
    *,
    threads: int | None = None,
    progress: Progress = None,
    errors: _OnError = "raise",
) -> list[FileDigests]: ...
def tree(
    path: _Path,
    name: _Names = "sha256",
    *,
    threads: int | None = None,
    progress: Progress = None,
    errors: _OnError = "return",
    follow_symlinks: bool = False,
) -> Tree: ...
def check(
    list: _Path | _Readable,
    *,
    directory: _Path | None = None,
    name: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> _list[CheckedLine]: ...

# Signed requests

class BadSignature(Exception):
    reason: str

@final
class VerifiedWebhook:
    @property
    def scheme(self) -> str: ...
    @property
    def key_index(self) -> int: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def fresh_until(self) -> int | None: ...
    @property
    def id(self) -> str | None: ...
    @property
    def replay_keys(self) -> tuple[bytes, ...]: ...
    @property
    def covers_body(self) -> bool: ...
    @property
    def coverage(self) -> str: ...

def verify_webhook(
    scheme: str,
    headers: _Pairs,
    body: Buffer,
    keys: _Text | Iterable[_Text],
    *,
    now: float | None = None,
    tolerance: int | None = None,
    method: str = "POST",
    url: str = "",
    params: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
) -> VerifiedWebhook: ...
