#!/usr/bin/env python3
"""Run CPython's own tests of hashlib and hmac against hsum.hashlib and hsum.hmac.

    cpython.py [--large] [PYTHON...]

For each interpreter (by default the one that runs this script) it runs test_hashlib and test_hmac
of the interpreter's own package `test` and prints a table. hsum must be importable; the other
interpreters import it from the same place. `--large` adds the tests that hash 4 GiB, which need
7 GiB of memory and a release build.

Nothing of CPython's hash functions can answer in place of hsum: their modules cannot be imported.
The exit status is 1 if a test fails or is skipped that the tables below do not explain, and also
if one that they explain passes.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import types
import unittest

# Tests of CPython's implementation, and what they test in it.
FAILURES = {
    "test_hashlib.HashLibTestCase.test_get_builtin_constructor":
        "hashlib's private cache of constructors",
    "test_hashlib.HashLibTestCase.test_readonly_types":
        "the flag of immutable types is not in the stable ABI of 3.11",
    "test_hmac.TestVectorsTestCase.test_with_fallback":
        "hashlib's private cache of constructors",
}
SKIPS = {
    "test_hashlib.HashLibTestCase.test_hash_disallow_instantiation": "types of _hashlib",
    "test_hmac.ConstructorTestCase.test_internal_types": "types of _hashlib",
    "test_hmac.ConstructorTestCase.test_with_sha256_module": "a constructor of _sha256",
    "test_hmac.CopyTestCase.test_realcopy_hmac": "types of _hashlib",
    "test_hmac.CompareDigestTestCase.test_openssl_compare_digest": "a function of _hashlib",
} | {
    f"test_hashlib.HashLibTestCase.test_{name}": "vectors are downloaded"
    for name in (
        "blake2b_vectors", "blake2s_vectors", "case_sha3_224_vector", "case_sha3_256_vector",
        "case_sha3_384_vector", "case_sha3_512_vector", "case_shake128_vector",
        "case_shake256_vector",
    )
}
LARGE = {
    f"test_hashlib.HashLibTestCase.test_{name}": "4 GiB of data (--large)"
    for name in (
        "case_md5_huge", "case_md5_uintmax", "sha256_update_over_4gb",
        "sha3_256_update_over_4gb",
    )
}

# The modules that hold CPython's hash functions.
BLOCKED = ("_hashlib", "_hmac", "_md5", "_sha1", "_sha2", "_sha256", "_sha512")
# Those that the tests import only to see whether to run.
STUBS = ("_blake2", "_sha3")


class Recorder(unittest.TestResult):
    """A result that keeps the outcome of each test."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def record(self, test, outcome, detail=""):
        # An error stays one if other subtests pass.
        name = test.id().removeprefix("test.")
        if self.outcomes.get(name, ("passed",))[0] == "passed":
            self.outcomes[name] = (outcome, detail)

    def addSuccess(self, test):
        self.record(test, "passed")

    def addFailure(self, test, err):
        self.record(test, "failed", self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(test, err)

    def addSkip(self, test, reason):
        self.record(test, "skipped", reason)


def run_tests(is_large):
    """Run both test files in this interpreter and return the outcomes."""
    # scrypt is the interpreter's; it can be imported only before the block.
    import hsum.hashlib

    sys.modules.pop("hsum.hmac", None)
    sys.modules.update(dict.fromkeys(BLOCKED))
    sys.modules.update((name, types.ModuleType(name)) for name in STUBS)
    import hsum.hmac

    sys.modules["hashlib"] = hsum.hashlib
    sys.modules["hmac"] = hsum.hmac
    # The tests ask these two for the implementations they compare.
    setattr(hsum.hashlib, "__get_builtin_constructor", lambda name: getattr(hsum.hashlib, name))
    from test import support
    from test.support import import_helper

    import_helper.import_fresh_module = lambda *args, **kwargs: hsum.hashlib
    support.use_resources = ["cpu"] if is_large else []
    if is_large:
        support.set_memlimit("7G")
    from test import test_hashlib, test_hmac

    # The names that test_pbkdf2_hmac_c may use, otherwise taken from _hashlib.
    test_hashlib.openssl_md_meth_names = hsum.hashlib.algorithms_available
    result = Recorder()
    for module in (test_hashlib, test_hmac):
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return result.outcomes


def start(python, is_large):
    """Run both test files in another interpreter and return the outcomes."""
    import hsum

    place = os.path.dirname(os.path.dirname(hsum.__file__))
    with tempfile.TemporaryDirectory() as directory:
        script = os.path.abspath(__file__)
        command = [python, "-P", script, "--child", *(["--large"] if is_large else [])]
        process = subprocess.run(
            command, cwd=directory, env={**os.environ, "PYTHONPATH": place},
            stdout=subprocess.PIPE, check=True,
        )
    return json.loads(process.stdout)


def judge(outcomes, is_large):
    """Print what passed and why the rest did not, and return the number of surprises."""
    explained = FAILURES | SKIPS | ({} if is_large else LARGE)
    surprises = 0
    for file in ("test_hashlib", "test_hmac"):
        of_file = {name: row for name, row in outcomes.items() if name.startswith(file + ".")}
        rows = [row[0] for row in of_file.values()]
        print(
            f"  {file}: {len(rows)} cases, {rows.count('passed')} passed, "
            f"{rows.count('failed')} failed, {rows.count('skipped')} skipped"
        )
        reasons = {}
        for name, (outcome, detail) in sorted(of_file.items()):
            expected = "failed" if name in FAILURES else "skipped" if name in explained else "passed"
            short = name.rpartition(".")[2]
            if outcome != expected:
                surprises += 1
                print(f"    {short}: {outcome}, but expected: {expected}\n{detail}")
            elif outcome != "passed":
                reasons.setdefault((outcome, explained[name]), []).append(short)
        for (outcome, reason), names in sorted(reasons.items()):
            print(f"    {outcome}, {reason}: {', '.join(names)}")
        if "passed" not in rows:
            surprises += 1
            print(f"    {file}: no test passed")
    return surprises


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="add the tests that hash 4 GiB")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("python", nargs="*", default=[sys.executable])
    options = parser.parse_args()
    if options.child:
        # The large tests print the memory that they need.
        with contextlib.redirect_stdout(sys.stderr):
            outcomes = run_tests(options.large)
        json.dump(outcomes, sys.stdout)
        return 0
    surprises = 0
    for python in options.python:
        version = subprocess.check_output([python, "--version"], text=True).strip()
        print(version, flush=True)
        surprises += judge(start(python, options.large), options.large)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
