"""What a run sets up once in its process, done beforehand: importing it is all.

Forks have it from their server; see `forking`. Nothing here may start a thread: they are lost in a
fork, and with them the locks that they held.
"""

import tempfile

import dagster as dg
import numpy as np
from matplotlib.figure import Figure
from numba.core.registry import cpu_target

from recsys_dagster.evaluation.plotting import markdown_image
from recsys_dagster.models import item_counting  # noqa: F401


def _set_up() -> None:
    cpu_target.target_context.refresh()
    figure = Figure(layout="constrained")
    figure.subplots().plot(np.arange(3), label="fonts")
    markdown_image(figure, "fonts")
    with (
        tempfile.TemporaryDirectory(prefix="recsys-warm-") as folder,
        dg.DagsterInstance.local_temp(folder) as instance,
    ):
        instance.get_run_records(limit=1)


_set_up()
