"""A program run twice at once: on a cluster by its master, and through its Spark Connect server."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from recsys_dagster.up.groups import end_groups
from recsys_dagster_tests.clusters import Cluster

PLACES = ("SPARK_MASTER", "SPARK_REMOTE")
_WITHIN = 280


def run_at_both(cluster: Cluster, module: str, words: Mapping[str, Sequence[str]]) -> None:
    """Run a module at both places, each with its own words; both must end well."""
    jobs = [_start(cluster, place, [module, *words[place]]) for place in PLACES]
    try:
        for job in jobs:
            _, said = job.communicate(timeout=_WITHIN)
            assert job.returncode == 0, said[-3000:]
    finally:
        for job in jobs:
            end_groups([job.pid], patience=5, reap=job.poll)
            assert job.stderr is not None
            job.stderr.close()


def _start(cluster: Cluster, place: str, words: Sequence[str]) -> subprocess.Popen[str]:
    address = cluster.master if place == "SPARK_MASTER" else cluster.remote
    kept = {name: value for name, value in os.environ.items() if name not in PLACES}
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        env={**kept, place: address, **cluster.environment, "PYSPARK_PYTHON": sys.executable},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
