"""The pipeline's code for UI and daemon: `python -m recsys_dagster.defs.code_server SOCKET`."""

import json
import runpy
import socket
import sys
from pathlib import Path

import dagster as dg

from recsys_dagster.defs.home import open_instance
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings

_SERVED_BY = ".dagster/grpc_info"
_UNDER_WAY = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def main(socket_file: str) -> None:
    """Open Dagster's storage, mark the runs of servers that are gone, and serve the code.

    It makes what the storage misses, so UI and daemon, which start after it, need not at the same
    time.
    """
    try:
        with open_instance(load_settings().dagster_home or Path()) as instance:
            bury_orphans(instance)
    except RecsysError as error:
        sys.exit(str(error))
    sys.argv = [
        "dagster", "api", "grpc", "--socket", socket_file, "-m", "recsys_dagster.definitions",
        "--location-name", "recsys_dagster", "--log-level", "warning",
    ]  # fmt: skip
    runpy.run_module("dagster", run_name="__main__", alter_sys=True)


def bury_orphans(instance: dg.DagsterInstance) -> None:
    """Mark runs as failed whose server is gone, and their process with it.

    Nobody else would: they would stand as under way for ever, and count against how many may be.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
        served_by = json.loads(run.tags.get(_SERVED_BY, "{}")).get("socket")
        if served_by and not _answers(served_by):
            instance.report_run_failed(
                run, "Its process was ended. What was finished is kept; a new run goes on there."
            )


def _answers(socket_file: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        return probe.connect_ex(socket_file.removeprefix("unix:")) == 0


if __name__ == "__main__":
    main(sys.argv[1])
