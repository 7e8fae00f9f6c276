"""The examples in docstrings and in the documents, run in a directory with the files that they name."""

import doctest
import hashlib
import importlib
import re
from pathlib import Path

import hsum
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/python.md", ROOT / "python/README.md"]
MODULES = ["hsum", "hsum.arrow", "hsum.progress", "hsum.hashlib", "hsum.hmac", "hsum.cluster"]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Changes to a directory with the files of the examples."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "tree"):
        Path(name).mkdir()
    for name, text in {
        "a.txt": "a\n", "b.txt": "b\n", "photos/beach.jpg": "beach", "photos/lake.jpg": "lake",
        "tree/a": "a", "tree/b": "b" * 50_000, "tree/c": "c",
    }.items():  # fmt: skip
        Path(name).write_text(text)
    listed = {"a.txt": b"a\n", "b.txt": b"another\n"}
    lines = [f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in listed.items()]
    Path("SHA256SUMS").write_text("".join(lines))
    return tmp_path


def run(text: str, name: str, names: dict[str, object]) -> int:
    """Runs the examples of a text, and returns their number."""
    test = doctest.DocTestParser().get_doctest(text, names, name, name, 0)
    shown: list[str] = []
    failed = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=shown.append).failed
    assert failed == 0, "".join(shown)
    return len(test.examples)


def docstrings(module: str) -> list[tuple[str, str]]:
    """Returns the docstrings of a module and what it exports, by name."""
    loaded = importlib.import_module(module)
    found = [(module, loaded.__doc__ or "")]
    for name in getattr(loaded, "__all__", []):
        value = getattr(loaded, name)
        found.append((f"{module}.{name}", value.__doc__ or ""))
        if isinstance(value, type):
            members = [(member, getattr(value, member)) for member in vars(value) if not member.startswith("_")]
            found += [(f"{module}.{name}.{member}", member_value.__doc__ or "") for member, member_value in members]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings(files: Path, module: str) -> None:
    if module == "hsum.arrow":
        pytest.importorskip("pyarrow")
    for name, text in docstrings(module):
        loaded = importlib.import_module(module)
        names = {"hsum": hsum, **vars(loaded), module.rpartition(".")[2]: loaded}
        run(text, name, names)


def test_every_function_has_an_example() -> None:
    for name in hsum.__all__:
        value = getattr(hsum, name)
        assert value.__doc__, name
        assert isinstance(value, type) or ">>> " in value.__doc__, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_pages(files: Path, page: Path) -> None:
    if not page.exists():
        pytest.skip(f"{page} is not part of this distribution")
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S)
    assert blocks
    if any("pyarrow" in block for block in blocks):
        pytest.importorskip("pyarrow")
    names: dict[str, object] = {}
    sessions = [block for block in blocks if block.startswith(">>>")]
    run("\n".join(sessions), page.name, names)
    for block in blocks:
        if not block.startswith(">>>"):
            compile(block, str(page), "exec")
