import pytest

from recsys_dagster.demo import DemoConfig
from recsys_dagster.errors import RecsysError


@pytest.mark.parametrize(
    ("wrong", "numbers"),
    [
        ({"songs": 19}, ("songs", "19", "20")),
        ({"users": 0}, ("users", "0", "1")),
        ({"users": 50, "listens": 49}, ("listens", "49", "50")),
        ({"seed": -1}, ("seed", "-1", "0")),
        ({"users": 2, "listens": 30_001}, ("30001", "30000", "15000")),
        ({"coverage": 0.0}, ("coverage", "0.0")),
        ({"coverage": float("nan")}, ("coverage", "nan")),
        ({"respelled": 1.5}, ("respelled", "1.5")),
    ],
)
def test_a_wrong_number_is_named(wrong: dict[str, int], numbers: tuple[str, ...]) -> None:
    with pytest.raises(RecsysError) as caught:
        DemoConfig(**wrong)
    assert all(number in str(caught.value) for number in numbers)


def test_the_bounds_are_allowed() -> None:
    DemoConfig(users=1, songs=20, listens=1, seed=0, coverage=1.0, respelled=0.0)
    DemoConfig(users=2, listens=30_000)
