"""Puts a file into the page cache, except for a range: cache.py FILE FIRST END."""

import os
import sys

path, first, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PIECE = 64 * 1024
file = os.open(path, os.O_RDONLY)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
# Without reading ahead, which would fill the gap.
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
for at in range(0, os.fstat(file).st_size, PIECE):
    if at + PIECE <= first or at >= end:
        os.pread(file, PIECE, at)
