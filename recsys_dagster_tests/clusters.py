"""A real Spark cluster on loopback: a master and two workers, each a process of its own.

They come from the pyspark package and need Java. `python -m recsys_dagster_tests.clusters` prints
where master and Spark Connect server are, and keeps them until Ctrl-C.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from recsys_dagster.up.groups import end_groups
from recsys_dagster.up.keeper import Keeper

STARTS_WITHIN = 120
_DEPLOY = "org.apache.spark.deploy"
_CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
_SMALL_JVM = "-XX:+UseSerialGC"
# Loops of seconds are not worth compiling well, and Spark's own classes not worth a second look.
_SHORT_JVM = (
    f"{_SMALL_JVM} -XX:TieredStopAtLevel=1"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
_DEFAULTS = """\
spark.driver.extraJavaOptions {jvm}
spark.executor.extraJavaOptions {jvm}
spark.sql.shuffle.partitions 4
spark.ui.enabled false
"""
_ANYWHERE = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")


class Daemon:
    """One process of the cluster; it and what it starts are one process group."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def wait_for(self, pattern: str) -> str:
        """Wait until its log says something; returns the first group of what it said."""
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            ended = self.process.poll() is not None
            said = self.log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(pattern, said):
                return found[1]
            assert not ended, f"It ended: {said[-2000:]}"
            assert time.monotonic() < deadline, f"It is not ready: {said[-2000:]}"
            time.sleep(0.1)


class Cluster:
    """A master and its workers; applications get one core of each of two workers.

    A worker has room for two applications at once: the Connect server's, and one more.

    Parameters
    ----------
    folder
        For logs and work.
    lasting
        Whether Java compiles as well as it can, for work of minutes.
    """

    def __init__(self, folder: Path, *, lasting: bool = False) -> None:
        self.folder = folder
        self._daemons: list[Daemon] = []
        self._workers: list[Daemon] = []
        self._remote: str | None = None
        (folder / "spark-defaults.conf").write_text(
            _DEFAULTS.format(jvm=_SMALL_JVM if lasting else _SHORT_JVM), encoding="utf-8"
        )
        self._keeper = Keeper()  # a test run that is killed leaves no cluster behind
        master = self._start("master", "spark-class", f"{_DEPLOY}.master.Master", *_ANYWHERE)
        self.master = master.wait_for(r"Starting Spark master at (spark://\S+)")

    @property
    def pids(self) -> list[int]:
        """The processes of the cluster; executors are children of the workers."""
        return [daemon.process.pid for daemon in self._daemons]

    @property
    def environment(self) -> dict[str, str]:
        """What a driver on this machine needs to be as small as the cluster, and on loopback."""
        return {"SPARK_CONF_DIR": str(self.folder), "SPARK_LOCAL_IP": "127.0.0.1"}

    @property
    def remote(self) -> str:
        """The address of a Spark Connect server that works on this cluster."""
        if self._remote is None:
            settings = {
                "spark.connect.grpc.binding.address": "127.0.0.1",
                "spark.connect.grpc.binding.port": "0",
                "spark.checkpoint.dir": str(self.folder / "checkpoints"),
            }
            options = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
            options += ["--master", self.master, "--class", _CONNECT, "spark-internal"]
            server = self._start("connect", "spark-submit", *options)
            port = server.wait_for(r"Spark Connect server started at: \S*:(\d+)")
            self._remote = f"sc://127.0.0.1:{port}"
        return self._remote

    def settings(self, *, connect: bool = False) -> dict[str, str]:
        """What says that stages compute here, through a Spark Connect server or the master."""
        where = {"SPARK_REMOTE": self.remote} if connect else {"SPARK_MASTER": self.master}
        return {"RECSYS_ENGINE": "spark", **where, **self.environment}

    def add_workers(self, count: int = 1) -> None:
        """Start more workers and wait until the master knows them."""
        added = [self._start_worker() for _ in range(count)]
        for worker in added:
            worker.wait_for(r"(Successfully registered) with master")
        self._workers += added

    def kill_worker(self) -> None:
        """SIGKILL to the oldest worker and its executors, as if their machine were gone.

        Python workers of theirs end by themselves once their executor is gone.
        """
        worker = self._workers.pop(0)
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        self._daemons.remove(worker)

    def close(self) -> None:
        """End all of it."""
        self._keeper.keep([])
        self._keeper.close()
        end_groups(self.pids, patience=5, reap=self._reap)

    def _start_worker(self) -> Daemon:
        name = f"worker{len(self._daemons)}"
        work = ["--cores", "2", "--memory", "2g", "--work-dir", str(self.folder / name)]
        words = [f"{_DEPLOY}.worker.Worker", *_ANYWHERE, *work, self.master]
        return self._start(name, "spark-class", *words)

    def _start(self, name: str, program: str, *words: str) -> Daemon:
        command = [str(_spark_home() / "bin" / program), *words]
        daemon = Daemon(command, self.folder / f"{name}.log", _environment(self.folder))
        self._daemons.append(daemon)
        self._keeper.keep(self.pids)
        return daemon

    def _reap(self) -> None:
        for daemon in self._daemons:
            daemon.process.poll()


@contextmanager
def cluster(*, lasting: bool = False) -> Iterator[Cluster]:
    """A master and two workers; skips the test where they cannot be, unless they are required."""
    if reason := missing():
        if os.environ.get("RECSYS_REQUIRE_SPARK") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="recsys-spark-", ignore_cleanup_errors=True) as folder:
        made = Cluster(Path(folder), lasting=lasting)
        try:
            made.add_workers(2)
            yield made
        finally:
            made.close()


def missing() -> str | None:
    """What is not there that a cluster needs."""
    if find_spec("pyspark") is None:
        return "there is no pyspark (uv sync --extra spark)"
    return None if shutil.which("java") else "there is no Java (openjdk-17-jre-headless)"


def _spark_home() -> Path:
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _environment(folder: Path) -> dict[str, str]:
    """Of a daemon: small, on loopback alone, with nothing of the settings of whoever runs it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    return ours | {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(folder),
        "SPARK_DAEMON_JAVA_OPTS": _SHORT_JVM,
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_LAUNCHER_OPTS": _SHORT_JVM,
        "SPARK_HOME": str(_spark_home()),
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_MASTER_OPTS": "-Dspark.deploy.defaultCores=2 -Dspark.master.rest.enabled=false",
    }


def main() -> None:
    """Keep a cluster until Ctrl-C, or until the process is asked to end."""
    if reason := missing():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), cluster() as made:
        where = {"SPARK_MASTER": made.master, "SPARK_REMOTE": made.remote, **made.environment}
        print(*map("=".join, where.items()), sep="\n", flush=True)  # noqa: T201
        signal.pause()


if __name__ == "__main__":
    main()
