from pathlib import PurePath, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import without_emails
from recsys_dagster.listening.naming import (
    MAX_NAME,
    NOBODY,
    checked_listener,
    listener_folder,
    listener_of,
)

NAMED = {
    # folders
    "anna/StreamingHistory_music_0.json": "anna",
    "anna/bob/c.csv": "anna",
    "anna/2024/07.jsonl": "anna",
    "MyData/anna/StreamingHistory0.json": "anna",
    "downloads/exports/anna/x.json": "anna",
    "Anna Maria/x.json": "Anna Maria",
    "anna2/x.csv": "anna2",
    "anna-2/x.csv": "anna-2",
    "Blink-182/x.csv": "Blink-182",
    "mr.smith/x.csv": "mr.smith",
    " anna /x.csv": "anna",
    "anna - Copy/x.csv": "anna",
    "lastfm/anna.csv": "anna",
    "history/raw/export.csv": NOBODY,
    # files
    "anna.csv": "anna",
    "anna.CSV": "anna",
    ".csv": NOBODY,
    "anna.csv.txt": "anna",
    "anna": "anna",
    "J. R. Smith.csv": "J. R. Smith",
    "anna (1).csv": "anna",
    "anna(1).csv": "anna",
    "anna - Copy.csv": "anna",
    "anna - Copy (2).csv": "anna",
    "anna (copy).csv": "anna",
    "anna copy 2.csv": "anna",
    "anna-2.csv": "anna-2",
    "anna 2.csv": "anna 2",
    "copy.csv": "copy",
    "42nd street.csv": "42nd street",
    "1122334455.csv": "1122334455",
    # zips
    "anna.zip/MyData/StreamingHistory0.json": "anna",
    "anna.ZIP/bob/StreamingHistory0.json": "anna",
    "bob/anna.zip/MyData/StreamingHistory0.json": "bob",
    "my_spotify_data.zip/anna/StreamingHistory0.json": "anna",
    "my_spotify_data (1).zip/MyData/StreamingHistory0.json": NOBODY,
    "my_spotify_data 2/MyData/StreamingHistory0.json": NOBODY,
    "my_spotify_data.zip/Spotify Extended Streaming History/endsong_3.json": NOBODY,
    # names that services put around a name
    "listenbrainz_anna_1700000000.zip/listens/2023/1.jsonl": "anna",
    "listenbrainz_anna_b_2_1700000000.zip/listens/2023/1.jsonl": "anna_b_2",
    "listenbrainz_anna_1700000000 (1).zip/listens/2023/1.jsonl": "anna",
    "listenbrainz_anna_1700000000/listens/2023/1.jsonl": "anna",
    "listenbrainz_lastfm_1700000000.zip/listens/2023/1.jsonl": NOBODY,
    "anna_lb-2019-05-06.json": "anna",
    "recenttracks-anna-b-1700000000.csv": "anna-b",
    "lastfmstats-anna.json": "anna",
    # addresses are nobody's name
    "anna@x.org.csv": "anna",
    "anna@x.org/x.csv": "anna",
    "anna@x.org.zip/MyData/x.json": "anna",
    "export of anna@mail.x.org.csv": "export of anna",
    "export@x.org.csv": NOBODY,
    "anna@home.csv": "anna@home",
    # written out
    "listener=lastfm/x.csv": "lastfm",
    "listener=AC%2FDC/x.csv": "AC/DC",
    "listener=anna@x.org/x.csv": "anna",
    "listener=%0A/anna.csv": "listener=%0A",
    "listener=anna.csv": "listener=anna",
    "MyData/listener=lastfm/x.csv": "listener=lastfm",
}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "listener"), NAMED.items())
def test_the_first_name_that_is_somebodys(path: str, listener: str) -> None:
    assert listener_of(PurePosixPath(path)) == listener


@pytest.mark.parametrize(
    "name",
    [
        "MyData", "mydata", "My Data", "my_spotify_data", "MY SPOTIFY DATA", "Spotify Account Data",
        "Spotify Extended Streaming History", "spotify_extended_streaming_history", "listens",
        "1", "7", "07", "12", "1999", "2024", "2024-07", "2024_07", "20240701", "2019-2021",
        "StreamingHistory0", "StreamingHistory_music_0", "StreamingHistory_podcast_1",
        "Streaming_History_Audio_2023_1", "Streaming_History_Audio_2019-2021_3",
        "Streaming_History_Video_2018-2024", "endsong_0", "endsong_12", "ListenBrainz", "lastfm",
        "Last.fm", "Last.fm_data", "export", "Exports", "history", "scrobbles", "download",
        "Downloads", "Downloads (3)", "raw", "data", "(1)",
    ],
)  # fmt: skip
def test_names_that_services_give_are_nobodys(name: str) -> None:
    assert listener_of(PurePosixPath(name, "1.json")) == NOBODY
    assert listener_of(PurePosixPath(f"{name}.json")) == NOBODY
    assert listener_of(PurePosixPath(f"{name}.zip", name, "1.json")) == NOBODY
    assert listener_of(PurePosixPath(name, name, "anna.json")) == "anna"


