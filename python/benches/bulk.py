#!/usr/bin/env python3
"""The speed of many files and many messages, as a multiple of a loop over hashlib.

Usage: benches/bulk.py [messages | files [DIRECTORY]]...

Each figure is the median of pairs, run one after the other in turn. The files are in the page cache; DIRECTORY, by default
/dev/shm or the directory for temporary files, needs 2 GiB.
"""

import sys

sys.path.pop(0)  # its hashlib.py is not the standard module

import hashlib
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hsum

SIZES = [16, 64, 256, 1024, 4096, 16384]
FILES, FILE_SIZE = 64, 32 << 20


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def pairs(ours: Callable[[], object], theirs: Callable[[], object], count: int) -> tuple[float, float, float]:
    """Returns the medians of both times, and of the ratio of a pair."""
    ours(), theirs()
    times = []
    for number in range(count):
        if number % 2:
            mine, other = seconds(ours), seconds(theirs)
        else:
            other, mine = seconds(theirs), seconds(ours)
        times.append((mine, other))
    ratio = statistics.median(other / mine for mine, other in times)
    return statistics.median(mine for mine, _ in times), statistics.median(other for _, other in times), ratio


def messages() -> None:
    print("| digest_many | bytes | hashlib loop, ns | list, ns | ratio | joined, ns | ratio |\n|---|---|---|---|---|---|---|")
    for name in ("sha256", "md5"):
        constructor = getattr(hashlib, name)
        for size in SIZES:
            count = min(10_000, (32 << 20) // size)
            data = [os.urandom(size) for _ in range(count)]
            assert hsum.digest_many(name, data) == [constructor(message).digest() for message in data]

            def loop() -> object:
                return [constructor(message).digest() for message in data]

            rounds = max(5, min(31, (32 << 20) // (size * count)))
            row = [f"{name}", f"{size}"]
            ours, theirs, ratio = pairs(lambda: hsum.digest_many(name, data), loop, rounds)
            row += [f"{theirs / count * 1e9:.0f}", f"{ours / count * 1e9:.0f}", f"{ratio:.2f}"]
            ours, _, ratio = pairs(lambda: hsum.digest_many(name, data, joined=True), loop, rounds)
            row += [f"{ours / count * 1e9:.0f}", f"{ratio:.2f}"]
            print("| " + " | ".join(row) + " |", flush=True)


def files(directory: str) -> None:
    with tempfile.TemporaryDirectory(prefix="hsum-bench.", dir=directory) as top:
        paths = [Path(top, str(number)) for number in range(FILES)]
        block = os.urandom(1 << 20)
        for number, path in enumerate(paths):
            path.write_bytes((number.to_bytes(4, "big") + block[4:]) * (FILE_SIZE >> 20))
        print(f"| {FILES} files of {FILE_SIZE >> 20} MiB | file_digests, s | other, s | ratio |\n|---|---|---|---|")
        for name in ("sha256", "md5"):

            def one(path: Path) -> bytes:
                with path.open("rb") as file:
                    return hashlib.file_digest(file, name).digest()

            def pool() -> object:
                with ThreadPoolExecutor(os.cpu_count()) as executor:
                    return list(executor.map(one, paths))

            def run() -> object:
                return hsum.file_digests(paths, name)

            assert [record.digest() for record in hsum.file_digests(paths, name)] == [one(path) for path in paths]
            for title, other in (("hashlib.file_digest, a loop", lambda: [one(path) for path in paths]), ("thread pool", pool)):
                ours, theirs, ratio = pairs(run, other, 3)
                print(f"| {name}: {title} | {ours:.2f} | {theirs:.2f} | {ratio:.2f} |", flush=True)


def main(arguments: list[str]) -> None:
    print(f"hsum {hsum.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    if not arguments or arguments[0] == "messages":
        messages()
    if not arguments or arguments[0] == "files":
        default = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
        files(arguments[1] if len(arguments) > 1 else default)


if __name__ == "__main__":
    main(sys.argv[1:])
