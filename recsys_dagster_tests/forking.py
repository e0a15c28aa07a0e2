"""Processes of their own without the seconds that each would take to import.

A server imports once what the command needs, and forks from there. What `recsys` does when its
own `python` starts is tested by those that start it so: `recsys up`, kills at the start, strace.
"""

import atexit
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NoReturn


def forks() -> ForkServerContext:
    """Where processes that have the command imported are started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["recsys_dagster_tests.warm"])
    return context


def be_at(place: Path, surroundings: Mapping[str, str]) -> None:
    """Take over a folder and an environment: a fork has those of whoever forked first of all."""
    os.environ.clear()
    os.environ |= surroundings
    os.chdir(place)


def say_into(out: str | Path, err: str | Path) -> None:
    """Let this process and what it starts write into two files, as UTF-8."""
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]


def end_with(work: Callable[[], object]) -> NoReturn:
    """Do it, and end as Python does: forked processes leave out what is registered for the end."""
    try:
        work()
        sys.exit(0)
    finally:
        atexit._run_exitfuncs()
