import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models import shortlist as shortlists
from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.shortlist import MOST, Shortlist
from recsys_dagster_tests.tiers import examples

ROWS, WANTED = 30_000, 100


def vectors(kind: str, rows: int = ROWS, seed: int = 0) -> Float32Array:
    """Rows without structure, in clusters, with a heavy last column (a bias), or of few numbers."""
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((rows, 14 if kind == "short" else 65), dtype=np.float32)
    if kind == "clustered":
        made = 0.3 * made + made[rng.integers(0, 40, rows)]
    if kind == "biased":
        made[:, :-1] *= 0.02
        made[:, -1] = 0.1 * rng.standard_t(3, rows)
    if kind == "uneven":
        made *= rng.random((rows, 1), dtype=np.float32)
    return made


def shortlist(rows: Float32Array, numbers: IntArray | None = None) -> Shortlist:
    numbers = np.arange(len(rows)) if numbers is None else numbers
    return Shortlist.build(numbers, lambda part: rows[part])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "clustered", "biased", "uneven", "short"])
def test_nearly_all_of_the_best_are_on_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one of 1 % of the rows, where those of a million are .2 %."""
    monkeypatch.setattr(shortlists, "SIZE", ROWS // 100)
    monkeypatch.setattr(shortlists, "EACH", 1)
    rows = vectors(kind)
    made = shortlist(rows)
    found = []
    queries = vectors("short" if kind == "short" else "plain", 40, seed=1)
    queries[:, -1] = 3
    for query in queries:
        best = np.argpartition(-(rows @ query), WANTED)[:WANTED]
        listed = made.find(query, WANTED)
        assert listed is not None
        assert len(listed) == ROWS // 100
        found.append(np.isin(best, listed).mean())
    assert np.mean(found) >= 0.985


@settings(max_examples=examples(15))
@given(
    rows=st.integers(16, 300), wanted=st.integers(0, 100), besides=st.integers(0, 400),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_of_few_rows_all_are_on_it(rows: int, wanted: int, besides: int, seed: int) -> None:
    made = vectors("plain", rows, seed)
    numbers = np.sort(np.random.default_rng(seed).permutation(2 * rows)[:rows])
    spread = np.full((2 * rows, made.shape[1]), np.nan, np.float32)
    spread[numbers] = made
    listed = shortlist(spread, numbers).find(made[0], wanted, besides)
    assert listed is not None
    assert listed.tolist() == numbers.tolist()


def test_who_asks_for_much_is_told_to_score_all() -> None:
    made = shortlist(vectors("plain", 50))
    assert made.find(vectors("plain", 1)[0], MOST) is None
    assert made.find(vectors("plain", 1)[0], 1, besides=MOST) is None


@pytest.mark.slow
def test_saved_and_loaded_it_lists_the_same_and_the_same_rows_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    rows = vectors("plain")
    for name in ("one", "two"):
        shortlist(rows).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    loaded = Shortlist.load(tmp_path / "one", ROWS, rows.shape[1])
    listed, again = shortlist(rows).find(rows[5], 10), loaded.find(rows[5], 10)
    assert listed is not None
    assert again is not None
    assert listed.tolist() == again.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0, 3, 40, 3_000, -1])
def test_a_damaged_file_is_said_in_words(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut"
    shortlist(vectors("plain", 500)).save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RecsysError, match="cannot read the shortlist"):
        Shortlist.load(path, 500, 65)


def test_what_is_not_there_or_of_other_rows_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="cannot read the shortlist"):
        Shortlist.load(tmp_path / "none", 1, 1)
    (tmp_path / "text").write_bytes(b"\xff\xfe{[" * 50)
    with pytest.raises(RecsysError, match="cannot read the shortlist"):
        Shortlist.load(tmp_path / "text", 1, 1)
    shortlist(vectors("plain", 50)).save(tmp_path / "whole")
    for rows, dimensions in ((50, 64), (49, 65)):
        with pytest.raises(RecsysError, match="50 vectors of 65 numbers; expected"):
            Shortlist.load(tmp_path / "whole", rows, dimensions)


@pytest.mark.slow
def test_serving_a_small_catalogue_imports_no_faiss() -> None:
    code = "import sys, recsys_dagster.recommend; assert 'faiss' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
