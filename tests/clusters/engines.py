"""Clusters of several processes on loopback."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# Every process of a cluster inherits this variable, by which `marked` finds the processes that are left.
MARK = f"HSUM_CLUSTER_{os.getpid()}"
STARTUP = 120


def wait_for(condition, what):
    deadline = time.monotonic() + STARTUP
    while time.monotonic() < deadline:
        if (value := condition()) is not None:
            return value
        time.sleep(0.1)
    sys.exit(f"{what} did not start within {STARTUP} s")


def found(log, pattern, count=1):
    """Returns the matches in a log if there are at least `count`; None otherwise."""
    matches = re.findall(pattern, log.read_text(errors="replace")) if log.exists() else []
    return matches if len(matches) >= count else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def daemons(top):
    """Yields a function that starts a process with a log, and ends all processes of the cluster afterwards."""
    children = []

    def start(name, *command, **environment):
        log = top / f"{name}.log"
        with log.open("wb") as out:
            options = {"stdout": out, "stderr": subprocess.STDOUT, "cwd": top, "start_new_session": True}
            children.append(subprocess.Popen(command, env={**os.environ, **environment}, **options))
        return log

    try:
        yield start
    finally:
        for child in reversed(children):
            child.terminate()
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
        for pid in marked():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def marked():
    """Returns the other processes that inherited `MARK` from this one."""
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}=".encode() in (directory / "environ").read_bytes() and int(directory.name) != os.getpid():
                yield int(directory.name)


def scripts(name):
    """Returns the path of a program that one of the interpreter's packages installed."""
    return Path(sys.executable).with_name(name)


class Dask:
    name = "dask"
    module = "distributed"
    environment = {}

    @staticmethod
    @contextlib.contextmanager
    def cluster(top):
        """Yields the arguments for a scheduler with two hosts of two worker processes each."""
        with daemons(top) as start:
            file, dask = top / "scheduler.json", scripts("dask")
            local = ["--scheduler-file", file, "--no-dashboard"]
            start("scheduler", dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *local)
            for number in range(2):
                worker = ["worker", "--host", "127.0.0.1", "--nworkers", "2", "--nthreads", "1", "--local-directory", top]
                start(f"worker-{number}", dask, *worker, *local)
            wait_for(lambda: found(top / "scheduler.log", r"Register worker", 4), "Dask")
            yield ["--scheduler", json.loads(file.read_text())["address"]]

    @staticmethod
    def victim(reader):
        return reader


class Spark:
    name = "spark"
    module = "pyspark"
    environment = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--conf spark.executor.cores=1 --conf spark.executor.memory=512m "
        "--conf spark.ui.enabled=false --conf spark.scheduler.minRegisteredResourcesRatio=1 pyspark-shell",
    }

    @classmethod
    @contextlib.contextmanager
    def cluster(cls, top):
        """Yields the arguments for a standalone master and two workers, with two executors of one core each."""
        with daemons(top) as start:
            deploy = [scripts("spark-class"), "org.apache.spark.deploy"]
            local = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
            log = start("master", deploy[0], f"{deploy[1]}.master.Master", *local, **cls.environment)
            url = wait_for(lambda: found(log, r"Starting Spark master at (spark://\S+)"), "Spark's master")[0]
            for number in range(2):
                worker = ["-c", "2", "-m", "2g", "-d", top / f"work-{number}", *local, url]
                start(f"worker-{number}", deploy[0], f"{deploy[1]}.worker.Worker", *worker, **cls.environment)
            wait_for(lambda: found(log, r"Registering worker", 2), "Spark's workers")
            yield ["--master", url]

    @staticmethod
    def victim(reader):
        """Returns the executor: the Java process that is an ancestor of the Python process that reads."""
        pid = reader
        while Path(f"/proc/{pid}/comm").read_text() != "java\n":
            pid = int(re.search(r"PPid:\t(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
        return pid


class Ray:
    name = "ray"
    module = "ray"
    environment = {"RAY_USAGE_STATS_ENABLED": "0"}

    @classmethod
    @contextlib.contextmanager
    def cluster(cls, top):
        """Yields the arguments for a head node and a second node, with two workers each."""
        with daemons(top) as start:
            address = f"127.0.0.1:{free_port()}"
            node = [scripts("ray"), "start", "--block", "--num-cpus=2", "--node-ip-address=127.0.0.1"]
            node += ["--object-store-memory=100000000"]
            head = ["--head", f"--port={address.split(':')[1]}", "--include-dashboard=false", f"--temp-dir={top}/ray"]
            log = start("head", *node, *head, **cls.environment)
            wait_for(lambda: found(log, r"Ray runtime started"), "Ray's head")
            log = start("node", *node, f"--address={address}", **cls.environment)
            wait_for(lambda: found(log, r"Ray runtime started"), "Ray's second node")
            yield ["--address", address]

    @staticmethod
    def victim(reader):
        return reader


ENGINES = {engine.name: engine for engine in (Dask, Spark, Ray)}
