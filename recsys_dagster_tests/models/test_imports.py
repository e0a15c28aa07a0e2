import subprocess
import sys

import pytest


@pytest.mark.slow
def test_serving_loads_no_training_library() -> None:
    code = (
        "import sys, recsys_dagster.models.svd.model, recsys_dagster.models.knn.index;"
        "print(*sorted({'numba', 'sklearn', 'scipy', 'pandas', 'polars'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.split() == []
