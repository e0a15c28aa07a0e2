"""Shortlists: a few thousand of a million vectors, among which the best are to be found."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.side_by_side import THREADS

LEAST_ROWS = 200_000
"""Below so many, scoring all of them is as fast."""
SIZE = 2_000
EACH = 20
"""A shortlist has so many rows for each that is asked for, and at least `SIZE`."""
MOST = 10_000
"""A longer shortlist is no shorter way."""
COLUMNS = 64
"""Shorter vectors are spread over so many: the errors of the codes average out."""
_TRAINED_ON = 20_000
_AT_ONCE = 1 << 16
_SEED = 1


class Shortlist:
    """Finds the rows that may have the highest dot products with a vector.

    Rows are turned at random, which spreads what they hold evenly over the columns, and kept as
    codes of 4 bits a column, which are scanned in registers (André, Kermarrec and Le Scouarnec
    2015, "Cache locality is not enough: high-performance nearest neighbor search with product
    quantization fast scan"; the implementation is that of faiss). Products are near the true ones
    and no more: whoever asks scores the rows of the list exactly. Rows may have any length, and
    no structure is needed of them; searches by clusters lose recall where there is none. Meant
    for `LEAST_ROWS` rows and more: 32 MB and 2 ms a million.

    Parameters
    ----------
    index
        A faiss index over row numbers.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, rows: IntArray, vectors: Callable[[IntArray], Float32Array]) -> "Shortlist":
        """Encode rows; the same rows give the same index.

        Parameters
        ----------
        rows
            (n,) numbers of the rows, ascending; at least 16.
        vectors
            Gives the (m, d) float32 vectors of m of them.
        """
        faiss = _faiss()
        sample = vectors(rows[:: -(-len(rows) // _TRAINED_ON)])
        turned = faiss.RandomRotationMatrix(sample.shape[1], max(sample.shape[1], COLUMNS))
        turned.init(_SEED)
        codes = faiss.IndexPQFastScan(turned.d_out, turned.d_out, 4, faiss.METRIC_INNER_PRODUCT)
        # Small samples are what tests have; faiss would print that they are small.
        codes.pq.cp.min_points_per_centroid = 1
        turning = faiss.IndexPreTransform(turned, codes)
        turning.train(np.ascontiguousarray(sample, np.float32))
        index = faiss.IndexIDMap(turning)
        faiss.omp_set_num_threads(THREADS)  # each row is encoded by itself
        try:
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                index.add_with_ids(np.ascontiguousarray(vectors(part), np.float32), part)
        finally:
            faiss.omp_set_num_threads(1)
        return cls(index)

    def find(self, vector: Float32Array, n: int, besides: int = 0) -> IntArray | None:
        """Rows among which the best `n` are, as good as always.

        Parameters
        ----------
        vector
            (d,) float32.
        n
            How many rows are asked for.
        besides
            How many rows of the list may be of no use.

        Returns
        -------
        (m,) int64, ascending; `None` where so many are asked for that scoring all is faster.
        """
        size = max(SIZE, EACH * n) + besides
        if size > MOST:
            return None
        query = np.ascontiguousarray(vector, np.float32)[None]
        _, (found,) = self._index.search(query, min(size, self._index.ntotal))
        return np.sort(found[found >= 0])

    def save(self, path: Path) -> None:
        """Write it to a file, in the format of faiss."""
        _faiss().write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path, rows: int, dimensions: int) -> "Shortlist":
        """Read what `save` wrote.

        Parameters
        ----------
        path
            The file.
        rows, dimensions
            How many vectors there are, and how long each is.

        Raises
        ------
        RecsysError
            When the file is missing, broken, or of other vectors.
        """
        faiss = _faiss()
        try:
            index = faiss.read_index(str(path))
            numbers = faiss.vector_to_array(index.id_map)
        except (RuntimeError, AttributeError) as error:
            raise RecsysError(
                f"cannot read the shortlist {path}: {str(error)[-200:]}. Run `recsys run`."
            ) from None
        inside = len(numbers) and numbers.min() >= 0 and numbers.max() < rows
        if index.d != dimensions or index.ntotal != len(numbers) or not inside:
            raise RecsysError(
                f"the shortlist {path} is of {index.ntotal} vectors of {index.d} numbers; expected "
                f"{dimensions} numbers, and at most {rows} vectors. Run `recsys run`."
            )
        return cls(index)


def _faiss() -> Any:
    """Import faiss, which small catalogues never need."""
    first = "faiss" not in sys.modules
    import faiss

    if first:
        # One query is one scan, and one thread at work does not wait for another.
        faiss.omp_set_num_threads(1)
    return faiss
