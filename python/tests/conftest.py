"""Files that the tests share."""

import os
import signal
from pathlib import Path

import pytest

# A newline, a backslash, a quote, bytes that are not UTF-8, and a name like an option.
ODD_NAMES = [b"new\nline", b"back\\slash", b"it's", b"caf\xe9", b"-a", b" ", "\u65e5".encode()]


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Restores Ctrl-C, which is ignored in the background jobs of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def odd_tree(tmp_path: Path) -> bytes:
    """A directory, as bytes, with a file for each odd name that holds that name."""
    directory = os.fsencode(tmp_path) + b"/tree"
    os.mkdir(directory)
    for name in ODD_NAMES:
        with open(directory + b"/" + name, "wb") as file:
            file.write(name)
    return directory
