"""Counts what was checked, runs programs, and says which of them are missing."""

import shutil
import subprocess


def run(command, **options):
    """Runs a program; a hanging one fails."""
    command = [str(word) for word in command]
    stdin = {} if "input" in options else {"stdin": subprocess.DEVNULL}
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, **stdin, **options)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "no answer within 60 s")


class Judged:
    """The results so far."""

    def __init__(self):
        self.passed = self.failed = 0
        self.missing = set()

    def check(self, what, good, result=None):
        if good:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED: {what}")
        if result is not None:
            print(f"    {result.stdout.strip()} {result.stderr.strip()}".rstrip())

    def has(self, program):
        if shutil.which(program):
            return True
        if program not in self.missing:
            self.missing.add(program)
            print(f"skipped: {program} is not installed")
        return False
