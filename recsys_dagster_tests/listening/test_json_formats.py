import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.json_items import CUT, DAMAGED, NO_OBJECT
from recsys_dagster.files.sample import take_sample
from recsys_dagster.listening.formats import json_rows
from recsys_dagster.listening.formats.base import HistoryFormat
from recsys_dagster.listening.formats.fetched import Fetched
from recsys_dagster.listening.formats.json_rows import NO_TIME, UNKNOWN_ARTIST
from recsys_dagster.listening.formats.listenbrainz import ListenBrainz
from recsys_dagster.listening.formats.spotify_basic import SpotifyBasic
from recsys_dagster.listening.formats.spotify_extended import SpotifyExtended
from recsys_dagster.listening.formats.verdict import NOT_TEXT, UNSET_CLOCK
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, NOTE, READ_SCHEMA
from recsys_dagster_tests.real_data import real_data
from recsys_dagster_tests.tiers import examples

ID = "74cksX4vgcm0cHKaV7XE2L"
START = datetime(2020, 4, 11, 0, 24, 59, 326_000, tzinfo=UTC)
EXTENDED: dict[str, Any] = {
    "ts": "2020-04-11T00:27:54Z", "platform": "ios", "ms_played": 174_674, "conn_country": "SG",
    "ip_addr": "203.0.113.7", "master_metadata_track_name": "One",
    "master_metadata_album_artist_name": "Abba", "master_metadata_album_album_name": "Al",
    "spotify_track_uri": f"spotify:track:{ID}", "episode_name": None, "episode_show_name": None,
    "spotify_episode_uri": None, "audiobook_title": None, "audiobook_uri": None,
    "audiobook_chapter_uri": None, "audiobook_chapter_title": None, "reason_start": "trackdone",
    "reason_end": "trackdone", "shuffle": False, "skipped": False, "offline": False,
    "offline_timestamp": None, "incognito_mode": False,
}  # fmt: skip
NO_TRACK = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "spotify_track_uri": None,
}
BASIC: dict[str, Any] = {
    "endTime": "2024-01-05 14:23", "artistName": "Abba", "trackName": "One", "msPlayed": 184_000,
}  # fmt: skip
PODCAST: dict[str, Any] = {
    "endTime": "2024-01-05 14:23", "podcastName": "Talk", "episodeName": "7", "msPlayed": 999_000,
}  # fmt: skip
MAPPING: dict[str, Any] = {
    "recording_mbid": "30d08f4c", "artists": [{"artist_mbid": "x", "join_phrase": ""}],
    "url_rels": [
        {"type": "free streaming", "url": "https://www.deezer.com/track/1"},
        {"type": "free streaming", "url": f"https://open.spotify.com/track/{ID}"},
    ],
}  # fmt: skip
LB: dict[str, Any] = {
    "listened_at": 1_771_414_109, "inserted_at": 1_771_414_107.5, "user_name": "rob",
    "track_metadata": {
        "artist_name": "Abba", "track_name": "One", "release_name": "Al",
        "additional_info": {"duration_ms": 402_390, "music_service": "spotify.com"},
        "mbid_mapping": None,
    },
}  # fmt: skip
FETCHED: dict[str, Any] = {
    "user": "rob", "artist": "Abba", "title": "One", "album": None, "listened_at": 1_771_414_109,
    "spotify_id": ID, "source": "lastfm",
}  # fmt: skip
FORMATS: tuple[tuple[HistoryFormat, dict[str, Any]], ...] = (
    (SpotifyExtended(), EXTENDED),
    (SpotifyBasic(), BASIC),
    (ListenBrainz(), LB),
    (Fetched(), FETCHED),
)
EACH = pytest.mark.parametrize(("form", "item"), FORMATS, ids=[form.name for form, _ in FORMATS])
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 10**400, -(10**400), 1.5, float("nan"), float("inf"), -1e308, "",
    " ", "garbage", "7", "1e999", "\ud800", "a\0b", [], [1], {}, {"url": [1]}, [{"url": 7}, None],
)  # fmt: skip


def read(form: HistoryFormat, content: str | bytes, listener: str = "me") -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sample = take_sample(path)
        assert form.recognises(sample)
        table = form.scan(sample, listener, Path(folder)).collect(engine="streaming")
    expected = {NOTE: pl.String(), EXAMPLE: pl.String(), LEFT_OUT: pl.String(), "line": pl.Int64()}
    assert dict(table.schema) == {**READ_SCHEMA, **expected}
    return table


