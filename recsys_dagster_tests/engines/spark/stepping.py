"""An asset whose step runs `counting_job.py` on a cluster; as a program, for tests that end it."""

import sys
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster.defs.pipes import run_on_cluster
from recsys_dagster.settings import load_settings

PROGRAM = Path(__file__).with_name("counting_job.py")


def step(stage: str, notes: list[str], instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materialise one asset in this process."""

    @dg.asset
    def sums(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        made = run_on_cluster(context, load_settings(), stage, {}, notes.append, PROGRAM)
        facts: dict[str, Any] = {
            "outputs": [str(path) for path in made.outputs],
            "facts": made.facts,
        }
        return dg.MaterializeResult(metadata={**made.metadata, **facts})

    return dg.materialize([sums], instance=instance, raise_on_error=False)


if __name__ == "__main__":
    with dg.DagsterInstance.ephemeral() as ephemeral:
        step(sys.argv[1], [], ephemeral)
