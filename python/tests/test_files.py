"""Files and trees, against hashlib."""

import errno
import gc
import hashlib
import multiprocessing
import os
import pickle
import signal
import socket
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hsum
import pytest
from conftest import ODD_NAMES


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """A file that takes longer to hash than a test may."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    return path


def test_records_are_in_the_order_of_the_paths(tmp_path: Path) -> None:
    paths = []
    for number in range(100):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * (number * 3001 % 200_000))
        paths.append(path)
    for threads in (None, 1, 3):
        records = hsum.file_digests(paths[::-1], ["md5", "SHA-256"], threads=threads)
        for path, record in zip(paths[::-1], records, strict=True):
            contents = path.read_bytes()
            assert record.path is path
            assert record.size == len(contents)
            assert record.error is None
            assert record.digest() == hashlib.md5(contents).digest()
            assert record.hexdigest("SHA-256") == hashlib.sha256(contents).hexdigest()
            assert record.digests == {"md5": record.digest(), "SHA-256": record.digest("SHA-256")}
            with pytest.raises(KeyError):
                record.digest("sha256")


def test_names_are_bytes(odd_tree: bytes) -> None:
    paths = [odd_tree + b"/" + name for name in ODD_NAMES]
    expected = [hashlib.sha256(name).digest() for name in ODD_NAMES]
    for convert in (bytes, os.fsdecode, lambda path: Path(os.fsdecode(path))):
        given = [convert(path) for path in paths]
        records = hsum.file_digests(given)
        assert [record.path for record in records] == given
        assert [record.digest() for record in records] == expected
    records = list(hsum.tree(odd_tree))
    assert [record.path for record in records] == sorted(paths)
    assert [record.digest() for record in hsum.tree(os.fsdecode(odd_tree))] == [r.digest() for r in records]
    assert [record.path for record in hsum.tree(Path(os.fsdecode(odd_tree)))] == [
        os.fsdecode(path) for path in sorted(paths)
    ]


def test_failures_are_records(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(b"good")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
    (tmp_path / "loop").symlink_to("loop")
    names = ["missing", "good", ".", "fifo", "socket", "loop", "good/x", "n" * 300, "nul\0"]
    paths = [tmp_path / name for name in names]
    records = hsum.file_digests(paths, errors="return")
    errors = [record.error for record in records]
    assert [error and error.errno for error in errors] == [
        errno.ENOENT, None, errno.EISDIR, errno.EINVAL, errno.EINVAL, errno.ELOOP, errno.ENOTDIR,
        errno.ENAMETOOLONG, errno.EINVAL,
    ]  # fmt: skip
    for path, record in zip(paths, records, strict=True):
        if record.error is not None:
            assert record.error.filename is path
            assert (record.size, record.digests) == (None, {})
            with pytest.raises(OSError) as raised:
                record.hexdigest()
            assert raised.value is record.error
    assert isinstance(errors[0], FileNotFoundError)
    assert isinstance(errors[2], IsADirectoryError)
    assert str(errors[3]) == f"[Errno 22] not a regular file (FIFO): {str(paths[3])!r}" or "FIFO" in str(errors[3])


def test_the_first_failure_in_order_is_raised(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(b"good")
    paths = [tmp_path / "good", tmp_path / "a", tmp_path / "b"] * 20
    with pytest.raises(FileNotFoundError) as raised:
        hsum.file_digests(paths)
    assert raised.value.filename == tmp_path / "a"


def test_files_without_a_true_size() -> None:
    if not Path("/proc/version").exists():
        pytest.skip("no /proc")
    [record] = hsum.file_digests(["/proc/version"])
    contents = Path("/proc/version").read_bytes()
    assert (record.digest(), record.size) == (hashlib.sha256(contents).digest(), len(contents))


def test_wrong_arguments(tmp_path: Path) -> None:
    no_paths: list[Any] = ["path", b"path", 1, [1], [None]]
    for paths in no_paths:
        with pytest.raises(TypeError):
            hsum.file_digests(paths)
    wrong: list[dict[str, Any]] = [{"name": "sha265"}, {"name": []}, {"threads": 0}, {"errors": "ignore"}]
    for arguments in wrong:
        with pytest.raises(ValueError):
            hsum.file_digests([], **arguments)
    with pytest.raises(TypeError):
        hsum.file_digests([], progress=1)  # type: ignore[arg-type]

    def paths_with_error() -> Iterator[str]:
        yield "missing"
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        hsum.file_digests(paths_with_error())


def test_many_paths(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    names = [str(path), str(tmp_path / "missing")] * 20_000
    records = hsum.file_digests(names, "md5", errors="return")
    assert [record.path for record in records] == names
    assert {record.hexdigest() for record in records[::2]} == {hashlib.md5(b"abc").hexdigest()}
    assert all(isinstance(record.error, FileNotFoundError) for record in records[1::2])


def test_a_tree_is_walked_in_the_order_of_the_program(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a.b", "a/x", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("b")
    records = list(hsum.tree(tmp_path))
    names = [os.path.relpath(record.path, tmp_path) for record in records]
    assert names == [".hidden", "a.b", "a/x", "b/1", "b/2", "fifo"] or names == [
        ".hidden", "a/x", "a.b", "b/1", "b/2", "fifo",
    ]  # fmt: skip
    assert [record.skipped for record in records] == [False] * 5 + [True]
    followed = [os.path.relpath(record.path, tmp_path) for record in hsum.tree(tmp_path, follow_symlinks=True)]
    assert followed[-2:] == ["link/1", "link/2"]
    with pytest.raises(FileNotFoundError):
        next(hsum.tree(tmp_path / "missing", errors="raise"))
    [record] = hsum.tree(tmp_path / "missing")
    assert isinstance(record.error, FileNotFoundError)
    iterator = hsum.tree(tmp_path)
    assert len(list(iterator)) == 6
    assert list(iterator) == []


def test_progress_is_reported_on_the_calling_thread(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(10)]
    for path in paths:
        path.write_bytes(bytes(1000))
    calls: list[tuple[int, int, int]] = []
    hsum.file_digests(paths, progress=lambda files, size: calls.append((files, size, threading.get_ident())))
    assert calls[-1] == (10, 10_000, threading.get_ident())
    calls.clear()
    list(hsum.tree(tmp_path, progress=lambda files, size: calls.append((files, size, threading.get_ident()))))
    assert calls[-1] == (10, 10_000, threading.get_ident())


def test_an_exception_of_progress_ends_the_run(sparse: Path) -> None:
    def progress(files: int, size: int) -> None:
        raise LookupError("planted")

    with pytest.raises(LookupError, match="planted"):
        hsum.file_digests([sparse], progress=progress)
    with pytest.raises(LookupError, match="planted"):
        list(hsum.tree(sparse, progress=progress))


def test_progress_may_start_a_run(sparse: Path, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"abc")

    def progress(files: int, size: int) -> None:
        [record] = hsum.file_digests([tmp_path / "small"], "md5")
        raise LookupError(record.hexdigest())

    with pytest.raises(LookupError, match=hashlib.md5(b"abc").hexdigest()):
        hsum.file_digests([sparse] * 3, progress=progress)


@pytest.mark.parametrize("count", [1, 3])
def test_ctrl_c_ends_a_run_over_large_files(sparse: Path, count: int) -> None:
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        hsum.file_digests([sparse] * count)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        list(hsum.tree(sparse))


def wait_for_threads(wanted: bool) -> None:
    """Waits until the engine has threads, or has none. Its threads have the name of the one that starts them."""
    for _ in range(1000):
        names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
        if ("hsum\n" in names) == wanted:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"threads of the engine: {not wanted}")


def test_dropping_a_tree_stops_it(sparse: Path) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("no /proc")
    wait_for_threads(False)
    iterator = hsum.tree(sparse)
    wait_for_threads(True)
    del iterator
    wait_for_threads(False)


def test_several_runs_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))
    expected = hashlib.sha256(bytes(3_000_000)).hexdigest()
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(hsum.file_digests, [path] * 5) for _ in range(16)]
        assert {record.hexdigest() for run in runs for record in run.result()} == {expected}


def _hash_in_child(path: Path, results: "multiprocessing.SimpleQueue[list[str]]") -> None:
    results.put([record.hexdigest() for record in hsum.file_digests([path] * 3, "blake3")])


def test_children_of_a_fork_hash(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(5_000_000))
    expected = [record.hexdigest() for record in hsum.file_digests([path] * 3, "blake3")]
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_hash_in_child, args=(path, results))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert results.get() == expected


def test_a_tree_does_not_continue_in_a_child(sparse: Path) -> None:
    iterator = hsum.tree(sparse)
    child = os.fork()
    if child == 0:
        try:
            next(iterator)
        except RuntimeError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_records_do_not_leak(tmp_path: Path) -> None:
    class Name(os.PathLike[str]):
        def __fspath__(self) -> str:
            return str(tmp_path / "missing")

    name = Name()
    [record] = hsum.file_digests([name], errors="return")
    try:
        record.digest()
    except OSError as error:
        # A cycle: the traceback of the error refers to this frame.
        kept = error  # noqa: F841
    alive = weakref.ref(name)
    del name, record, kept
    gc.collect()
    assert alive() is None


def test_records_can_be_pickled(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    for record in hsum.file_digests([tmp_path / "a", b"missing"], ["md5", "SHA-256"], errors="return"):
        copy = pickle.loads(pickle.dumps(record))
        assert (copy.path, copy.digests, copy.size, copy.skipped) == (
            record.path, record.digests, record.size, record.skipped,
        )  # fmt: skip
        assert repr(copy) == repr(record)
    with pytest.raises(ValueError, match="wrong length"):
        hsum.FileDigests("path", {"md5": b"short"})


def test_the_representation_names_path_and_digests(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    path = str(tmp_path / "a")
    [record] = hsum.file_digests([path], "md5")
    assert repr(record) == f"FileDigests(path={path!r}, md5='{hashlib.md5(b'abc').hexdigest()}')"
    [failed] = hsum.file_digests([path + "x"], errors="return")
    assert repr(failed) == f"FileDigests(path={path + 'x'!r}, error={failed.error!r})"
    assert sys.getrefcount(record) == 2
