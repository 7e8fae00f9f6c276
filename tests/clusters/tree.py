"""A tree whose names and sizes are hard for a cluster."""
import os
import random
import unicodedata
from pathlib import Path

# Names that break a conversion to text, a line-based format, or an order by whole paths.
NAMES = [
    b"new\nline", b"back\\slash", b"latin-\xe9", b"carriage\rreturn", b"tab\t", b" blank ", b"-dash", b".hidden", b"_under",
    b"\xff\xfe", b"\\", b"*star", b"a", b"a-b", b"a.b", b"a b", b"Z", b"z" * 255, "party \U0001f389".encode(),
    unicodedata.normalize("NFC", "\u00fc").encode(), unicodedata.normalize("NFD", "\u00fc").encode(),
]  # fmt: skip
BIG = 512 << 20


def make_tree(tree: Path) -> tuple[Path, Path]:
    """Creates the tree; returns the big file, and a file that the test may remove."""
    contents = random.Random(19)
    top = os.fsencode(tree)
    for directory in [top, *(top + b"/" + name for name in (b"a", b"d\nir", b"latin-\xe9.d"))]:
        os.makedirs(directory, exist_ok=True)
        for number, name in enumerate(NAMES):
            path = directory + b"/" + name
            if not os.path.isdir(path) and (directory, name) != (top, b"a"):
                Path(os.fsdecode(path)).write_bytes(contents.randbytes(number * 37))
    for number in range(3000):
        directory = tree / f"{number % 30:02}"
        directory.mkdir(exist_ok=True)
        size = 0 if number % 50 == 0 else int(contents.expovariate(1 / 8000))
        (directory / f"{number}.dat").write_bytes(contents.randbytes(size))
    os.link(tree / "01" / "1.dat", tree / "01" / "hard link")
    for name, target in [("to a file", "01/1.dat"), ("to a directory", "01"), ("to nothing", "nothing")]:
        (tree / name).symlink_to(target)
    os.mkfifo(tree / "fifo")
    big, gone = tree / "02" / "big", tree / "29" / "gone"
    with big.open("wb") as file:
        file.truncate(BIG)
    gone.write_bytes(b"gone")
    return big, gone
