import json
import socket
from pathlib import Path

import dagster as dg

from recsys_dagster.defs.code_server import bury_orphans

_STARTED = dg.DagsterRunStatus.STARTED


def test_runs_of_servers_that_are_gone_have_failed_and_others_go_on(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "alive.sock"))
        server.listen()
        gone, alive = (_run(instance, tmp_path / name) for name in ("gone.sock", "alive.sock"))
        by_hand = _run(instance, None)
        done = _run(instance, tmp_path / "gone.sock", dg.DagsterRunStatus.SUCCESS)
        bury_orphans(instance)
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {
        gone: dg.DagsterRunStatus.FAILURE,
        alive: _STARTED,
        by_hand: _STARTED,
        done: dg.DagsterRunStatus.SUCCESS,
    }


def _run(
    instance: dg.DagsterInstance, served_by: Path | None, status: dg.DagsterRunStatus = _STARTED
) -> str:
    tags = {".dagster/grpc_info": json.dumps({"host": "localhost", "socket": str(served_by)})}
    run = dg.DagsterRun(job_name="everything", status=status, tags=tags if served_by else {})
    instance.add_run(run)
    return run.run_id
