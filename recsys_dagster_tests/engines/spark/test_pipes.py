"""A job on a real cluster, as an asset sees it: what comes back, and that nothing stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import psutil
import pytest

from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.engines.spark import stepping
from recsys_dagster_tests.engines.spark.stepping import step

pytestmark = pytest.mark.slow
WITHIN = 240
ONE_EXECUTOR = {"RECSYS_SPARK_SUBMIT": "--conf spark.cores.max=1"}
"""What these jobs are about does not depend on how many there are."""


@pytest.fixture(params=["SPARK_MASTER", "SPARK_REMOTE"])
def place(
    request: pytest.FixtureRequest, spark_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Both ways to the cluster, one after the other."""
    name = str(request.param)
    address = spark_cluster.master if name == "SPARK_MASTER" else spark_cluster.remote
    for key, value in {name: address, **spark_cluster.environment, **ONE_EXECUTOR}.items():
        monkeypatch.setenv(key, value)
    return address


def test_what_a_job_makes_and_says_comes_back(place: str, tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        notes: list[str] = []
        result = step("counted", notes, instance)
        lines = [record.user_message for record in instance.all_logs(result.run_id)]
    assert result.success
    (made,) = result.get_asset_materialization_events()
    metadata = made.materialization.metadata
    expected = {str(digit): sum(n for n in range(0, 2000, 2) if n % 10 == digit)
                for digit in range(0, 10, 2)}  # fmt: skip
    assert metadata["facts"].value == expected
    assert metadata["outputs"].value == [str(tmp_path / "data" / "sums")]
    assert metadata["cluster"].value == place
    assert str(metadata["spark"].value).startswith("4.")
    assert "Counted 5 digits" in "\n".join(lines)
    assert all(note.startswith("Spark ") for note in notes)


def test_what_a_user_can_put_right_is_one_sentence(
    spark_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_REMOTE", spark_cluster.remote)
    with dg.DagsterInstance.ephemeral() as instance:
        failure = step("erring", [], instance).failure_data_for_node("sums")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == "The song in line 7 has no name. Give it one."


def test_nothing_stays_behind(spark_cluster: Cluster, tmp_path: Path) -> None:
    """When the step's process is killed driver, JVM and keeper end too, and the cluster is free."""
    (tmp_path / "data").mkdir()
    words = [sys.executable, "-m", stepping.__name__, "waiting"]
    place = {**spark_cluster.environment, "SPARK_MASTER": spark_cluster.master, **ONE_EXECUTOR}
    with subprocess.Popen(words, env=os.environ | place, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until((tmp_path / "data" / "waiting").exists)
            family = psutil.Process(process.pid).children(recursive=True)
            assert {"java"} <= {one.name() for one in family}
            process.send_signal(signal.SIGKILL)
            process.wait(WITHIN)
        finally:
            process.kill()
    assert not psutil.wait_procs(family, timeout=WITHIN)[1]


def _wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