def read_one(form: HistoryFormat, item: dict[str, Any]) -> dict[str, Any]:
    table = read(form, json.dumps([item]))
    assert table.height == 1
    return table.row(0, named=True)


def recognised(content: str, folder: Path) -> list[str]:
    (folder / "x.json").write_text(content)
    sample = take_sample(folder / "x.json")
    return [form.name for form, _ in FORMATS if form.recognises(sample)]


def test_the_extended_history() -> None:
    assert read_one(SpotifyExtended(), EXTENDED) == {
        "user": "me", "artist": "Abba", "title": "One", "album": "Al", "listened_at": START,
        "ms_played": 174_674, "source": "spotify_extended", "spotify_id": ID, "line": 1,
        "left_out": None, "note": None, "example": None,
    }  # fmt: skip


def test_the_basic_history() -> None:
    assert read_one(SpotifyBasic(), BASIC) == {
        "user": "me", "artist": "Abba", "title": "One", "album": None,
        "listened_at": datetime(2024, 1, 5, 14, 19, 56, tzinfo=UTC), "ms_played": 184_000,
        "source": "spotify_basic", "spotify_id": None, "line": 1,
        "left_out": None, "note": None, "example": None,
    }  # fmt: skip


def test_the_listenbrainz_export() -> None:
    assert read_one(ListenBrainz(), LB) == {
        "user": "rob", "artist": "Abba", "title": "One", "album": "Al",
        "listened_at": datetime(2026, 2, 18, 11, 28, 29, tzinfo=UTC), "ms_played": None,
        "source": "listenbrainz", "spotify_id": None, "line": 1,
        "left_out": None, "note": None, "example": None,
    }  # fmt: skip


def test_a_fetched_history() -> None:
    assert read_one(Fetched(), FETCHED) == {
        "user": "rob", "artist": "Abba", "title": "One", "album": None,
        "listened_at": datetime(2026, 2, 18, 11, 28, 29, tzinfo=UTC), "ms_played": None,
        "source": "lastfm", "spotify_id": ID, "line": 1,
        "left_out": None, "note": None, "example": None,
    }  # fmt: skip


def test_fetched_rows_keep_their_own_source() -> None:
    sources = ["listenbrainz", "lastfm", "elsewhere", None, 7, ["lastfm"]]
    lines = "\n".join(json.dumps({**FETCHED, "source": source}) for source in sources)
    table = read(Fetched(), lines + "\nnot a listen\n")
    expected = ["listenbrainz", "lastfm", *["fetched"] * 5]
    assert table["source"].to_list() == expected
    assert table["line"].to_list() == list(range(1, 8))


@EACH
def test_only_its_own_format_knows_a_file(
    form: HistoryFormat, item: dict[str, Any], tmp_path: Path
) -> None:
    for content in (json.dumps([item]), json.dumps([item] * 3, indent=2), json.dumps(item)):
        assert recognised(content, tmp_path) == [form.name]
    assert recognised("[" + json.dumps({**item, "extra": "x" * 70_000}), tmp_path) == [form.name]
    assert recognised("[" + json.dumps(item)[:-1], tmp_path) == [form.name]
    assert recognised('[{"da" maged}, 7, ' + json.dumps(item) + "]", tmp_path) == [form.name]


@pytest.mark.parametrize(
    "other",
    [
        "[]",
        "[1, 2, 3]",
        "{}",
        "{",
        "Artist,Track\nAbba,One\n",
        '{"playlists": [{"name": "P", "items": [{"track": {"trackName": "One"}}]}]}',
        '{"tracks": [{"artist": "Abba", "album": "Al", "track": "One", "uri": "spotify:track:x"}]}',
        '{"username": "me", "email": "me@example.org"}',
        '{"recording_mbid": null, "score": 1, "created": 1, "track_metadata": null}\n',
        json.dumps([{key: value} for _, item in FORMATS for key, value in item.items()]),
        json.dumps([[key for _, item in FORMATS for key in item]]),
        json.dumps({"text": json.dumps(EXTENDED), "more": json.dumps(LB)}),
        json.dumps({"payload": {"listens": [LB] * 400}}),
        json.dumps({"payload": {"listens": [LB] * 2}}, indent=2),
    ],
)
def test_other_files_are_not_recognised(other: str, tmp_path: Path) -> None:
    assert recognised(other, tmp_path) == []


