"""Bars: on a terminal, in a notebook, and those of tqdm."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import hsum
import pytest
from hsum.progress import Bar, Notebook, Terminal


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / str(number) for number in range(5)]
    for path in paths:
        path.write_bytes(bytes(1024))
    return paths


def test_a_terminal_bar_shows_the_totals(paths: list[Path]) -> None:
    stream = io.StringIO()
    hsum.file_digests(paths, progress=Terminal("photos", file=stream, width=100))
    last = stream.getvalue().split("\r")[-1]
    assert last.startswith("\x1b[K100% [##")
    assert "photos: 5 of 5 files, 5.0 KiB, " in last
    assert last.endswith("/s\n")
    assert len(last) <= 100 + len("\x1b[K\n")


def test_a_narrow_terminal_has_one_line(paths: list[Path]) -> None:
    stream = io.StringIO()
    hsum.file_digests(paths, progress=Terminal(file=stream, width=20, keep=False))
    lines = stream.getvalue().split("\r\x1b[K")
    assert all(len(line) < 20 for line in lines)
    assert lines[-1] == ""


def test_a_bar_is_closed_after_an_error(paths: list[Path]) -> None:
    class Failing(Bar):
        closed = 0

        def __call__(self, files: int, bytes: int) -> None:
            raise LookupError("planted")

        def close(self) -> None:
            self.closed += 1

    first, second = Failing(), Failing()
    with pytest.raises(LookupError):
        hsum.file_digests(paths, progress=first)
    with pytest.raises(LookupError):
        list(hsum.tree(paths[0], progress=second))
    assert (first.closed, second.closed) == (1, 1)


def test_a_failing_close_does_not_hide_the_error(paths: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(Bar):
        def close(self) -> None:
            raise LookupError("planted")

    raised: list[Any] = []
    before, sys.unraisablehook = sys.unraisablehook, raised.append
    try:
        with pytest.raises(FileNotFoundError):
            hsum.file_digests(["missing"], progress=Failing())
    finally:
        sys.unraisablehook = before
    assert [type(item.exc_value) for item in raised] == [LookupError]


def run(code: str, tty: bool, *arguments: str | Path) -> bytes:
    """Returns what a program writes to standard error."""
    if not tty:
        return subprocess.run([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, check=True).stderr
    leader, follower = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=follower) as child:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 4096)
            except OSError:  # EIO: the last writer has closed it
                break
            if not piece:
                break
            shown += piece
    os.close(leader)
    assert child.returncode == 0
    return shown


def test_true_shows_a_bar_on_a_terminal_only(paths: list[Path]) -> None:
    code = "import sys, hsum; hsum.file_digests(sys.argv[1:], progress=True)"
    assert b"5 of 5 files" in run(code, True, *paths)
    assert run(code, False, *paths) == b""
    closed = "import sys, hsum; sys.stderr = None; hsum.file_digests(sys.argv[1:], progress=True)"
    assert run(closed, False, *paths) == b""


def test_objects_with_update(paths: list[Path]) -> None:
    class Updates:
        def __init__(self, unit: str) -> None:
            self.unit, self.n = unit, 0

        def update(self, n: int) -> None:
            self.n += n

    for unit, total in (("B", 5120), ("it", 5)):
        counter = Updates(unit)
        hsum.file_digests(paths, progress=counter)
        assert counter.n == total


def test_objects_with_update_get_differences() -> None:
    class Updates:
        unit = "B"
        calls: list[int] = []

        def update(self, n: int) -> None:
            self.calls.append(n)

    reporter = hsum.progress._reporter(Updates(), None)
    assert reporter is not None
    for size in (10, 10, 25):
        reporter(1, size)
    assert Updates.calls == [10, 15]


def test_a_bar_knows_the_totals(paths: list[Path]) -> None:
    bar = Terminal(file=io.StringIO(), width=100)
    hsum.file_digests([*paths, "missing"], progress=bar, errors="return")
    assert (bar.total_files, bar.total_bytes) == (6, 5120)
    assert (bar.files, bar.bytes, bar.fraction) == (6, 5120, 1.0)


def test_tqdm(paths: list[Path]) -> None:
    tqdm = pytest.importorskip("tqdm")
    with tqdm.tqdm(unit="B", unit_scale=True, file=io.StringIO()) as bar:
        hsum.file_digests(paths, progress=bar)
        assert bar.n == 5120


def test_a_notebook_shows_one_display_and_updates_it(paths: list[Path]) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook()
    code = f"import hsum; _ = hsum.file_digests({[str(path) for path in paths]!r}, progress=True)"
    notebook.cells.append(nbformat.v4.new_code_cell(code))
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    [output] = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert '<progress value="1.0000"></progress> 5 of 5 files' in output.data["text/html"]


def test_a_notebook_bar_updates_its_display(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, bar: Notebook) -> None:
            shown.append("update " + bar.line.split(",")[0])

    class Display:
        @staticmethod
        def display(bar: Notebook, display_id: bool) -> Handle:
            shown.append("display " + bar.line.split(",")[0])
            return Handle()

    monkeypatch.setitem(sys.modules, "IPython.display", Display)
    bar = Notebook("<photos>")
    for _ in range(2):
        bar.start(2, 10)
        bar(1, 5)
        bar(2, 10)
    texts = ["display <photos>: 1 of 2 files", "update <photos>: 2 of 2 files"]
    assert shown == texts * 2
    assert bar._repr_html_().startswith('<progress value="1.0000"></progress> &lt;photos&gt;: ')
