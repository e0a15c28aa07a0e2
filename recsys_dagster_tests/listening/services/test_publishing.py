"""Year files: whole or not at all, and the same however often the same listens come."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Listen
from recsys_dagster.listening.services.publishing import YearFiles
from recsys_dagster_tests.tiers import examples

Y2020, Y2021 = 1_577_836_800, 1_609_459_200
ID = "7H7RaiZoTNPwjNLygV4fXQ"
ONE = Listen("rj", "Björk", "Jóga", None, Y2021, None, "listenbrainz")

listens = st.lists(
    st.builds(
        Listen,
        user=st.just("rj"),
        artist=st.sampled_from("AB"),
        title=st.just("T"),
        album=st.sampled_from([None, "C"]),
        listened_at=st.sampled_from([None, Y2020 - 1, Y2020, Y2021]),
        spotify_id=st.sampled_from([None, ID]),
        source=st.just("lastfm"),
    ),
    max_size=12,
)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*")}


def test_a_file_a_year_in_utc(tmp_path: Path) -> None:
    times = [Y2021, Y2021 - 1, Y2020, None, Y2020 - 1]
    files = YearFiles(tmp_path)
    changed = files.merge(replace(ONE, listened_at=at) for at in times)
    names = ["no-time.jsonl", "2019.jsonl", "2020.jsonl", "2021.jsonl"]
    assert [file.name for file in changed] == names
    assert files.count() == 5
    lines = (tmp_path / "2020.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["listened_at"] for line in lines] == [Y2020, Y2021 - 1]
    assert list(json.loads(lines[0])) == [
        "user", "artist", "title", "album", "listened_at", "spotify_id", "source"
    ]  # fmt: skip
    assert "Björk" in lines[0]


def test_only_files_that_change_are_written(tmp_path: Path) -> None:
    files = YearFiles(tmp_path)
    old = replace(ONE, listened_at=Y2020)
    files.merge([ONE, old])
    before = (tmp_path / "2020.jsonl").stat()
    assert files.merge([ONE, old]) == []
    assert files.merge([replace(ONE, title="New"), old]) == [tmp_path / "2021.jsonl"]
    after = (tmp_path / "2020.jsonl").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_listen_that_is_known_better_by_now_is_not_two(tmp_path: Path) -> None:
    files = YearFiles(tmp_path)
    files.merge([ONE])
    better = replace(ONE, spotify_id=ID, album="Homogenic")
    files.merge([better])
    assert files.count() == 1
    assert ID in (tmp_path / "2021.jsonl").read_text(encoding="utf-8")


@settings(max_examples=examples(60))
@given(listens, listens)
def test_merging_is_a_multiset_union(known: list[Listen], fetched: list[Listen]) -> None:
    def tally(rows: list[Listen]) -> Counter[tuple[int | None, str]]:
        return Counter((one.listened_at, one.artist) for one in rows)

    with TemporaryDirectory() as name:
        folder = Path(name)
        files = YearFiles(folder)
        files.merge(known)
        files.merge(fetched)
        once = contents(folder)
        rows = [Listen(**json.loads(line)) for text in once.values() for line in text.splitlines()]
        assert tally(rows) == tally(known) | tally(fetched)
        assert not Counter(fetched) - Counter(rows)
        assert files.merge(fetched) == []
        assert contents(folder) == once


def test_the_newest_lies_not_in_the_future(tmp_path: Path) -> None:
    files = YearFiles(tmp_path)
    assert files.newest(Y2021) is None
    files.merge([ONE, replace(ONE, listened_at=Y2020), replace(ONE, listened_at=None)])
    assert files.newest(Y2021) == Y2021
    assert files.newest(Y2021 - 1) == Y2020
    assert files.newest(Y2020 - 1) is None


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"user": "rj"}', "null"])
def test_a_file_that_somebody_changed_is_named(tmp_path: Path, line: str) -> None:
    files = YearFiles(tmp_path)
    files.merge([ONE])
    with (tmp_path / "2021.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(RecsysError, match=r"2021\.jsonl, line 2.*--full"):
        files.newest(Y2021)
