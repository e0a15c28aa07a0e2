"""Timing of alternatives in turn, in one run: ratios hold where absolute times drift."""

import gc
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from operator import truediv
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a process of its own took: seconds, and bytes of memory at its peak."""

    seconds: float
    peak: int


def compare_measured(
    alternatives: Mapping[str, Callable[[], Measured]], rounds: int
) -> dict[str, dict[str, float]]:
    """As `compare`, for alternatives that measure themselves, with the peak of memory."""
    found: dict[str, list[Measured]] = {name: [] for name in alternatives}
    for _ in range(rounds):
        for name, run in alternatives.items():
            found[name].append(run())
    ours = [one.seconds for one in found[next(iter(alternatives))]]
    return {
        name: {
            **_summary([one.seconds for one in runs], ours),
            "peak_gb": max(one.peak for one in runs) / 1e9,
        }
        for name, runs in found.items()
    }


def _summary(taken: list[float], ours: list[float]) -> dict[str, float]:
    return {
        "median_s": statistics.median(taken),
        "min_s": min(taken),
        "times_ours": statistics.median(map(truediv, taken, ours)),
    }


def compare(
    alternatives: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, dict[str, float]]:
    """Time each alternative once a round, after one round that does not count.

    Returns the median and minimum seconds of each, and the median ratio to the first, taken
    round by round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    for number in range(rounds + 1):
        for name, run in alternatives.items():
            gc.collect()
            started = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - started)
    ours = seconds[next(iter(alternatives))]
    return {name: _summary(taken, ours) for name, taken in seconds.items()}


def report(
    title: str,
    figures: Mapping[str, Mapping[str, float]],
    libraries: list[str],
    target: Path | None,
) -> None:
    """Print a table, and write it as JSON with what it was measured on."""
    print(f"\n{title}\n\n{'':34}{'median s':>12}{'min s':>12}{'times ours':>12}")
    for name, row in figures.items():
        peak = f"{row['peak_gb']:8.2f} GB" if "peak_gb" in row else ""
        times = f"{row['median_s']:12.4f}{row['min_s']:12.4f}{row['times_ours']:12.2f}"
        print(f"{name:34}{times}{peak}")
    document: dict[str, Any] = {
        "title": title,
        "figures": figures,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in libraries},
    }
    if target:
        target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
