"""A FUSE file system that shows a directory, and waits before it opens a file: slow_disk.py DIRECTORY MOUNT SECONDS."""
import os
import sys
import time

from fuse import FUSE, Operations

SOURCE, MOUNT, DELAY = sys.argv[1], sys.argv[2], float(sys.argv[3])
STAT = ("st_mode", "st_nlink", "st_size", "st_ino", "st_mtime", "st_ctime", "st_uid", "st_gid")


class SlowDisk(Operations):
    def getattr(self, path, handle=None):
        status = os.lstat(SOURCE + path)
        return {name: getattr(status, name) for name in STAT}

    def readdir(self, path, handle):
        return [".", "..", *os.listdir(SOURCE + path)]

    def open(self, path, flags):
        time.sleep(DELAY)
        return os.open(SOURCE + path, os.O_RDONLY)

    def read(self, path, size, offset, handle):
        return os.pread(handle, size, offset)

    def release(self, path, handle):
        os.close(handle)


FUSE(SlowDisk(), MOUNT, foreground=True, ro=True)
