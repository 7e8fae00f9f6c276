#!/usr/bin/env python3
"""Writes the checksum file of a tree that the executors of a Spark cluster hash.

python with_spark.py TREE -o LIST [--master spark://HOST:7077]    without a master: spark-submit's, or this machine
"""
import argparse
import sys

from hsum import cluster
from pyspark import StorageLevel
from pyspark.sql import SparkSession


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("-a", "--algorithm", default="sha256")
    parser.add_argument("--shards", type=int, default=64, help="several for each core")
    parser.add_argument("--master")
    args = parser.parse_args()
    builder = SparkSession.builder.appName("hsum")
    spark = (builder.master(args.master) if args.master else builder).getOrCreate()
    shards, algorithm = cluster.shards(args.tree, args.shards), args.algorithm
    tasks = spark.sparkContext.parallelize(shards, len(shards) or 1)
    parts = tasks.map(lambda paths: cluster.work(paths, algorithm)).persist(StorageLevel.MEMORY_AND_DISK)
    parts.count()  # hashes in parallel; the iterator below fetches one part after another
    # If a file cannot be read, the list is still written; the file is named, and the exit status is 1.
    problems = cluster.merge(parts.toLocalIterator(), args.output, partial=True)
    spark.stop()
    sys.exit("\n".join(map(str, problems)) or None)


if __name__ == "__main__":
    main()
