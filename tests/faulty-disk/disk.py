"""A FUSE file system with one file, `disk`, of which a range cannot be read.

Usage: disk.py IMAGE DIRECTORY. The file DIRECTORY.bad, if there is one, has the first and the last byte of
the range.
"""

import errno
import stat
import sys

from fuse import FUSE, FuseOSError, Operations

image, directory = sys.argv[1:]


def bad_range():
    try:
        with open(directory + ".bad") as file:
            return map(int, file.read().split())
    except FileNotFoundError:
        return 0, 0


class Disk(Operations):
    def __init__(self):
        with open(image, "rb") as file:
            self.data = bytearray(file.read())

    def getattr(self, path, _=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path == "/disk":
            return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": len(self.data)}
        raise FuseOSError(errno.ENOENT)

    def read(self, path, size, offset, _):
        first, end = bad_range()
        if offset < end and offset + size > first:
            raise FuseOSError(errno.EIO)
        return bytes(self.data[offset : offset + size])

    def write(self, path, data, offset, _):
        self.data[offset : offset + len(data)] = data
        return len(data)


FUSE(Disk(), directory, foreground=True, nothreads=True, direct_io=True)
