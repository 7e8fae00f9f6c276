"""Hash a tree on the workers of a cluster: Dask, Spark, Ray, or any other way to call a function elsewhere.

`shards` divides the files of a tree, and `work` hashes one shard wherever it is called. The lines of all shards are those
that the program prints for the tree on one machine.

The workers must see the files under the same paths, and have this package installed.

Example:
    >>> from hsum import cluster
    >>> shards = cluster.shards("photos", 64)
    >>> parts = list(map(cluster.work, shards))  # or the `map` of a cluster
    >>> [part.errors for part in parts]
    [[], []]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from hsum import _hsum

__all__ = ["Part", "shards", "work"]

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Part(NamedTuple):
    """The result of one shard. It can be pickled.

    Attributes:
        lines: The lines of a checksum file in bytes, as the program prints them, in the order of the shard.
        errors: An OSError for each file without a line, with errno, strerror, and filename in bytes.
    """

    lines: bytes
    errors: list[OSError]


def shards(paths: _Path | Iterable[_Path], count: int, *, bytes_per_file: int = 20_000) -> list[list[bytes]]:
    """Divides the files of a tree among shards that take about the same time.

    The most expensive file goes first. Each file goes to the shard that costs least so far, so the result depends on
    names and sizes only.

    Args:
        paths: A path, or an iterable of paths: str, bytes or os.PathLike. Directories are walked as the program walks
            them: hidden files are included, symbolic links are not followed, and FIFOs, sockets and devices are left out.
        count: The number of shards, several for each core of the cluster.
        bytes_per_file: The cost of opening a file, as the number of bytes that are hashed in the same time. The cost of
            a file is this and its size.

    Returns:
        At most `count` lists of paths in bytes, none empty, each in the order of the walk. A path that cannot be listed,
        such as a directory without read permission, is in a shard too, and `work` reports why it cannot be read.

    Raises:
        ValueError: count is not positive, or bytes_per_file is negative.
        TypeError: A path is neither str, bytes nor os.PathLike.

    Example:
        >>> cluster.shards("photos", 2)
        [[b'photos/beach.jpg'], [b'photos/lake.jpg']]
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    if bytes_per_file < 0:
        raise ValueError(f"bytes_per_file must not be negative, but is {bytes_per_file}")
    names = [paths] if isinstance(paths, str | bytes | os.PathLike) else paths
    files = [os.fsencode(name) for name in names]
    divided: list[list[bytes]] = _hsum._shards(files, min(count, sys.maxsize), bytes_per_file)
    return divided


def work(paths: Iterable[_Path], name: str | Iterable[str] = "sha256", *, threads: int | None = 1) -> Part:
    """Hashes the files of a shard on a worker.

    A shard may be hashed twice, as clusters do after a failure: `merge` takes equal lines once.

    Args:
        paths: The paths of a shard.
        name: The name of a hash function, or several names: each file is read once, and its lines have tags.
        threads: The number of threads: the cores that the cluster reserves for a task, or more if the files are on a
            network file system. None takes all cores of the machine, also those of other tasks.

    Returns:
        A Part. A file that cannot be read, changes meanwhile or is not a regular file is one of its errors.

    Raises:
        ValueError: A name or threads is invalid.
        TypeError: A path is neither str, bytes nor os.PathLike.

    Example:
        >>> part = cluster.work([b"photos/lake.jpg", b"photos/missing.jpg"], "md5")
        >>> part.lines
        b'...  photos/lake.jpg\\n'
        >>> part.errors
        [FileNotFoundError(2, 'No such file or directory')]
    """
    names = [name] if isinstance(name, str) else list(name)
    return Part(*_hsum._work([os.fsencode(path) for path in paths], names, threads))
