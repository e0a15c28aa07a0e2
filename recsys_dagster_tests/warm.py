"""What a run imports and sets up once in its process, done beforehand: importing this is all.

Forks have it from their server; see `forking`. Nothing here may start a thread: they are lost in a
fork, and with them the locks that they held.
"""

import tempfile
from importlib import import_module

from recsys_dagster.commands.loading import loading

_IMPORTED = (
    "recsys_dagster.cli", "recsys_dagster.defs.running", "recsys_dagster.definitions",
    "recsys_dagster.models.item_counting", "recsys_dagster.recommend", "recsys_dagster.status",
    "sklearn.preprocessing", "sklearn.linear_model", "sklearn.ensemble",
)  # fmt: skip


def _set_up() -> None:
    for name in _IMPORTED:
        import_module(name)
    _compiler()
    _drawing()
    _dagster()


def _compiler() -> None:
    from numba.core.registry import cpu_target

    cpu_target.target_context.refresh()


def _drawing() -> None:
    from recsys_dagster.evaluation.plotting import blank, markdown_image

    figure = blank(4, 3)
    figure.subplots().plot([1, 2], label="fonts")
    markdown_image(figure, "fonts")


def _dagster() -> None:
    import dagster as dg

    with (
        tempfile.TemporaryDirectory(prefix="recsys-warm-") as folder,
        dg.DagsterInstance.local_temp(folder) as instance,
    ):
        instance.get_run_records(limit=1)


with loading():
    _set_up()
