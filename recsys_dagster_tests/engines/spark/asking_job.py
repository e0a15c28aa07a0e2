"""Asks the cluster that the environment names, and leaves the answers as files."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from recsys_dagster.engines.spark.ranking import ranking_on
from recsys_dagster.engines.spark.recommending import recommend_on
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.settings import load_settings
from recsys_dagster_tests import worlds
from recsys_dagster_tests.engines.spark.asking import SHAPE, Asked


def main(release: Path, folder: Path) -> None:
    """Recommend songs for all listeners of a release, and rank the cases of `Asked`."""
    scratch = folder / "scratch"
    with open_session(load_settings()) as session:
        recommend_on(session, release, folder / "recommendations.parquet", scratch)
        asked = Asked(worlds.make(SHAPE))
        with ranking_on(session, scratch) as ranking:
            for name, cases in asked.cases.items():
                lists: dict[str, Any] = ranking(asked.engine_of, cases, asked.asks)
                np.savez(folder / f"{name}.npz", **lists)
            assert ranking(asked.engine_of, [], asked.asks)["svd"].shape == (0, 20)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
