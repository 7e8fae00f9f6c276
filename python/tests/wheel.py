#!/usr/bin/env python3
"""Checks the name and the contents of a wheel: tests/wheel.py WHEEL"""

import sys
import zipfile
from pathlib import Path

REQUIRED = [
    "hsum/__init__.py", "hsum/_hsum.abi3.so", "hsum/_hsum.pyi", "hsum/arrow.py", "hsum/cluster.py", "hsum/hashlib.py",
    "hsum/hmac.py", "hsum/progress.py", "hsum/py.typed",
]  # fmt: skip
LICENCES = ["LICENSE-APACHE", "LICENSE-MIT"]
# Of 4 MB, most is kernels.
MAX_SIZE = 4_000_000


def main(path: Path) -> None:
    name, version, *tags = path.stem.split("-")
    assert (name, tags[0], tags[1]) == ("hsum", "cp311", "abi3"), path.name
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        info = f"hsum-{version}.dist-info"
        metadata = wheel.read(f"{info}/METADATA").decode()
    missing = {*REQUIRED, *(f"{info}/licenses/{licence}" for licence in LICENCES)} - {*names}
    assert not missing, f"missing: {missing}"
    strangers = [name for name in names if not name.startswith(("hsum/", f"{info}/"))]
    assert not strangers, f"unexpected: {strangers}"
    assert "License-Expression: MIT OR Apache-2.0" in metadata
    assert "Requires-Dist" not in metadata, "the wheel has no dependencies"
    assert path.stat().st_size <= MAX_SIZE, f"{path.stat().st_size} bytes"
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(names)} files")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