@pytest.mark.parametrize("name", ["13", "3000", "endsongs", "rawhide", "exporter", "2024 anna"])
def test_names_that_are_nearly_given_by_services_are_somebodys(name: str) -> None:
    assert listener_of(PurePosixPath(name, "1.json")) == name


def test_the_same_letters_are_the_same_listener() -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert listener_of(PurePosixPath(composed, "1.json")) == composed
    assert listener_of(PurePosixPath(decomposed, "1.json")) == composed
    assert checked_listener(decomposed) == composed


def test_a_name_of_any_length_is_cut() -> None:
    assert listener_of(PurePosixPath("a" * 5_000, "1.json")) == "a" * MAX_NAME


def test_broken_characters_are_left_out() -> None:
    assert listener_of(PurePosixPath("an\x1bna\udc80\n b", "1.json")) == "anna b"


FOLDERS = {
    "anna": "anna", "Zoë": "Zoë", "J. R. Smith": "J. R. Smith", "file": "file", "me": "me",
    "AC/DC": "listener=AC%2FDC", "..": "listener=%2E%2E", ".hidden": "listener=%2Ehidden",
    "J.": "listener=J%2E", "a\\b": "listener=a%5Cb", "C:": "listener=C%3A",
    "100%": "listener=100%25", "lastfm": "listener=lastfm", "2024": "listener=2024",
    "a (1)": "listener=a (1)", "a.zip": "listener=a.zip", "listener=x": "listener=listener=x",
    "listenbrainz_anna_1700000000": "listener=listenbrainz_anna_1700000000",
}  # fmt: skip


@pytest.mark.parametrize(("name", "folder"), FOLDERS.items())
def test_a_listener_has_a_folder(name: str, folder: str) -> None:
    assert listener_folder(name) == folder
    assert listener_of(PurePath(folder, "MyData", "StreamingHistory0.json")) == name


NAMES = st.text(max_size=MAX_NAME) | st.text("./\\%=:@ (1)listenerdata_", max_size=MAX_NAME)


@given(NAMES, st.sampled_from(["x.csv", "anna/x.json", "2024/1.jsonl"]))
@example("listener=", "x.csv")
@example("a@b.c@d.e", "x.csv")
@example("🎵" * MAX_NAME, "x.csv")
@example("/" * MAX_NAME, "x.csv")
def test_a_name_that_was_given_comes_back_from_its_folder(given_name: str, below: str) -> None:
    try:
        name = checked_listener(given_name)
    except RecsysError:
        return
    folder = listener_folder(name)
    assert PurePath(folder, below).parts[0] == folder
    assert folder not in {"", ".", ".."}
    assert not set(folder) & set('/\\:*?"<>|\0')
    assert not folder.startswith(".")
    assert len(folder.encode()) <= 255
    assert listener_of(PurePath(folder, below)) == name


PARTS = st.text(max_size=80).map(lambda part: part.replace("/", "_").replace("\0", "_"))


@given(st.lists(PARTS.filter(lambda part: part not in {"", "."}), min_size=1, max_size=4))
def test_a_name_that_was_found_comes_back_from_its_folder(parts: list[str]) -> None:
    name = listener_of(PurePosixPath(*parts))
    assert name == name.strip() != ""
    assert without_emails(name) == name
    assert listener_of(PurePosixPath(listener_folder(name), *parts)) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "empty"), (" \n", "empty"), ("a" * 61, "61 characters; at most 60"),
        ("anna@x.org", "e-mail address"), ("an\x1bna", "control characters"),
        ("an\udc80na", "control characters"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_can_have_is_refused(name: str, message: str) -> None:
    with pytest.raises(RecsysError, match=message) as refused:
        checked_listener(name)
    assert "x.org" not in str(refused.value)


def test_a_name_is_trimmed() -> None:
    assert checked_listener("  Anna \t Maria ") == "Anna Maria"
