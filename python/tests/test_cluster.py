"""Shards, their work, and the merged list, judged by hashlib and by a plain walk."""
import errno
import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hsum import cluster

ODD = [b"new\nline", b"back\\slash", b"latin-\xe9", b"cr\r", b"a", b"a-b", b"a.b", "\u00fc".encode(), "u\u0308".encode()]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of 200 files of 0 to 199,000 bytes, and of odd names."""
    for number in range(200):
        directory = tmp_path / "tree" / f"{number % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number}").write_bytes(bytes([number]) * (number * 1000))
    for name in ODD:
        with open(os.fsencode(tmp_path) + b"/tree/" + name, "wb") as file:
            file.write(name)
    os.mkdir(tmp_path / "tree" / "b")
    (tmp_path / "tree" / "b" / "c").write_bytes(b"")
    return tmp_path / "tree"


def walked(path: bytes) -> list[bytes]:
    """Returns the regular files below a directory, in the order of the bytes of their names."""
    if not os.path.isdir(path):
        return [path]
    below = sorted(os.scandir(path), key=lambda entry: entry.name)
    files = (walked(e.path) if e.is_dir(follow_symlinks=False) else [e.path] for e in below if not e.is_symlink())
    return [file for found in files for file in found if os.path.isfile(file)]


def line(path: bytes, name: str = "sha256") -> bytes:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, name).hexdigest().encode()
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"" if escaped == path else b"\\") + digest + b"  " + escaped + b"\n"


@pytest.mark.parametrize("count", [1, 2, 7, 64, 100_000])
def test_shards_hold_each_file_once_in_the_order_of_the_walk(tree: Path, count: int) -> None:
    files = walked(os.fsencode(tree))
    shards = cluster.shards(tree, count)
    assert len(shards) == min(count, len(files))
    assert all(shards)
    assert sorted(path for shard in shards for path in shard) == sorted(files)
    position = {path: number for number, path in enumerate(files)}
    for shard in shards:
        assert [position[path] for path in shard] == sorted(position[path] for path in shard)
    assert cluster.shards(os.fsencode(tree), count) == shards
    assert pickle.loads(pickle.dumps(shards)) == shards


def test_shards_cost_about_the_same(tree: Path) -> None:
    per_file = 20_000
    costs = [sum(os.path.getsize(path) + per_file for path in shard) for shard in cluster.shards(tree, 8)]
    # The greedy rule differs by at most the cheapest file that it moved last.
    assert max(costs) - min(costs) <= 2 * per_file


def test_the_cost_of_a_file_may_be_its_size_alone(tree: Path) -> None:
    shards = cluster.shards(tree, 8, bytes_per_file=0)
    sizes = [sum(map(os.path.getsize, shard)) for shard in shards]
    assert max(sizes) - min(sizes) <= 10_000


def test_one_huge_file_has_a_shard_of_its_own(tmp_path: Path) -> None:
    for name in "abcdefgh":
        (tmp_path / name).write_bytes(b"small")
    with open(tmp_path / "c", "wb") as file:
        file.truncate(1 << 40)
    prefix = os.fsencode(tmp_path) + b"/"
    assert cluster.shards(tmp_path, 2) == [[prefix + b"c"], [prefix + name for name in (b"a", b"b", b"d", b"e", b"f", b"g", b"h")]]


def test_several_paths_are_walked_in_their_order(tree: Path) -> None:
    paths: list[Path | bytes | str] = [tree / "b", os.fsencode(tree / "a"), str(tree / "1")]
    expected = [file for path in paths for file in walked(os.fsencode(path))]
    assert cluster.shards(iter(paths), 1) == [expected]


def test_shards_of_an_empty_tree(tmp_path: Path) -> None:
    assert cluster.shards(tmp_path, 5) == []
    assert cluster.shards([], 5) == []


@pytest.mark.parametrize(("arguments", "error"), [((".", 0), ValueError), ((".", -3), ValueError), ((3, 2), TypeError), (([3], 2), TypeError)])
def test_bad_arguments_of_shards(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        cluster.shards(*arguments)


@pytest.mark.parametrize("threads", [1, 2, None])
def test_work_returns_the_lines_of_hsum(tree: Path, threads: int | None) -> None:
    files = walked(os.fsencode(tree))
    part = cluster.work(files, threads=threads)
    assert part == (b"".join(map(line, files)), [])


def test_several_algorithms_have_tagged_lines(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/latin-\xe9"
    with open(path, "wb") as file:
        file.write(b"abc")
    digests = hashlib.md5(b"abc").hexdigest(), hashlib.sha1(b"abc").hexdigest()
    expected = b"MD5 (%s) = %s\nSHA1 (%s) = %s\n" % (path, digests[0].encode(), path, digests[1].encode())
    assert cluster.work([path], ["md5", "sha1"]).lines == expected
    assert cluster.work([path], ["md5"]).lines == line(path, "md5")


def test_a_file_without_digest_is_an_error_of_the_part(tree: Path) -> None:
    files = [os.fsencode(tree / name) for name in ("a", "b", "missing", "1/1")]
    os.mkfifo(tree / "fifo")
    part = cluster.work([*files, tree / "fifo"])
    assert part.lines == line(files[0]) + line(files[3])
    assert [type(error) for error in part.errors] == [IsADirectoryError, FileNotFoundError, OSError]
    assert [error.filename for error in part.errors] == [files[1], files[2], os.fsencode(tree / "fifo")]
    copy = pickle.loads(pickle.dumps(part))
    assert copy.lines == part.lines
    assert [(e.errno, e.strerror, e.filename) for e in copy.errors] == [(e.errno, e.strerror, e.filename) for e in part.errors]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([], "sha257"), ValueError),
        (([], []), ValueError),
        (("one path",), TypeError),
        ((b"one path",), TypeError),
        (([3],), TypeError),
    ],
)
def test_bad_arguments_of_work(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        cluster.work(*arguments)


def test_a_worker_needs_a_thread() -> None:
    with pytest.raises(ValueError, match="threads"):
        cluster.work([], threads=0)


def test_what_cannot_be_listed_is_reported_by_the_worker(tree: Path) -> None:
    missing = os.fsencode(tree / "missing")
    (shard,) = cluster.shards([tree / "b", missing], 1)
    part = cluster.work(shard)
    assert part.lines == line(os.fsencode(tree / "b" / "c"))
    assert [error.filename for error in part.errors] == [missing]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without rights")
def test_a_directory_without_rights_is_reported_by_the_worker(tree: Path) -> None:
    for path in [tree, *tree.parents[:-2]]:
        path.chmod(0o755)
    (tree / "1").chmod(0)
    (tree / "2").chmod(0o444)
    program = """
