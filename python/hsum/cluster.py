"""Hash a tree on the workers of a cluster: Dask, Spark, Ray, or any other way to call a function elsewhere.

`shards` divides the files of a tree, `work` hashes one shard on the machine that calls it, and `merge` combines the
results into the checksum file that the program prints for the tree on one machine.

The workers must see the files under the same paths, and have this package installed.

Example:
    >>> from hsum import cluster
    >>> shards = cluster.shards("photos", 64)
    >>> parts = map(cluster.work, shards)       # or the `map` of a cluster
    >>> cluster.merge(parts, "photos.sha256")
    []
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from hsum import _hsum

__all__ = ["Part", "merge", "shards", "work"]

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

    The most expensive file is assigned first, and each file to the shard that costs least so far. The result depends
    only on names and sizes.

    Args:
        paths: A path, or an iterable of paths: str, bytes or os.PathLike. Directories are walked as the program walks
            them: hidden files are included, symbolic links are not followed, and FIFOs, sockets and devices are left out.
        count: The number of shards, several for each core of the cluster.
        bytes_per_file: The cost of opening a file: the number of bytes that a core hashes in the same time. The cost of
            a file is its size plus this number.

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
    return _hsum._shards(names, min(count, sys.maxsize), bytes_per_file)


def work(paths: Iterable[_Path], name: str | Iterable[str] = "sha256", *, threads: int | None = 1) -> Part:
    """Hashes the files of a shard on a worker.

    A cluster may hash a shard twice, for example after a failure: `merge` writes equal lines once.

    Args:
        paths: The paths of a shard.
        name: The name of a hash function, or several names: each file is read once, and its lines have tags.
        threads: The number of threads: the cores that the cluster reserves for a task, or more if the files are on a
            network file system. None means all cores of the machine, even those of other tasks.

    Returns:
        A Part. Its errors are for files that cannot be read, change while they are read, or are not regular files.

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
    return Part(*_hsum._work(paths, name, threads))


def merge(parts: Iterable[Part | str | os.PathLike[str]], output: _Path, *, partial: bool = False) -> list[Exception]:
    """Writes the checksum file of a tree from the results of its shards.

    The parts may arrive in any order. They are stored in a temporary directory (below `TMPDIR`) and then merged, so
    memory does not grow with their number. The lines are in the order in which the program walks the tree.

    Args:
        parts: An iterable of Parts, or of paths to checksum files that workers have written.
        output: The path of the checksum file. It is replaced at the end.
        partial: Write the file even if files are missing from it.

    Returns:
        The problems: the errors of the parts, and a ValueError for each file with two different digests and for each line or
        list that cannot be merged (after the first 1000, one for all others). If there are any, `output` is written only if
        partial is true.

    Raises:
        OSError: The output cannot be written.

    Example:
        >>> parts = map(cluster.work, cluster.shards("photos", 2))
        >>> cluster.merge(parts, "photos.sha256")
        []
    """
    problems: list[Exception] = []
    lists: list[_Path] = []
    with tempfile.TemporaryDirectory(prefix="hsum-merge.") as directory:
        for number, part in enumerate(parts):
            if isinstance(part, Part):
                problems += part.errors
                name = os.path.join(directory, str(number))
                with open(name, "wb") as file:
                    file.write(part.lines)
            else:
                name = os.fspath(part)
            lists.append(name)
        if problems and not partial:
            return problems
        _, counts, found = _hsum._merge(lists, output, partial=partial)
    problems += [ValueError(_describe(problem, lists)) for problem in found]
    more = sum(counts[kind] for kind in _PROBLEMS) - len(found)
    if more > 0:
        problems.append(ValueError(f"{more} more problems of the same kinds"))
    return problems


# The counts of `_hsum._merge` that are numbers of problems.
_PROBLEMS = ("conflicts", "bad_lines", "other_algorithms", "unsorted", "unreadable")


def _describe(problem: dict[str, Any], lists: list[_Path]) -> str:
    """Returns the text of a problem, after the name of the file or the place in the list."""
    place = repr(problem["path"]) if "path" in problem else f"{lists[problem['list']]!r}, line {problem.get('line', 1)}"
    return f"{place}: {problem['error']}"
