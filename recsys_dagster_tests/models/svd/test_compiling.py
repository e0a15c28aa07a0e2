"""What was just compiled and what was loaded from disk are the same to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = """
import hashlib
import numpy as np
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.fitting import fit_all
from recsys_dagster_tests import worlds

shape = worlds.Shape(users=60, songs=300, played_share=0.3)
users, items, plays = worlds.interactions(shape, np.random.default_rng(0))
for config in (RankingConfig(epochs=3), SquaredConfig(epochs=3)):
    model = fit_all(users, items, plays, n_users=60, n_items=300, epochs=3, config=config).model
    print(hashlib.sha256(model.user_factors.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_first_run_gives_the_bytes_of_later_ones(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", TRAIN], env=environment, cwd=Path(__file__).parents[3],
            check=True, capture_output=True, text=True,
        ).stdout
        for _ in range(2)
    )  # fmt: skip
    assert any((tmp_path / "cache").rglob("*descend*.nbc"))
    assert len(first.split()) == 2
    assert first == second
