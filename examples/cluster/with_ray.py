#!/usr/bin/env python3
"""Writes the checksum file of a tree that the workers of a Ray cluster hash.

python with_ray.py TREE -o LIST [--address HOST:6379]    without an address: the cluster in $RAY_ADDRESS, or this machine
"""
import argparse
import sys

import ray
from hsum import cluster


def completed(tasks):
    """Yields the results of tasks as they arrive."""
    while tasks:
        done, tasks = ray.wait(tasks)
        yield from ray.get(done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("-a", "--algorithm", default="sha256")
    parser.add_argument("--shards", type=int, default=64, help="several for each core")
    parser.add_argument("--address")
    args = parser.parse_args()
    ray.init(address=args.address)
    work = ray.remote(cluster.work)
    tasks = [work.remote(shard, args.algorithm) for shard in cluster.shards(args.tree, args.shards)]
    # If a file cannot be read, the list is still written; the file is named, and the exit status is 1.
    problems = cluster.merge(completed(tasks), args.output, partial=True)
    ray.shutdown()
    sys.exit("\n".join(map(str, problems)) or None)


if __name__ == "__main__":
    main()
