"""Audio features in the mean, against one song at a time."""

import numpy as np
import pytest

from recsys_dagster.recommend import sound
from recsys_dagster.recommend.sound import Sound

FEATURES = np.array(
    [[0.5, np.nan], [0.25, np.nan], [np.nan, np.nan], [1.0, 120.0], [0.75, 80.0], [0.0, 90.0]],
    np.float32,
)
NAMES = ("energy", "tempo")


def looked_up(*played: int) -> Sound:
    return Sound(FEATURES, NAMES, np.array(played, np.int64))


def test_what_is_missing_is_none_and_does_not_count() -> None:
    one = looked_up()
    assert one.of([3, 2]) == [{"energy": 1.0, "tempo": 120.0}, {"energy": None, "tempo": None}]
    assert one.mean([0, 1, 2, 3]) == {"energy": pytest.approx(1.75 / 3), "tempo": 120.0}
    assert one.mean([2]) == one.mean([]) == {"energy": None, "tempo": None}


def test_songs_count_by_their_plays() -> None:
    mean = looked_up().mean([0, 3, 4], [2, 1, 5])
    assert mean == {"energy": pytest.approx(5.75 / 8), "tempo": pytest.approx(520 / 6)}


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_the_catalogue_is_the_mean_of_what_is_played_however_it_is_read(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "_BLOCK", block)
    played = (0, 2, 3, 4, 5)
    one = looked_up(*played)
    assert one.catalogue() == pytest.approx(one.mean(played))
    assert one.catalogue() is one.catalogue()
    assert looked_up().catalogue() == {"energy": None, "tempo": None}
