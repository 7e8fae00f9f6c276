#!/usr/bin/env python3
"""Writes the checksum file of a tree that the workers of a Dask cluster hash.

python with_dask.py TREE -o LIST [--scheduler tcp://HOST:8786]    without a scheduler: on all cores of this machine
"""
import argparse
import sys

from dask.distributed import Client, as_completed
from hsum import cluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("-a", "--algorithm", default="sha256")
    parser.add_argument("--shards", type=int, default=64, help="several for each core")
    parser.add_argument("--scheduler")
    args = parser.parse_args()
    with Client(args.scheduler) as client:
        shards = cluster.shards(args.tree, args.shards)
        # Files change, so a result must not be reused for the same arguments.
        tasks = client.map(cluster.work, shards, name=args.algorithm, pure=False)
        parts = (part for _, part in as_completed(tasks, with_results=True))
        # If a file cannot be read, the list is still written; the file is named, and the exit status is 1.
        problems = cluster.merge(parts, args.output, partial=True)
    sys.exit("\n".join(map(str, problems)) or None)


if __name__ == "__main__":
    main()
