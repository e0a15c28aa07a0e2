import random

import pytest

from recsys_dagster_tests.listening.fuzzing import DAMAGES, WRITERS, Case, check, fuzz


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_what_is_not_damaged_is_read_whole(name: str) -> None:
    assert check(Case(name, "none", WRITERS[name](random.Random(0))), most_lost=0) == "read"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_damaged_histories_are_read_or_refused_in_words(seed: int) -> None:
    """The command in `fuzzing` does the same for as long as one likes."""
    rng = random.Random(seed)
    assert {fuzz(rng)[1] for _ in range(40)} == {"read", "refused"}


def test_a_silent_loss_would_be_seen() -> None:
    content = WRITERS["kaggle"](random.Random(0))
    lines = content.splitlines(keepends=True)
    with pytest.raises(AssertionError, match="50 listens are left"):
        check(Case("kaggle", "ten lines gone", b"".join(lines[:-10])), most_lost=5)
    assert len(DAMAGES) == 10
