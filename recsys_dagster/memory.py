"""How much memory a run takes, about, and how much there is for it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files

_AT_LEAST, _PER_BYTE = 0.6e9, 1.7
"""Measured with `benchmarks/memory.py`: the peak without data, and for each byte of histories."""
_LIMITS = {
    "": ("/sys/fs/cgroup", "memory.max"),
    "memory": ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
}
_GB = 1e9


def needed(layout: Layout) -> float:
    """Bytes that a run takes at its peak, from the size of the histories; a rough figure."""
    histories = find_raw_files(layout).history
    return _AT_LEAST + _PER_BYTE * sum(file.stat().st_size for file in histories)


def at_hand() -> float:
    """Bytes that this process can have: of the machine, and of the container it may be in."""
    return min([*_available(), *_limits()], default=float("inf"))


def warning(layout: Layout) -> str | None:
    """In words that there may be too little; `None` where there is enough."""
    wanted, there = needed(layout), at_hand()
    if wanted <= there:
        return None
    return (
        f"A run on these histories takes about {wanted / _GB:.1f} GB of memory, and "
        f"{there / _GB:.1f} GB can be had: it may be killed. Close other programs, or give it more."
    )


def after_a_kill(layout: Layout, stage: str) -> str:
    """In words that the last run was killed, and whether memory may be the reason."""
    said = f"The last run was killed while it made {stage}; that is done again."
    if at_hand() > 2 * needed(layout):
        return said
    return (
        f"{said} Perhaps there was too little memory: it takes about "
        f"{needed(layout) / _GB:.1f} GB, and {at_hand() / _GB:.1f} GB can be had."
    )


def _available() -> Iterator[float]:
    """What the machine can give without swapping, where the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield float(line.split()[1]) * 1024


def _limits() -> Iterator[float]:
    """What the control groups of this process, and the container's, allow at most."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, kind, path = line.split(":", 2)
            if kind in _LIMITS:
                root, name = _LIMITS[kind]
                for group in (Path(root), Path(root + path)):
                    with suppress(OSError, ValueError):  # no such file, or "max"
                        yield float((group / name).read_text(encoding="ascii"))
