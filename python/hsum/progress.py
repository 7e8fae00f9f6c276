"""Progress of runs over files: bars for terminals and notebooks, and adapters.

The `progress` argument of `hsum.file_digests`, `hsum.tree` and `hsum.check` is one of:

- True: a `Notebook` bar in Jupyter, a `Terminal` bar if standard error is a terminal, and otherwise nothing;
- a `Terminal` or a `Notebook`, to choose the stream, the width or the label;
- a callable, which is called as ``progress(files, bytes)`` with the numbers of finished files and hashed bytes;
- an object with an ``update`` method, such as ``tqdm.tqdm(unit="B", unit_scale=True)``, which receives increments: of
  bytes if its ``unit`` begins with ``B`` or is "bytes" or "iB", and of files otherwise.

All are called on the thread that started the run, about ten times a second and once at the end. An exception that one
of them raises ends the run and reaches the caller.
"""

from __future__ import annotations

import html
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TextIO, TypeAlias

__all__ = ["Bar", "Notebook", "Progress", "SupportsUpdate", "Terminal"]


class SupportsUpdate(Protocol):
    """An object such as `tqdm.tqdm`."""

    def update(self, n: int, /) -> object: ...


class Bar:
    """The state of a bar: `line` describes it in words. `Terminal` and `Notebook` show it.

    Args:
        label: A text before the numbers.
    """

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.total_files: int | None = None
        self.total_bytes: int | None = None
        self.files = 0
        self.bytes = 0
        self._start = time.monotonic()

    def start(self, files: int | None, size: int | None) -> None:
        """Begins a run over these numbers of files and bytes; None if unknown."""
        self.total_files, self.total_bytes = files, size
        self.files = self.bytes = 0
        self._start = time.monotonic()

    def __call__(self, files: int, bytes: int) -> None:
        """Shows these numbers of finished files and hashed bytes."""
        self.files, self.bytes = files, bytes

    def close(self) -> None:
        """Ends the run."""

    @property
    def fraction(self) -> float | None:
        """The completed fraction, from 0 to 1; None if the total is unknown."""
        if self.total_bytes:
            return min(self.bytes / self.total_bytes, 1.0)
        if self.total_files:
            return min(self.files / self.total_files, 1.0)
        return None

    @property
    def line(self) -> str:
        """The numbers in words.

        >>> bar = Bar("photos")
        >>> bar.start(files=10, size=4096)
        >>> bar(5, 2048)
        >>> bar.line.split(",")[0]
        'photos: 5 of 10 files'
        """
        seconds = max(time.monotonic() - self._start, 1e-3)
        total = "" if self.total_files is None else f" of {self.total_files}"
        label = f"{self.label}: " if self.label else ""
        return f"{label}{self.files}{total} files, {_size(self.bytes)}, {_size(self.bytes / seconds)}/s"


class Terminal(Bar):
    """A bar on a terminal: one line, which is overwritten.

    Args:
        label: A text before the numbers.
        file: The stream; by default sys.stderr at the start of the run.
        width: The width in columns; by default the width of the terminal.
        keep: If True, the line stays after the run.
    """

    def __init__(
        self, label: str = "", *, file: TextIO | None = None, width: int | None = None, keep: bool = True
    ) -> None:
        super().__init__(label)
        self._file, self._width, self._keep = file, width, keep
        self._shown = False

    def __call__(self, files: int, bytes: int) -> None:
        """Shows these numbers of finished files and hashed bytes."""
        super().__call__(files, bytes)
        width = self._width or shutil.get_terminal_size().columns
        text, fraction = self.line, self.fraction
        room = width - len(text) - 10
        if fraction is not None and room >= 5:
            done = int(room * fraction)
            text = f"{fraction:4.0%} [{'#' * done}{'.' * (room - done)}] {text}"
        self._write(f"\r\x1b[K{text[: width - 1]}")
        self._shown = True

    def close(self) -> None:
        """Ends the line, or erases it."""
        if self._shown:
            self._write("\n" if self._keep else "\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        stream = sys.stderr if self._file is None else self._file
        stream.write(text)
        stream.flush()


class Notebook(Bar):
    """A bar in a notebook: one display, which is updated.

    It needs IPython, which every notebook has imported, and no widgets.
    """

    def __init__(self, label: str = "") -> None:
        super().__init__(label)
        self._handle: Any = None

    def _repr_html_(self) -> str:
        fraction = self.fraction
        value = "" if fraction is None else f' value="{fraction:.4f}"'
        return f"<progress{value}></progress> {html.escape(self.line)}"

    def __repr__(self) -> str:
        return self.line

    def start(self, files: int | None, size: int | None) -> None:
        """Begins a run over these numbers of files and bytes, in a new display."""
        super().start(files, size)
        self._handle = None

    def __call__(self, files: int, bytes: int) -> None:
        """Shows these numbers of finished files and hashed bytes."""
        super().__call__(files, bytes)
        if self._handle is None:
            self._handle = sys.modules["IPython.display"].display(self, display_id=True)
        else:
            self._handle.update(self)


Progress: TypeAlias = bool | Callable[[int, int], object] | SupportsUpdate | None
"""The type of `progress` arguments."""


class _Updates(Bar):
    """An adapter that passes increments to an object such as `tqdm.tqdm`."""

    def __init__(self, target: SupportsUpdate) -> None:
        super().__init__()
        self._target = target
        unit = getattr(target, "unit", "")
        self._counts_bytes = isinstance(unit, str) and (unit.startswith("B") or unit in ("bytes", "iB"))

    def __call__(self, files: int, bytes: int) -> None:
        before = self.bytes if self._counts_bytes else self.files
        super().__call__(files, bytes)
        now = bytes if self._counts_bytes else files
        if now > before:
            self._target.update(now - before)


class _Calls(Bar):
    """An adapter that calls a function."""

    def __init__(self, function: Callable[[int, int], object]) -> None:
        super().__init__()
        self._function = function

    def __call__(self, files: int, bytes: int) -> None:
        self._function(files, bytes)


def _size(size: float) -> str:
    """Formats a number of bytes.

    >>> _size(1536)
    '1.5 KiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size /= 1024
    else:
        unit = "TiB"
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"


def _total_size(paths: Iterable[Any]) -> int:
    """Returns the sum of the files' sizes in bytes; a file whose size is unknown counts as empty."""
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except (OSError, ValueError):
            pass
    return total


def _automatic() -> Bar | None:
    """Returns the bar for `progress=True`; None if there is neither a notebook nor a terminal."""
    display = sys.modules.get("IPython.display")
    ipython = sys.modules.get("IPython")
    if display is not None and ipython is not None:
        shell = ipython.get_ipython()
        if shell is not None and hasattr(shell, "kernel"):
            return Notebook()
    stderr = sys.stderr
    return Terminal() if stderr is not None and stderr.isatty() else None


def _reporter(progress: Progress, paths: list[Any] | None) -> Bar | None:
    """Returns the object that the extension module calls, for the value of a `progress` argument."""
    bar: Bar | None
    if progress is None or progress is False:
        return None
    if progress is True:
        bar = _automatic()
    elif isinstance(progress, Bar):
        bar = progress
    elif callable(progress):
        bar = _Calls(progress)
    elif hasattr(progress, "update"):
        bar = _Updates(progress)
    else:
        raise TypeError(
            "progress must be True, a callable, or an object with an update method, "
            f"not {type(progress).__name__}"
        )
    if isinstance(bar, (Terminal, Notebook)) and paths is not None:
        bar.start(len(paths), _total_size(paths))
    elif bar is not None:
        bar.start(None if paths is None else len(paths), None)
    return bar
