"""Runs tests in a copy, in a process that has what they import from elsewhere already.

Most of what a mutant's tests take would be imports: of numba, polars and the like.
"""

import contextlib
import multiprocessing as mp
import os
import signal
import subprocess
import sys
from pathlib import Path

OURS = ("recsys_dagster", "recsys_dagster_tests", "streamlit_app")
ENTRY_POINTS = (
    "recsys_dagster_tests.conftest", "recsys_dagster.evaluation.document",
    "recsys_dagster.recommend.recommender", "recsys_dagster.models.svd.fitting",
)  # fmt: skip
OPTIONS = (
    "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
    # With the same examples each time: a mutant's fate is not to be luck.
    "--hypothesis-profile=ci", "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
TIMED_OUT = "timed out"
_NONE_SELECTED = 5


def preload() -> None:
    """Let all later processes begin with everything imported that is not ours."""
    names = "import sys, " + ", ".join(ENTRY_POINTS) + "; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", names], capture_output=True, check=True, text=True
    )
    others = {name.split(".")[0] for name in printed.stdout.split()} - {*OURS, "__main__"}
    mp.get_context("forkserver").set_forkserver_preload(sorted(others))


def tests_pass(folder: Path, marked: str, files: list[str], seconds: float) -> tuple[bool, str]:
    """Whether tests pass in a copy of the repository, those so marked, and what they said."""
    said = folder / "said.txt"
    process = mp.get_context("forkserver").Process(target=_run, args=(folder, marked, files, said))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        assert process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return False, TIMED_OUT
    return process.exitcode in (0, _NONE_SELECTED), said.read_text("utf-8", errors="replace")


def _run(folder: Path, marked: str, files: list[str], said: Path) -> None:
    os.setsid()  # so that what the tests start is ended with them
    output = os.open(said, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(output, stream)
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    # Python would take a module for the one compiled in the same second; and processes that
    # tests start are to find the copy, too.
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    import pytest

    code = pytest.main([*OPTIONS, "-m", marked, *files])
    sys.stdout.flush()
    os._exit(code)