def test_who_says_whose_the_listens_are(tmp_path: Path) -> None:
    def names(form: HistoryFormat, *items: dict[str, Any]) -> bool:
        (tmp_path / "x").write_text("\n".join(json.dumps(item) for item in items))
        return form.names_listeners(take_sample(tmp_path / "x"))

    assert names(Fetched(), FETCHED)
    assert not names(SpotifyExtended(), {**EXTENDED, "username": "x"})
    assert not names(SpotifyBasic(), BASIC)
    assert names(ListenBrainz(), LB)
    nobody: list[Any] = [None, "", [1], {}]
    assert not any(names(ListenBrainz(), {**LB, "user_name": name}, LB) for name in nobody)


def test_rows_without_a_user_are_the_listeners_own() -> None:
    users: list[Any] = ["rob", None, "", 0, ["x"]]
    lines = "\n".join(json.dumps({**LB, "user_name": user}) for user in users)
    assert read(ListenBrainz(), lines)["user"].to_list() == ["rob", "me", "me", "0", "me"]
    nobody = read(Fetched(), json.dumps({**FETCHED, "user": None}))
    assert nobody[LEFT_OUT].to_list() == ["no listener"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"incognito_mode": True}, "a private session"),
        ({"incognito_mode": "true"}, "a private session"),
        ({"incognito_mode": None}, None),
        ({**NO_TRACK, "episode_name": "E"}, "a podcast"),
        ({**NO_TRACK, "episode_show_name": "S"}, "a podcast"),
        ({**NO_TRACK, "spotify_episode_uri": "spotify:episode:x"}, "a podcast"),
        ({"episode_name": "E"}, None),
        ({**NO_TRACK, "audiobook_title": "B"}, "an audiobook"),
        ({**NO_TRACK, "audiobook_uri": "B"}, "an audiobook"),
        ({**NO_TRACK, "audiobook_chapter_uri": "B"}, "an audiobook"),
        ({**NO_TRACK, "audiobook_chapter_title": "B"}, "an audiobook"),
        (NO_TRACK, "no artist"),
        ({"master_metadata_track_name": None}, "no title"),
        ({"master_metadata_track_name": " "}, "no title"),
        ({"master_metadata_album_artist_name": "Unknown Artist"}, UNKNOWN_ARTIST),
        ({"master_metadata_album_artist_name": "\ud800"}, NOT_TEXT),
        ({"master_metadata_track_name": "a\0b"}, NOT_TEXT),
        ({"master_metadata_track_name": 1989}, None),
        ({"master_metadata_track_name": ["One"]}, "no title"),
        ({"master_metadata_track_name": True}, "no title"),
        ({"ms_played": 29_999}, None),
        ({"ms_played": 29_999, "skipped": True}, "under 30 s and skipped"),
        ({"ms_played": 30_000, "skipped": True, "reason_end": "fwdbtn"}, None),
        ({"ms_played": 0, "skipped": None, "reason_end": None}, "under 30 s and skipped"),
        ({"ms_played": "0", "reason_end": "fwdbtn"}, "under 30 s and skipped"),
        ({"ms_played": 7, "reason_end": "unexpected-exit-while-paused"}, "under 30 s and skipped"),
        ({"ms_played": 7, "reason_end": ["x"]}, "under 30 s and skipped"),
        ({"ms_played": 7, "reason_end": "something new"}, None),
        ({"ms_played": None, "skipped": True}, None),
    ],
)
def test_which_extended_plays_are_left_out(change: dict[str, Any], reason: str | None) -> None:
    assert read_one(SpotifyExtended(), {**EXTENDED, **change})["left_out"] == reason


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({**BASIC, "msPlayed": 29_999}, "under 30 s, so most likely skipped"),
        ({**BASIC, "msPlayed": "0"}, "under 30 s, so most likely skipped"),
        ({**BASIC, "msPlayed": 30_000}, None),
        ({**BASIC, "msPlayed": None}, None),
        ({**BASIC, "artistName": "Unknown Artist"}, UNKNOWN_ARTIST),
        ({**BASIC, "trackName": ""}, "no title"),
        ({**BASIC, "episodeName": "7"}, None),
        (PODCAST, "a podcast"),
        ({**PODCAST, "podcastName": ""}, "a podcast"),
        ({**PODCAST, "episodeName": None}, "a podcast"),
    ],
)
def test_which_basic_plays_are_left_out(item: dict[str, Any], reason: str | None) -> None:
    table = read(SpotifyBasic(), json.dumps([item, BASIC]))
    assert table[LEFT_OUT].to_list() == [reason, None]


