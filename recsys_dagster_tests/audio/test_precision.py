import pytest

from recsys_dagster_tests.audio.precision import measure


@pytest.mark.slow
def test_the_careful_step_is_right_on_the_real_files() -> None:
    result = measure()
    judged = sum((result.matches + result.within + result.near_misses).values())
    assert judged - result.near_misses["unlabelled"] >= 400
    assert result.matches["unlabelled"] == result.within["unlabelled"] == 0
    assert result.matches["same"] >= 130
    assert result.precision >= 0.99
    assert result.recall >= 0.85