import os, sys
from hsum import cluster
os.setuid(65534)
part = cluster.work(cluster.shards(sys.argv[1], 1)[0])
assert b"/3/3" in part.lines and b"/1/" not in part.lines and b"/2/" not in part.lines
for error in part.errors:
    print(error.errno, os.fsdecode(error.filename))
"""
    output = subprocess.run([sys.executable, "-c", program, tree], capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == [f"{errno.EACCES} {tree / name}" for name in ("1", "2")]


def test_links_and_special_files_are_left_out_as_by_hsum(tree: Path) -> None:
    expected = cluster.shards(tree, 3)
    os.mkfifo(tree / "fifo")
    (tree / "link").symlink_to("a")
    (tree / "loop").symlink_to(".")
    assert cluster.shards(tree, 3) == expected
    # A hard link is a file like any other.
    os.link(tree / "a", tree / "c")
    assert os.fsencode(tree / "c") in [path for shard in cluster.shards(tree, 3) for path in shard]


@pytest.mark.parametrize("count", [1, 5, 64, 1000])
def test_merged_parts_are_the_list_of_the_tree_in_any_order(tree: Path, tmp_path: Path, count: int) -> None:
    expected = b"".join(map(line, walked(os.fsencode(tree))))
    parts = [cluster.work(shard) for shard in cluster.shards(tree, count)]
    output = os.fsencode(tmp_path) + b"/list-\xe9"
    # A shard that was hashed twice does no harm.
    assert cluster.merge([*reversed(parts), parts[0]], output) == []
    with open(output, "rb") as file:
        assert file.read() == expected


def test_parts_may_be_files(tree: Path, tmp_path: Path) -> None:
    lists: list[cluster.Part | str | Path] = []
    for number, shard in enumerate(cluster.shards(tree, 3)):
        lists.append(tmp_path / f"{number}")
        (tmp_path / f"{number}").write_bytes(cluster.work(shard).lines)
    lists[1] = str(lists[1])
    assert cluster.merge(iter(lists), tmp_path / "0") == []
    assert (tmp_path / "0").read_bytes() == b"".join(map(line, walked(os.fsencode(tree))))


def test_an_incomplete_list_is_written_on_request_only(tree: Path, tmp_path: Path) -> None:
    output, files = tmp_path / "list", [os.fsencode(tree / name) for name in ("a", "missing")]
    output.write_bytes(b"old")
    for partial, contents in [(False, b"old"), (True, line(files[0]))]:
        (problem,) = cluster.merge([cluster.work(files)], output, partial=partial)
        assert isinstance(problem, FileNotFoundError)
        assert problem.filename == files[1]
        assert output.read_bytes() == contents


def test_two_digests_of_one_file_are_a_problem(tree: Path, tmp_path: Path) -> None:
    path = os.fsencode(tree / "a")
    before = cluster.work([path, os.fsencode(tree / "b" / "c")])
    (tree / "a").write_bytes(b"changed")
    (problem,) = cluster.merge([before, cluster.work([path])], tmp_path / "list", partial=True)
    assert isinstance(problem, ValueError)
    assert repr(path) in str(problem)
    assert (tmp_path / "list").read_bytes() == line(os.fsencode(tree / "b" / "c"))


def test_problems_beyond_those_that_are_described_are_counted(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"not a line\n" * 5000)
    problems = cluster.merge([tmp_path / "bad", tmp_path / "missing"], tmp_path / "list")
    assert len(problems) < 5000
    described = len(problems) - 1
    assert str(problems[-1]).startswith(f"{5001 - described} more problems")
    assert not (tmp_path / "list").exists()


def test_a_list_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        cluster.merge([cluster.Part(b"", [])], tmp_path / "missing" / "list")


def test_the_error_of_a_cluster_ends_the_merge(tmp_path: Path) -> None:
    def parts() -> Iterator[cluster.Part]:
        yield cluster.Part(b"", [])
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        cluster.merge(parts(), tmp_path / "list")
    assert list(tmp_path.iterdir()) == []