def test_a_podcast_file_is_left_out_whole() -> None:
    table = read(SpotifyBasic(), json.dumps([PODCAST, {**PODCAST, "msPlayed": 1}]))
    assert table[LEFT_OUT].to_list() == ["a podcast"] * 2


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (f"spotify:track:{ID}", ID),
        ("spotify:local:Abba:Al:One:174", None),
        ("spotify:track:short", None),
        (f"spotify:track:{ID}x", None),
        (f"spotify:episode:{ID}", None),
        (None, None),
        (7, None),
    ],
)
def test_ids_of_the_extended_history(uri: Any, expected: str | None) -> None:
    assert (
        read_one(SpotifyExtended(), {**EXTENDED, "spotify_track_uri": uri})["spotify_id"]
        == expected
    )


OTHER = "7H7RaiZoTNPwjNLygV4fXQ"


@pytest.mark.parametrize(
    ("added", "mapping", "expected"),
    [
        ({"spotify_id": f"https://open.spotify.com/track/{ID}"}, None, ID),
        ({"spotify_id": f"http://open.spotify.com/intl-de/track/{ID}?si=7"}, None, ID),
        ({"spotify_id": f"spotify:track:{ID}"}, None, ID),
        ({"spotify_id": ID, "origin_url": f"https://open.spotify.com/track/{OTHER}"}, MAPPING, ID),
        ({"spotify_id": "?", "origin_url": f"https://open.spotify.com/track/{ID}"}, None, ID),
        ({"origin_url": f"https://open.spotify.com/album/{ID}"}, None, None),
        ({"origin_url": f"https://example.org/track/{ID}"}, MAPPING, ID),
        (None, MAPPING, ID),
        ([], {**MAPPING, "url_rels": None}, None),
        ("x", {**MAPPING, "url_rels": [None, 7, {"url": 7}, {}]}, None),
    ],
)
def test_ids_of_listenbrainz(added: Any, mapping: Any, expected: str | None) -> None:
    track = {**LB["track_metadata"], "additional_info": added, "mbid_mapping": mapping}
    assert read_one(ListenBrainz(), {**LB, "track_metadata": track})["spotify_id"] == expected


@pytest.mark.parametrize(
    ("ts", "shift"),
    [
        ("2020-04-11T00:27:54Z", 0),
        (" 2020-04-11T00:27:54.250Z", 250),
        ("2020-04-11 00:27:54", 0),
        ("2020-04-11T02:27:54+02:00", 0),
    ],
)
def test_ends_of_plays_that_are_understood(ts: str, shift: int) -> None:
    row = read_one(SpotifyExtended(), {**EXTENDED, "ts": ts})
    assert (row["listened_at"], row["note"]) == (START + timedelta(milliseconds=shift), None)


@pytest.mark.parametrize("ms", [-1, 86_400_001, 10**400, "x", None, True, [1], float("inf")])
def test_milliseconds_that_are_not_plausible_shift_no_time(ms: Any) -> None:
    row = read_one(SpotifyExtended(), {**EXTENDED, "ms_played": ms})
    assert row["listened_at"] == datetime(2020, 4, 11, 0, 27, 54, tzinfo=UTC)
    assert (row["ms_played"], row["left_out"]) == (None, None)
    assert read_one(SpotifyBasic(), {**BASIC, "msPlayed": ms})["listened_at"].minute == 23


