"""What figures were measured on, the peak of a process's memory, and the file they go to."""

import json
import math
import os
import platform
import re
import resource
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def describe_machine() -> dict[str, str | int | float]:
    """Processor, cores that may be used, memory, system and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Versions of those libraries that are installed."""
    found = {}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def peak_memory() -> int:
    """Most bytes that this process had resident.

    From VmHWM where there is one: what `wait4` and `getrusage` tell begins at the peak of the
    process that started this one.
    """
    peak = _field("/proc/self/status", "VmHWM")
    if peak:
        return int(peak.split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write_json(document: dict[str, Any], target: Path) -> None:
    """Write figures as JSON; those that were not measured, NaN, as null."""
    text = json.dumps(_without_nan(document), indent=1, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _field(file: str, name: str) -> str | None:
    path = Path(file)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(rf"^{re.escape(name)}\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else None
