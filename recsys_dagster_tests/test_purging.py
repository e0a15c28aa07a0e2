from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster import cli
from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.audio.merging import AUDIO_SCHEMA
from recsys_dagster.purging import purge
from recsys_dagster.settings import load_settings
from recsys_dagster.status import read_status
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.stages import Stamps
from recsys_dagster.storage.tables import write_table
from recsys_dagster_tests.audio.fake_spotify import (
    CLIENT_ID,
    SECRET,
    FakeSpotify,
    Track,
    sound,
    track_id,
)
from recsys_dagster_tests.commands import recsys


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def table(origins: Sequence[str | None]) -> pl.DataFrame:
    """Songs of which only the last feature came from somewhere."""
    rows = [
        {
            "song_id": number,
            "status": "found",
            "origin": {**dict.fromkeys(FEATURES), FEATURES[-1]: origin},
        }
        for number, origin in enumerate(origins)
    ]
    return pl.DataFrame(rows, AUDIO_SCHEMA)


def write_batch(layout: Layout, number: int, origins: Sequence[str | None]) -> Path:
    path = layout.feature_batches / f"batch={number:05d}.parquet"
    write_table(table(origins), path)
    return path


def keep_answers(layout: Layout, source: str) -> Path:
    path = layout.answers / f"{source}.sqlite"
    answers = Answers(path, source)
    answers.keep("id", {"x": 1}, 1e6)
    answers.close()
    return path


def test_it_deletes_all_that_came_from_the_source_and_nothing_else(layout: Layout) -> None:
    theirs = keep_answers(layout, "spotify")
    others = keep_answers(layout, "reccobeats")
    deleted = write_batch(layout, 0, [None, "catalogue", "spotify"])
    kept = [
        write_batch(layout, 1, ["catalogue", None]),
        write_batch(layout, 2, ["reccobeats", "not-spotify"]),
        write_batch(layout, 3, []),
    ]
    write_table(table(["catalogue", "spotify"]), layout.features)
    index = layout.knn / "arrays.npz"
    raw = layout.history / "spotify" / "spotify.json"
    for file in (index, raw):
        file.parent.mkdir(parents=True)
        file.write_text("x")
    Stamps(layout).write("audio_features", "f", [layout.features], {})
    (layout.releases / "20260102-030405-0123abcd").mkdir(parents=True)

    purged = purge(layout, "spotify")
    assert (purged.answers, purged.batches, purged.table) == (True, 1, True)
    assert [path.name for path in purged.releases] == ["20260102-030405-0123abcd"]
    assert not any(path.exists() for path in (theirs, deleted, layout.features, layout.knn))
    assert all(path.exists() for path in (others, *kept, raw, *purged.releases))
    assert not list(layout.stamps.glob("*"))

    again = purge(layout, "spotify")
    assert not again.anything
    assert again.releases == ()


def test_an_index_without_anything_of_the_source_stays(layout: Layout) -> None:
    write_batch(layout, 0, ["catalogue"])
    write_table(table(["catalogue"]), layout.features)
    layout.knn.mkdir(parents=True)
    Stamps(layout).write("audio_features", "f", [layout.features], {})
    keep_answers(layout, "spotify")
    purged = purge(layout, "spotify")
    assert (purged.answers, purged.batches, purged.table) == (True, 0, False)
    assert layout.features.exists()
    assert layout.knn.exists()
    assert Stamps(layout).read("audio_features") is not None


def test_what_sqlite_keeps_beside_it_goes_too_while_somebody_has_it_open(layout: Layout) -> None:
    answers = Answers(layout.answers / "spotify.sqlite", "spotify")
    answers.keep("id", {"x": 1}, 1e6)
    assert len(list(layout.answers.iterdir())) > 1
    assert purge(layout, "spotify").answers
    assert not list(layout.answers.iterdir())
    answers.close()


def test_what_a_killed_run_left_behind_goes_too(layout: Layout) -> None:
    path = write_batch(layout, 0, ["spotify"])
    left = path.rename(path.with_name(f".tmp-0123456789ab-{path.name}"))
    purge(layout, "spotify")
    assert not left.exists()


def test_a_batch_that_cannot_be_read_is_made_again(layout: Layout) -> None:
    path = write_batch(layout, 0, ["catalogue"])
    path.write_bytes(path.read_bytes()[:-40])
    older = layout.feature_batches / "batch=00001.parquet"
    write_table(pl.DataFrame({"song_id": [1]}), older)
    assert purge(layout, "spotify").batches == 2


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["recsys", *arguments])
        try:
            cli.main()
        except SystemExit as end:
            captured = capsys.readouterr()
            return int(end.code or 0), captured.out, captured.err
    raise AssertionError("a command ends with a code")


def test_with_nothing_there_the_command_says_so(
    capsys: pytest.CaptureFixture[str], layout: Layout
) -> None:
    where = ("--data-dir", str(layout.root))
    assert run(capsys, "purge", "spotify", *where) == (0, "Nothing from Spotify is kept.\n", "")
    code, out, err = run(capsys, "purge", "spotify", "--json", *where)
    assert (code, err) == (0, "")
    assert '"answers": false' in out


def test_the_command_names_what_it_deleted_and_the_releases(
    capsys: pytest.CaptureFixture[str], layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,spotify")
    keep_answers(layout, "spotify")
    for number in range(2):
        write_batch(layout, number, ["spotify"])
    release = layout.releases / "20260102-030405-0123abcd"
    release.mkdir(parents=True)
    code, out, err = run(capsys, "purge", "spotify", "--data-dir", str(layout.root))
    assert (code, err) == (0, "")
    assert "Deleted: its answers; 2 batches of audio features." in out
    assert f"  {release}\n" in out
    assert "RECSYS_FEATURE_SOURCES names spotify: take it out" in out
    assert release.exists()


@pytest.mark.slow
def test_after_a_purge_the_next_run_does_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    history = data / "raw" / "history" / "Last.fm_data.csv"
    history.parent.mkdir(parents=True)
    listens = [
        f"u{user},Artist {song},Album,Title {song},01 Jan 2024 {user:02d}:{song:02d}"
        for user in range(12)
        for song in range(user % 3, 16, 1 + user % 2)
    ]
    history.write_text("\n".join(["Username,Artist,Album,Track,Date", *listens]) + "\n")
    tracks = [Track(song, [f"Artist {song}"], f"Title {song}", features=sound(song))
              for song in range(12)]  # fmt: skip
    with FakeSpotify(*tracks) as fake, fake.accounts:
        for name, value in {
            "RECSYS_FEATURE_SOURCES": "catalogue,spotify",
            "SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIPY_CLIENT_SECRET": SECRET,
            "SPOTIFY_API_URL": f"{fake.url}/v1", "SPOTIFY_ACCOUNTS_URL": fake.accounts.url,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        ran = recsys("run", "--json", "--data-dir", data)
        assert ran.code == 0, ran.err
        assert any("terms do not allow machine learning" in one for one in ran.json["remarks"])
        assert ran.json["songs_with_features"] == 12
        assert track_id(3) in str(fake.features_asked)
        assert SECRET not in ran.out + ran.err
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue")
    purged = purge(Layout(data), "spotify")
    assert (purged.answers, purged.batches, purged.table) == (True, 1, True)
    assert len(purged.releases) == 1
    assert read_status(load_settings(data))["songs_with_features"] == 0
    again = recsys("run", "--json", "--data-dir", data)
    assert again.code == 0, again.err
    assert again.json["songs_with_features"] == 0
    assert not list(data.rglob("spotify.sqlite*"))