@pytest.mark.parametrize("ms", ["174674", 174_674.0, " 174674 ", "174674.9"])
def test_milliseconds_may_be_written_as_text(ms: Any) -> None:
    row = read_one(SpotifyExtended(), {**EXTENDED, "ms_played": ms})
    assert (row["ms_played"], row["listened_at"]) == (174_674, START)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "example"),
    [
        ("yesterday", "yesterday"),
        ("x" * 99, "x" * 40),
        ("2020-13-41T00:27:54Z", "2020-13-41T00:27:54Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("2020-04-11", "2020-04-11"),
        ("\ud800", "\ufffd"),
        (1_586_564_874, "1586564874"),
        (True, "True"),
        ([1], None),
        ({"ip_addr": "203.0.113.7"}, None),
    ],
)
@pytest.mark.parametrize(("form", "item"), FORMATS[:2])
def test_ends_of_plays_that_are_not_understood(
    form: HistoryFormat, item: dict[str, Any], value: Any, example: str | None
) -> None:
    row = read_one(form, {**item, next(key for key in item if key in ("ts", "endTime")): value})
    assert (row["left_out"], row["listened_at"], row["example"]) == (None, None, example)
    assert row["note"].startswith("a time that is not understood, expected 20")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_771_414_109.25, datetime(2026, 2, 18, 11, 28, 29, 250_000, tzinfo=UTC)),
        (1_771_414_109_250, datetime(2026, 2, 18, 11, 28, 29, 250_000, tzinfo=UTC)),
        ("1771414109", datetime(2026, 2, 18, 11, 28, 29, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(("form", "item"), FORMATS[2:])
def test_starts_that_are_understood(
    form: HistoryFormat, item: dict[str, Any], value: Any, expected: datetime
) -> None:
    row = read_one(form, {**item, "listened_at": value})
    assert (row["listened_at"], row["note"]) == (expected, None)


@pytest.mark.parametrize(
    ("value", "example"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**30, "1" + "0" * 30),
        (10**400, "1" + "0" * 39),
        (-(10**9), "-1000000000"),
        ("noon", "noon"),
        ([1], None),
    ],
)
@pytest.mark.parametrize(("form", "item"), FORMATS[2:])
def test_starts_that_are_not_understood(
    form: HistoryFormat, item: dict[str, Any], value: Any, example: str | None
) -> None:
    row = read_one(form, {**item, "listened_at": value})
    assert (row["left_out"], row["listened_at"], row["example"]) == (None, None, example)
    assert row["note"] == "a time that is not understood, expected seconds since 1970"


@EACH
def test_a_listen_may_have_no_time(form: HistoryFormat, item: dict[str, Any]) -> None:
    key = next(key for key in item if key in ("ts", "endTime", "listened_at"))
    for value in (None, ""):
        row = read_one(form, {**item, key: value})
        assert (row["listened_at"], row["note"], row["left_out"]) == (None, NO_TIME, None)
    unset = 0 if key == "listened_at" else "1970-01-01 00:00"
    row = read_one(form, {**item, key: unset})
    assert (row["listened_at"], row["note"], row["left_out"]) == (None, UNSET_CLOCK, None)


@EACH
def test_any_value_in_any_field_is_a_row(form: HistoryFormat, item: dict[str, Any]) -> None:
    changed = [{**item, key: value} for key in item for value in JUNK]
    if form.name == "ListenBrainz export":
        track = item["track_metadata"]
        changed += [
            {**item, "track_metadata": {**track, key: value}} for key in track for value in JUNK
        ]
    table = read(form, json.dumps([item, *changed]))
    assert table.height == 1 + len(changed)
    assert table.slice(1).filter(pl.col(LEFT_OUT).is_null()).height > len(changed) / 2


def test_every_item_is_a_row_and_a_bad_one_says_why() -> None:
    sound = json.dumps(BASIC, indent=1)
    text = f'[\n{sound},\n7,\n{{"endTime" 1}},\n{sound},\n{{"x": 1}},\n{{"endTime": "2024'
    table = read(SpotifyBasic(), text)
    assert table.select("line", LEFT_OUT).rows() == [
        (2, None), (8, NO_OBJECT), (9, DAMAGED), (10, None), (16, "no artist"), (17, CUT),
    ]  # fmt: skip


@EACH
def test_parts_are_one_table_in_the_order_of_the_file(
    form: HistoryFormat, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "\n".join(json.dumps(item) for _ in range(10))
    whole = read(form, content)
    monkeypatch.setattr(json_rows, "_ROWS_OF_A_PART", 3)
    assert read(form, content).equals(whole)
    assert whole["line"].to_list() == list(range(1, 11))


@EACH
def test_a_file_that_lost_its_items_is_an_empty_table(
    form: HistoryFormat, item: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([item]))
    sample = take_sample(path)
    path.write_text("[]")
    assert form.scan(sample, "me", tmp_path).collect().height == 0


SECRETS = ("203.0.113.77", "me@example.org", "SecretAgent/1.0")


@EACH
def test_nothing_else_of_the_listener_comes_into_a_table(
    form: HistoryFormat, item: dict[str, Any], tmp_path: Path
) -> None:
    secret = " ".join(SECRETS)
    private = (
        "username", "ip_addr", "ip_addr_decrypted", "user_agent_decrypted", "city", "region",
        "platform", "conn_country", "reason_start", "reason_end", "offline_timestamp", "email",
    )  # fmt: skip
    leaky = {**item, **dict.fromkeys(private, secret)}
    leaky |= {secret: secret, "extra": {"ip": [secret]}}
    if isinstance(item.get("track_metadata"), dict):
        leaky["track_metadata"] = {**item["track_metadata"], "additional_info": {"ip": secret}}
    odd = {key: {"ip": secret} for key in item}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([leaky, odd, secret, leaky, item])[:-20])
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    table = form.scan(take_sample(path), "me", workspace).collect()
    written = [file for file in workspace.rglob("*") if file.is_file()]
    texts = [table.write_json(), *(pl.read_parquet(file).write_json() for file in written)]
    assert table[LEFT_OUT].null_count() == 2
    assert table.height == 5
    assert len(written) == 1
    assert not [word for word in SECRETS for text in texts if word in text]
    assert not [word for word in SECRETS for file in written if word.encode() in file.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_real_account_data_adds_up(number: int, tmp_path: Path) -> None:
    path = real_data("spotify_export", f"StreamingHistory_music_{number}.json")
    items = json.loads(path.read_bytes())
    sample = take_sample(path)
    assert [form.name for form, _ in FORMATS if form.recognises(sample)] == ["Spotify account data"]
    table = SpotifyBasic().scan(sample, "me", tmp_path).collect()
    kept = table.filter(pl.col(LEFT_OUT).is_null())
    long = [item for item in items if item["msPlayed"] >= 30_000]
    assert table.height == len(items)
    assert kept["title"].to_list() == [
        item["trackName"] for item in long if item["artistName"] != "Unknown Artist"
    ]
    assert kept["listened_at"].null_count() == 0
    assert table["line"].to_list() == list(range(2, 6 * len(items), 6))


def test_the_real_extended_history(tmp_path: Path) -> None:
    path = real_data("spotify_export", "Streaming_History_Audio_2023_1.json")
    items = json.loads(path.read_bytes())
    sample = take_sample(path)
    assert SpotifyExtended().recognises(sample)
    table = SpotifyExtended().scan(sample, "me", tmp_path).collect()
    assert table[LEFT_OUT].to_list() == [None] * len(items)
    assert table["spotify_id"].to_list() == [item["spotify_track_uri"][14:] for item in items]
    ends = table["listened_at"] + pl.Series(table["ms_played"]).cast(pl.Duration("ms"))
    assert ends.dt.strftime("%FT%TZ").to_list() == [item["ts"] for item in items]


Listen = tuple[str, str, str | None, int, int, str | None]
NAME = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufffd"), min_size=1
)
LISTENS = st.lists(
    st.tuples(
        NAME.filter(lambda name: name.lower() != "unknown artist"),
        NAME,
        st.none() | NAME,
        st.integers(60_000_000, 4_100_000_000),
        st.integers(30_000, 86_400_000),
        st.none() | st.from_regex(r"\A[0-9A-Za-z]{22}\Z"),
    ),
    min_size=1,
    max_size=8,
)


def as_extended(listen: Listen) -> dict[str, Any]:
    artist, title, album, end, ms, track = listen
    return {
        **EXTENDED,
        "ts": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ms_played": ms,
        "master_metadata_track_name": title,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": album,
        "spotify_track_uri": track and f"spotify:track:{track}",
    }


def as_basic(listen: Listen) -> dict[str, Any]:
    artist, title, _, end, ms, _ = listen
    time = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M")
    return {"endTime": time, "artistName": artist, "trackName": title, "msPlayed": ms}


def as_listenbrainz(listen: Listen) -> dict[str, Any]:
    artist, title, album, start, _, track = listen
    names = {"artist_name": artist, "track_name": title, "release_name": album}
    added = {"additional_info": {"spotify_id": track}, "mbid_mapping": MAPPING if track else None}
    return {"listened_at": start, "track_metadata": {**names, **added}, "user_name": "rob"}


def as_fetched(listen: Listen) -> dict[str, Any]:
    artist, title, album, start, _, track = listen
    names = {"user": "rob", "artist": artist, "title": title, "album": album}
    return {**names, "listened_at": start, "spotify_id": track, "source": "lastfm"}


def tells(form: HistoryFormat, listen: Listen) -> tuple[Any, ...]:
    """What of a listen a format holds."""
    artist, title, album, second, ms, track = listen
    if isinstance(form, SpotifyBasic):
        second, album, track = second // 60 * 60, None, None
    start, played = second * 1_000, None
    if isinstance(form, SpotifyBasic | SpotifyExtended):
        start, played = start - ms, ms
    return artist, title, album, start, played, track


def told(table: pl.DataFrame) -> list[tuple[Any, ...]]:
    kept = table.filter(pl.col(LEFT_OUT).is_null())
    time = pl.col("listened_at").dt.epoch("ms")
    return kept.select("artist", "title", "album", time, "ms_played", "spotify_id").rows()


LAYOUTS: tuple[Callable[[Sequence[Any]], str], ...] = (
    json.dumps,
    lambda items: json.dumps(items, indent=2, ensure_ascii=False),
    lambda items: "\ufeff" + json.dumps(items, indent=1).replace("\n", "\r\n"),
    lambda items: "\n".join(json.dumps(item, ensure_ascii=False) for item in items),
)
WRITERS: tuple[tuple[HistoryFormat, Callable[[Listen], dict[str, Any]]], ...] = (
    (SpotifyExtended(), as_extended),
    (SpotifyBasic(), as_basic),
    (ListenBrainz(), as_listenbrainz),
    (Fetched(), as_fetched),
)


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(LISTENS, st.sampled_from(WRITERS), st.sampled_from(LAYOUTS))
def test_listens_that_are_written_are_read_back(
    listens: list[Listen],
    writer: tuple[HistoryFormat, Callable[[Listen], dict[str, Any]]],
    layout: Callable[[Sequence[Any]], str],
) -> None:
    form, write = writer
    table = read(form, layout([write(listen) for listen in listens]))
    assert told(table) == [tells(form, listen) for listen in listens]
    assert table[NOTE].null_count() == table.height


FIVE: list[Listen] = [
    (f"artist {number}", f"title {number}", f"album {number}", 1_600_000_000 + number, 31_000, ID)
    for number in range(5)
]


def edited(content: bytes, rng: random.Random) -> tuple[bytes, int]:
    """Change, take out or put in a byte; also where."""
    at, byte = rng.randrange(len(content)), rng.randrange(256)
    new = rng.choice([b"", bytes([byte]), bytes([byte]) + content[at : at + 1]])
    return content[:at] + new + content[at + 1 :], at


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.sampled_from(WRITERS), st.sampled_from(LAYOUTS), st.integers(0, 1 << 32))
def test_a_changed_byte_loses_only_what_is_beside_it(
    writer: tuple[HistoryFormat, Callable[[Listen], dict[str, Any]]],
    layout: Callable[[Sequence[Any]], str],
    seed: int,
) -> None:
    form, write = writer
    content = layout([write(listen) for listen in FIVE]).encode()
    broken, at = edited(content, random.Random(seed))
    try:
        found = told(read(form, broken))
    except RecsysError:  # no text file, for its first look
        return
    hit = content.count(b"title ", 0, at)
    far = [tells(form, listen) for place, listen in enumerate(FIVE) if abs(place - hit) > 1]
    assert [row for row in found if row in far] == far


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(st.sampled_from(WRITERS), st.sampled_from(LAYOUTS), st.integers(0, 1 << 32))
def test_a_file_in_shreds_is_read_or_refused(
    writer: tuple[HistoryFormat, Callable[[Listen], dict[str, Any]]],
    layout: Callable[[Sequence[Any]], str],
    seed: int,
) -> None:
    form, write = writer
    rng = random.Random(seed)
    content = layout([write(listen) for listen in FIVE]).encode()
    head = content[: content.index(b"}") + len(b"}\n")]
    shreds = content[len(head) : rng.randrange(len(head), len(content))]
    for _ in range(rng.randrange(40)):
        shreds, _ = edited(shreds + b" ", rng)
    try:
        table = read(form, head + shreds)
    except RecsysError:
        return
    assert (
        table.filter(pl.col(LEFT_OUT).is_null() | (pl.col(LEFT_OUT) != "")).height == table.height
    )
