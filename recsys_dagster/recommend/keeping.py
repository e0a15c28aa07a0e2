"""The models of an engine as files, for other processes that are to ask the same engine."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.models import Models

_ARRAYS = ("plays", "listeners", "artists", "available")


def save_models(models: Models, directory: Path) -> None:
    """Write them into a directory that exists, without the listeners' factors: nobody asks them."""
    svd = models.svd
    nobody = replace(svd, user_bias=svd.user_bias[:0], user_factors=svd.user_factors[:0])
    for name, model in (("svd", nobody), ("knn", models.knn), ("items", models.items)):
        if model is not None:
            (directory / name).mkdir()
            model.save(directory / name)
    for name in _ARRAYS:
        if (array := getattr(models, name)) is not None:
            np.save(directory / f"{name}.npy", array, allow_pickle=False)


def load_models(directory: Path) -> Models:
    """Open what `save_models` wrote; arrays are memory-mapped."""
    items = directory / "items"
    arrays: dict[str, NDArray[Any]] = {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False)
        for path in directory.glob("*.npy")
    }
    return Models(
        svd=SvdModel.load(directory / "svd"),
        knn=KnnIndex.load(directory / "knn"),
        items=ItemKnn.load(items) if items.exists() else None,
        **arrays,
    )
