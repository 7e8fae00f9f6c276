#!/usr/bin/env python3
"""Time hsum.hashlib and hsum.hmac beside hashlib and hmac.

    benches/hashlib.py [--rounds N] [WORD...]

Prints a row for each case whose name contains a WORD: the medians in ns a call, and the median of
the ratios of pairs that ran side by side (above 1, hsum is faster). Run it with a release build on
a quiet machine, for example with `taskset -c 1`.
"""

import os
import sys

# This file has the name of the standard module.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(os.path.abspath(__file__))]

import argparse
import hashlib
import hmac
import ssl
import statistics
import time

import hsum.hashlib
import hsum.hmac

# The time that one side of a pair takes, in seconds.
SPAN = 0.004


def one_shot(modules, name, size):
    construct, message = getattr(modules[0], name), bytes(size)

    def run(calls):
        for _ in range(calls):
            construct(message).digest()

    return run


def by_name(modules, name, size):
    new, message = modules[0].new, bytes(size)

    def run(calls):
        for _ in range(calls):
            new(name, message).hexdigest()

    return run


def update(modules, name, size):
    hash_object, message = modules[0].new(name), bytes(size)

    def run(calls):
        append = hash_object.update
        for _ in range(calls):
            append(message)

    return run


def mac(modules, name, size):
    digest, message = modules[1].digest, bytes(size)

    def run(calls):
        for _ in range(calls):
            digest(b"a key of thirty-two bytes, nearly", message, name)

    return run


def mac_object(modules, name, size):
    new, message = modules[1].new, bytes(size)

    def run(calls):
        for _ in range(calls):
            new(b"a key of thirty-two bytes, nearly", message, name).digest()

    return run


def key_derivation(modules, name, iterations):
    derive = modules[0].pbkdf2_hmac

    def run(calls):
        for _ in range(calls):
            derive(name, b"password", b"salt", iterations)

    return run


SHORT = (16, 64, 256, 1024)
LEGACY = ("sha256", "md5", "sha1", "sha512")
CASES = [
    *[("one-shot", one_shot, name, size) for name in LEGACY for size in SHORT],
    *[("one-shot", one_shot, name, 64) for name in ("sha3_256", "blake2b", "blake2s")],
    *[("new", by_name, name, 64) for name in ("sha256", "blake2b")],
    *[("update", update, name, size) for name in LEGACY for size in (16, 1024)],
    *[("long", one_shot, name, 1 << 20) for name in (*LEGACY, "sha3_256", "blake2b")],
    *[("hmac.digest", mac, name, size) for name in LEGACY for size in (16, 1024)],
    *[("hmac.new", mac_object, name, 64) for name in ("sha256", "sha512")],
    *[("pbkdf2", key_derivation, name, 1000) for name in ("sha1", "sha256", "sha512")],
]


def seconds(run, calls):
    start = time.perf_counter()
    run(calls)
    return time.perf_counter() - start


def compare(theirs, ours, rounds):
    """Return the medians in seconds a call, and that of the ratios of pairs."""
    calls = 1
    while seconds(theirs, calls) < SPAN:
        calls *= 2
    seconds(ours, calls)
    pairs = []
    for number in range(rounds):
        # The order changes, as what comes second may find warmer caches or a throttled CPU.
        order = (theirs, ours) if number % 2 else (ours, theirs)
        times = [seconds(run, calls) for run in order]
        pairs.append(times if number % 2 else times[::-1])
    ratio = statistics.median(first / second for first, second in pairs)
    return *(statistics.median(side) / calls for side in zip(*pairs)), ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=51, help="pairs of each case")
    parser.add_argument("word", nargs="*", help="run the cases whose names contain a word")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}")
    print(f"{'case':<28} {'hashlib':>12} {'hsum':>12} {'ratio':>7}")
    for kind, make, name, size in CASES:
        case = f"{kind} {name} {size}"
        if options.word and not any(word in case for word in options.word):
            continue
        theirs, ours = make((hashlib, hmac), name, size), make((hsum.hashlib, hsum.hmac), name, size)
        first, second, ratio = compare(theirs, ours, options.rounds)
        print(f"{case:<28} {first * 1e9:>9.0f} ns {second * 1e9:>9.0f} ns {ratio:>6.2f}x", flush=True)


if __name__ == "__main__":
    main()
