"""What processes are forked from: threads are lost in a fork, and with them the locks they held."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = Path("/proc/self/task")
PROGRAM = f"""
import recsys_dagster_tests.warm
from pathlib import Path
print(*(name.read_text().strip() for name in Path("{THREADS}").glob("*/comm")))
"""


@pytest.mark.slow
def test_no_import_starts_the_threads_of_polars() -> None:
    if not THREADS.exists():
        pytest.skip("this system does not tell which threads a process has")
    words = [sys.executable, "-c", PROGRAM]
    names = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert any("python" in name for name in names)
    assert not [name for name in names if re.fullmatch(r"polars-\d+", name)]
