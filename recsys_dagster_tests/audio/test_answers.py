import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.answers import Answers, drop_expired, forget
from recsys_dagster.errors import RecsysError
from recsys_dagster_tests.tiers import examples

DAY = 86_400


class Clock:
    """A time that stands still until it is moved."""

    now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_answer_is_known_until_it_expires(tmp_path: Path, clock: Clock) -> None:
    answers = Answers(tmp_path / "a.sqlite", "somewhere", clock)
    answers.keep("id", {"x": ["1"], "y": None}, DAY)
    assert answers.known("id", ["x", "y", "z"]) == {"x": ["1"], "y": None}
    assert answers.known("features", ["x"]) == {}
    assert answers.expiry("id", ["x", "z"]) == {"x": clock.now + DAY}
    clock.now += DAY
    assert answers.known("id", ["x", "y"]) == {}
    answers.keep("id", {"x": []}, DAY)
    assert answers.known("id", ["x", "y"]) == {"x": []}
    answers.close()


def test_a_block_holds_until_its_time(tmp_path: Path, clock: Clock) -> None:
    answers = Answers(tmp_path / "a.sqlite", "somewhere", clock)
    assert answers.blocked_until("search") is None
    answers.block("search", clock.now + 60, "quota")
    assert answers.blocked_until("search") == (clock.now + 60, "quota")
    assert answers.blocked_until("features") is None
    clock.now += 60
    assert answers.blocked_until("search") is None
    answers.close()


@settings(max_examples=examples(20))
@given(st.dictionaries(st.text(max_size=20), st.one_of(st.none(), st.floats(0, 1), st.text())))
def test_any_answer_comes_back(answered: dict[str, object]) -> None:
    answers = Answers(Path(":memory:"), "somewhere", Clock())
    whole = {key.encode("utf-8", "replace").decode(): value for key, value in answered.items()}
    answers.keep("id", whole, DAY)
    assert answers.known("id", [*whole, "another"]) == whole
    answers.close()


def test_thousands_of_keys_at_once(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "a.sqlite", "somewhere")
    many = {str(number): number for number in range(3_000)}
    answers.keep("id", many, DAY)
    assert answers.known("id", list(many)) == many
    answers.close()


@pytest.mark.slow
def test_what_is_kept_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from recsys_dagster.audio.answers import Answers\n"
        "answers = Answers(Path(sys.argv[1]), 'somewhere')\n"
        "answers.keep('id', {'x': 1}, 1e6)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, path], check=False, timeout=60)
    answers = Answers(path, "somewhere")
    assert answers.known("id", ["x"]) == {"x": 1}
    answers.close()


def test_forgetting_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    answers = Answers(path, "somewhere")
    answers.keep("id", {"x": 1}, DAY)
    assert forget(path)
    assert not list(tmp_path.iterdir())
    answers.close()
    assert not forget(path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(RecsysError, match=r"a\.sqlite cannot be read .*`recsys run` deletes"):
        Answers(path, "somewhere")


def kept(path: Path) -> None:
    answers = Answers(path, "somewhere")
    answers.keep("id", {f"{n}": "x" * 400 for n in range(200)}, DAY)
    answers.close()


@pytest.mark.parametrize("damage", ["text", "truncated", "page"])
def test_a_run_deletes_answers_that_are_damaged_and_says_so(tmp_path: Path, damage: str) -> None:
    path, other = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    kept(path)
    kept(other)
    whole = path.read_bytes()
    changed = {"text": b"no database" * 99, "truncated": whole[: len(whole) // 2],
               "page": whole[:8192] + bytes(4096) + whole[12288:]}  # fmt: skip
    path.write_bytes(changed[damage])
    lost = drop_expired(tmp_path)
    assert len(lost) == 1
    assert "a.sqlite were damaged" in lost[0]
    assert not path.exists()
    assert other.exists()
    kept(path)
    assert drop_expired(tmp_path) == []


def test_an_answer_that_is_no_json_any_more_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    answers = Answers(path, "somewhere")
    answers.keep("id", {"x": {"energy": 1}, "y": None}, DAY)
    with sqlite3.connect(path) as direct:
        direct.execute("update answers set answer = '{' where key = 'x'")
    direct.close()
    assert answers.known("id", ["x", "y"]) == {"y": None}
    answers.close()


def test_what_has_expired_goes_from_every_file_and_out_of_its_bytes(
    tmp_path: Path, clock: Clock
) -> None:
    paths = [tmp_path / f"{name}.sqlite" for name in ("one", "two")]
    for path in paths:
        answers = Answers(path, path.stem, clock)
        answers.keep("id", {"x": "gone with the time"}, DAY)
        answers.keep("id", {"y": "kept for longer"}, 2 * DAY)
        answers.close()
        assert b"gone with the time" in path.read_bytes()
    clock.now += DAY
    drop_expired(tmp_path, clock)
    for path in paths:
        assert b"gone with the time" not in path.read_bytes()
        assert b"kept for longer" in path.read_bytes()
    drop_expired(tmp_path / "nowhere", clock)
