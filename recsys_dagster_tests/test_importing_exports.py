"""Whole exports, as services give them: whose they are, what is taken and what passed over."""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.importing import ImportReport, import_paths
from recsys_dagster.importing.summary import describe
from recsys_dagster.listening.listens import scan_listens, sync_listens
from recsys_dagster.listening.naming import listener_of
from recsys_dagster.progress import Task
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.tiers import examples

SECRETS = ("anna@mail.org", "203.0.113.7", "2001:db8:0:0:0:0:0:7", "Main Street", "Mozilla")
ACCOUNT = json.dumps(
    {"username": "a1", "email": SECRETS[0], "ip": SECRETS[1:3], "street": SECRETS[3]}
).encode()
JUNK = {
    "Userdata.json": ACCOUNT,
    "Identity.json": b"[" + ACCOUNT + b"]",
    "Payments.json": b'{"payment_method":"","country":"SE"}',
    "Inferences.json": b'{"inferences":["Main Street"]}',
    "Playlist1.json": b'{"playlists":[{"name":"x","items":[]}]}',
    "YourLibrary.json": b'{"tracks":[{"artist":"A","album":"L","track":"T","uri":"u"}]}',
    "ReadMeFirst.pdf": b"%PDF-1.4\n\xe2\xe3\0",
    "cover.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF anna@mail.org",
    "notes.txt": b"Write to anna@mail.org, Main Street\n",
    "bank.csv": b"date,amount\n2024-01-01,7\n",
    "empty": b"",
    "feedback.jsonl": b'{"recording_msid":"x","score":1}\n',
    "user.json": b'{"user_id":7,"username":"anna"}',
}


def basic(count: int, first: int = 0, ms: int = 200_000) -> bytes:
    """A file of Spotify's account data."""
    return json.dumps(
        [
            {"endTime": f"2024-01-05 {n // 60:02}:{n % 60:02}", "artistName": f"A{n}",
             "trackName": f"T{n}", "msPlayed": ms}
            for n in range(first, first + count)
        ]
    ).encode()  # fmt: skip


def joined(first: bytes, second: bytes) -> bytes:
    return first[:-1] + b"," + second[1:]


def podcasts(count: int) -> bytes:
    return json.dumps(
        [{"endTime": "2024-01-05 14:23", "podcastName": "P", "episodeName": "E",
          "msPlayed": 99_999}] * count
    ).encode()  # fmt: skip


def extended(track: str, ms: int = 200_000) -> bytes:
    """A file of Spotify's extended history, with all that it tells of its listener."""
    play = {
        "ts": "2020-04-11T00:27:53Z", "username": "a1", "platform": "iOS", "ms_played": ms,
        "conn_country": "SG", "ip_addr_decrypted": SECRETS[1], "user_agent_decrypted": SECRETS[4],
        "master_metadata_track_name": track, "master_metadata_album_artist_name": "A",
        "master_metadata_album_album_name": "L", "reason_end": "fwdbtn", "skipped": True,
        "spotify_track_uri": "spotify:track:74cksX4vgcm0cHKaV7XE2L", "incognito_mode": False,
    }  # fmt: skip
    return json.dumps([play]).encode()


def listenbrainz(track: str) -> bytes:
    listen = {
        "listened_at": 1700000000.0,
        "track_metadata": {"artist_name": "A", "track_name": track, "additional_info": {}},
    }
    return json.dumps(listen).encode() + b"\n"


NAMED = b",Username,Artist,Track,Album,Date,Time\n0,bob,A,T,L,31 Jan 2021, 10:00\n"
CATALOGUE = b"artist,title,energy,valence\nA,T,0.5,0.5\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def lying(layout: Layout) -> list[str]:
    """What lies in raw/, below history."""
    found = (file.relative_to(layout.history) for file in layout.history.rglob("*"))
    return sorted(file.as_posix() for file in found if (layout.history / file).is_file())


def listeners(report: ImportReport) -> list[str | None]:
    return [one.listener for one in report.imported]


# Whose a file is, and where it goes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given_path", "user", "target"),
    [
        ("anna/MyData/x.json", None, "anna/MyData/x.json"),
        ("anna/anna/x.json", None, "anna/x.json"),
        ("MyData/x.json", None, "x/x.json"),
        ("MyData/StreamingHistory0.json", None, "me/StreamingHistory0.json"),
        ("MyData/StreamingHistory0.json", "bob", "bob/StreamingHistory0.json"),
        ("MyData/StreamingHistory0.json", " AC/DC ", "listener=AC%2FDC/StreamingHistory0.json"),
        ("anna/x.json", "lastfm", "listener=lastfm/x.json"),
        ("anna@mail.org/x.json", None, "anna/x.json"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_zip_names_the_listener(
    given_path: str, user: str | None, target: str, packed: bool, tmp_path: Path, layout: Layout
) -> None:
    container, _, inner = given_path.partition("/")
    if packed:
        path = pack(tmp_path / "own" / f"{container}.zip", {inner: basic(2)})
    else:
        path = put(tmp_path / "own" / container, {inner: basic(2)})
    report = import_paths([path], layout, user=user)
    assert lying(layout) == [target]
    assert listeners(report) == [listener_of(PurePath(target))]
    assert report.imported[0].listens == 2


@pytest.mark.parametrize(
    ("name", "user", "target"),
    [
        ("anna.json", None, "anna/anna.json"),
        ("anna (1).json", None, "anna/anna (1).json"),
        ("anna@mail.org.json", None, "anna/anna.json"),
        ("StreamingHistory_music_0.json", None, "me/StreamingHistory_music_0.json"),
        ("anna.json", "bob", "bob/anna.json"),
        (".anna.json", None, "anna/anna.json"),
        ("anna:*.json", None, "anna__/anna__.json"),
    ],
)
def test_a_loose_file_names_its_listener(
    name: str, user: str | None, target: str, tmp_path: Path, layout: Layout
) -> None:
    put(tmp_path / "own", {name: basic(2)})
    import_paths([tmp_path / "own" / name], layout, user=user)
    assert lying(layout) == [target]


def test_the_working_folder_has_a_name_too(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "anna", {"MyData/x.json": basic(1)})
    monkeypatch.chdir(tmp_path / "anna" / "MyData")
    assert listeners(import_paths([Path("..")], layout)) == ["anna"]


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=st.text(min_size=1, max_size=60))
def test_any_user_comes_back_from_where_the_file_lies(
    user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("import")
    path = put(folder / "own", {"x.json": basic(1)}) / "x.json"
    try:
        [one] = import_paths([path], Layout(folder / "data"), user=user).imported
    except RecsysError:
        return
    assert one.listener == listener_of(one.target.relative_to(folder / "data/raw/history"))
    assert one.listener == " ".join(one.listener.split())


def test_a_name_that_nobody_can_have_stops_the_import(tmp_path: Path, layout: Layout) -> None:
    path = put(tmp_path / "own", {"x.json": basic(1)})
    with pytest.raises(RecsysError, match="e-mail"):
        import_paths([path], layout, user="anna@mail.org")
    assert not layout.root.exists()


def test_a_listenbrainz_export(tmp_path: Path, layout: Layout) -> None:
    path = pack(
        tmp_path / "listenbrainz_anna_b_1700000000.zip",
        {
            "user.json": JUNK["user.json"],
            "listens/2023/1.jsonl": listenbrainz("T1"),
            "listens/2024/1.jsonl": listenbrainz("T2"),
            "feedback.jsonl": JUNK["feedback.jsonl"],
            "pinned_recording.jsonl": b"",
        },
    )
    report = import_paths([path], layout)
    assert report.refused == []
    assert listeners(report) == ["anna_b", "anna_b"]
    assert lying(layout) == ["anna_b/listens/2023/1.jsonl", "anna_b/listens/2024/1.jsonl"]
    assert report.passed_over == [
        f"{path.name}/{name}" for name in ("user.json", "feedback.jsonl", "pinned_recording.jsonl")
    ]


def test_two_people_in_one_folder(tmp_path: Path, layout: Layout) -> None:
    own = put(tmp_path / "downloads", {"anna/MyData/StreamingHistory0.json": basic(1)})
    pack(own / "bob.zip", {"MyData/StreamingHistory0.json": basic(1, first=9)})
    report = import_paths([own], layout)
    assert listeners(report) == ["anna", "bob"]
    assert lying(layout) == [
        "anna/MyData/StreamingHistory0.json", "bob/MyData/StreamingHistory0.json",
    ]  # fmt: skip


def test_a_file_that_names_its_listeners_needs_no_user(tmp_path: Path, layout: Layout) -> None:
    path = put(tmp_path / "anna", {"x.csv": NAMED, "anna.json": basic(1)})
    report = import_paths([path], layout, user="bob")
    assert listeners(report) == ["bob", None]
    assert lying(layout) == ["bob/anna.json", "x.csv"]
    assert "  The file names its listeners; --user is not needed." in describe(report)


def test_names_that_are_taken_get_a_number(tmp_path: Path, layout: Layout) -> None:
    zips = [
        pack(tmp_path / str(n) / "anna.zip", {"MyData/x.json": basic(1, first=n)}) for n in (1, 2)
    ]
    import_paths(zips, layout)
    assert lying(layout) == ["anna/MyData/x-2.json", "anna/MyData/x.json"]


def test_what_is_there_stays_whose_it_is(tmp_path: Path, layout: Layout) -> None:
    path = pack(tmp_path / "my_spotify_data.zip", {"MyData/StreamingHistory0.json": basic(1)})
    first = import_paths([path], layout)
    assert "the listener is called 'me'" in describe(first)[-1]
    again = import_paths([path], layout, user="anna")
    assert lying(layout) == ["me/MyData/StreamingHistory0.json"]
    assert listeners(again) == ["me"]
    assert again.imported[0].already_there
    assert "move it to a folder 'anna'" in describe(again)[1]
    (layout.history / "me").rename(layout.history / "anna")
    assert listeners(import_paths([path], layout)) == ["anna"]


def test_a_path_in_a_zip_stays_below_the_listener(tmp_path: Path, layout: Layout) -> None:
    names = ["../../x.json", "/etc/x.json", "C:\\x.json", "a/../b/x.json", "..\\..\\y\\x.json",
             "c/" * 99 + "x.json", "d" * 5_000 + ".json"]  # fmt: skip
    path = pack(tmp_path / "anna.zip", {name: basic(1, first=n) for n, name in enumerate(names)})
    before = {file for file in tmp_path.rglob("*") if layout.root not in file.parents}
    report = import_paths([path], layout)
    assert listeners(report) == ["anna"] * len(names)
    assert lying(layout) == [
        "anna/a/b/x.json", "anna/" + "c/" * 7 + "x.json", "anna/" + "d" * 115 + ".json",
        "anna/etc/x.json", "anna/x-2.json", "anna/x.json", "anna/y/x.json",
    ]  # fmt: skip
    after = {file for file in tmp_path.rglob("*") if layout.root not in file.parents}
    assert after - before == {layout.root}


def test_links_and_hidden_files_in_a_folder_are_not_followed(
    tmp_path: Path, layout: Layout
) -> None:
    elsewhere = put(tmp_path / "elsewhere", {"x.json": basic(1)})
    own = put(
        tmp_path / "anna",
        {"y.json": basic(1, first=5), ".git/z.json": basic(1, 6), "__MACOSX/z.json": basic(1, 7)},
    )
    (own / "file.json").symlink_to(elsewhere / "x.json")
    (own / "folder").symlink_to(elsewhere)
    (own / "loop").symlink_to(own)
    os.mkfifo(own / "pipe")
    report = import_paths([own], layout)
    assert lying(layout) == ["anna/y.json"]
    assert report.refused == []


def test_names_that_are_no_text_can_be_told(tmp_path: Path, layout: Layout) -> None:
    own = put(tmp_path / "own", {os.fsdecode(b"a\xff.json"): basic(1), "b": b""})
    (own / "b").rename(own / os.fsdecode(b"b\xff.csv"))
    report = import_paths([own], layout)
    assert lying(layout) == ["own/a_.json"]
    json.dumps(report.to_dict(), ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize("user", [None, "lastfm", "AC/DC"])
def test_a_run_takes_the_listens_for_the_same_listeners(
    user: str | None, tmp_path: Path, layout: Layout
) -> None:
    own = put(tmp_path / "downloads", {"anna/2024/1.json": basic(2)})
    pack(own / "listenbrainz_bob_1700000000.zip", {"listens/2023/1.jsonl": listenbrainz("T")})
    report = import_paths([own], layout, user=user)
    files = find_raw_files(layout).history
    sync_listens(files, layout.history, layout.listens, tmp_path / "cache")
    users = scan_listens(layout.listens).collect()["user"].unique()
    assert set(users) == set(listeners(report)) == ({user} if user else {"anna", "bob"})


# What is passed over


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_history_is_passed_over(packed: bool, tmp_path: Path, layout: Layout) -> None:
    files = {**JUNK, "MyData/StreamingHistory0.json": basic(3)}
    path = pack(tmp_path / "anna.zip", files) if packed else put(tmp_path / "anna", files)
    report = import_paths([path], layout)
    assert report.refused == []
    assert [one.listens for one in report.imported] == [3]
    assert sorted(name.removeprefix("anna.zip/") for name in report.passed_over) == sorted(JUNK)
    line = describe(report)[-1]
    assert line.startswith("passed over 13 files that hold no listening history: ")
    assert line.endswith(", …")
    assert line.count(",") == 5


@pytest.mark.parametrize("name", JUNK)
def test_what_is_no_history_is_refused_when_it_is_named(
    name: str, tmp_path: Path, layout: Layout
) -> None:
    path = put(tmp_path / "own", JUNK) / name
    report = import_paths([path], layout)
    assert report.passed_over == []
    [(shown, reason)] = report.refused
    assert shown == name
    assert reason.startswith(name)
    assert not any(secret in reason for secret in SECRETS)


def test_a_zip_that_brings_nothing_is_refused(tmp_path: Path, layout: Layout) -> None:
    path = pack(tmp_path / "anna.zip", {**JUNK, "StreamingHistory_podcast_0.json": podcasts(3)})
    report = import_paths([path], layout)
    [(name, reason)] = report.refused
    assert name == "anna.zip"
    assert "holds no files that could be imported" in reason
    assert len(report.passed_over) == len(JUNK)
    assert not layout.root.exists()


def test_histories_without_listens_are_passed_over_with_the_reason(
    tmp_path: Path, layout: Layout
) -> None:
    files = {f"StreamingHistory_podcast_{n}.json": podcasts(n + 1) for n in range(7)}
    path = pack(tmp_path / "anna.zip", {"StreamingHistory0.json": basic(1), **files})
    report = import_paths([path], layout)
    assert report.refused == []
    assert [name for name, _ in report.without_listens] == [f"anna.zip/{name}" for name in files]
    lines = describe(report)[1:]
    assert "StreamingHistory_podcast_1.json" in lines[1]
    assert "a podcast; 2 rows left out" in lines[1]
    assert lines[-1] == "passed over: 2 more without listens"
    assert len(lines) == 6


def test_a_history_without_listens_is_refused_when_it_is_named(
    tmp_path: Path, layout: Layout
) -> None:
    path = put(tmp_path, {"StreamingHistory_podcast_0.json": podcasts(3)})
    report = import_paths([path / "StreamingHistory_podcast_0.json"], layout)
    assert "holds no listens" in report.refused[0][1]


def test_what_nearly_is_one_is_refused_in_a_folder_too(tmp_path: Path, layout: Layout) -> None:
    near = {
        "no_time.csv": b"artist,track\nA,T\n",
        "two_titles.csv": b"artist,track,song,date\nA,T,S,2024-01-01\n",
        "no_artist.csv": b"title,energy,valence\nT,0.5,0.5\n",
        "utf16.csv": "artist,track,date\n".encode("utf-16"),
        "empty.csv": b"",
        "broken.parquet": b"PAR1 and no more",
        "inner.zip": b"PK\3\4 and no more",
    }
    own = put(tmp_path / "anna", {**near, "x.json": basic(1)})
    pl.DataFrame({"artist": ["A"], "title": ["T"]}).write_parquet(own / "near.parquet")
    pl.DataFrame({"a": ["A"], "key": [1]}).write_parquet(own / "other.parquet")
    report = import_paths([own], layout)
    assert {name for name, _ in report.refused} == {*near, "near.parquet"}
    assert "no catalogue of audio features" in dict(report.refused)["no_artist.csv"]
    assert report.passed_over == ["other.parquet"]
    assert len(report.imported) == 1


def test_a_question_names_what_was_found(tmp_path: Path, layout: Layout) -> None:
    path = put(tmp_path, {"x.csv": b"artist,track,song,date\nA,T,S,2024-01-01\n"}) / "x.csv"
    [(_, reason)] = import_paths([path], layout).refused
    assert "?" in reason
    assert all(repr(column) in reason for column in ("artist", "track", "song", "date"))


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_columns_that_look_like_data_are_masked(
    suffix: str, tmp_path: Path, layout: Layout
) -> None:
    line = ",".join(["the artist", *SECRETS[:3], "7"]).encode()
    path = put(tmp_path, {f"anna@mail.org.{suffix}": line}) / f"anna@mail.org.{suffix}"
    [(_, reason)] = import_paths([path], layout).refused
    assert reason.startswith(path.name)
    assert "'the artist'" in reason
    assert not any(secret in reason.removeprefix(path.name) for secret in SECRETS)


def test_addresses_in_a_table_are_masked_too(tmp_path: Path, layout: Layout) -> None:
    own = put(
        tmp_path / "own",
        {
            "time.csv": f"artist,track,date\nA,T,2021-01-31 10:00\nA,U,{SECRETS[1]}\n".encode(),
            "near.csv": f"energy,valence,{SECRETS[0]}\n0.5,0.5,x\n".encode(),
        },
    )
    report = import_paths([own], layout)
    told = json.dumps(report.to_dict()) + "\n".join(describe(report))
    assert len(report.imported[0].remarks) == len(report.refused) == 1
    assert not any(secret in told for secret in SECRETS[:3])


def test_documents_that_are_zips_are_passed_over_in_a_folder(
    tmp_path: Path, layout: Layout
) -> None:
    own = put(tmp_path / "anna", {"x.json": basic(1)})
    pack(own / "table.xlsx", {"[Content_Types].xml": b"", "xl/sheet1.xml": b""})
    report = import_paths([own], layout)
    assert (report.refused, report.passed_over) == ([], ["table.xlsx"])
    [(_, reason)] = import_paths([own / "table.xlsx"], layout).refused
    assert "as CSV" in reason


@pytest.mark.slow
def test_nothing_of_an_export_but_its_music_is_told(tmp_path: Path, layout: Layout) -> None:
    history = {f"Streaming_History_Audio_{n}.json": extended(f"T{n}") for n in range(5)}
    bad = {"bad.csv": ("artist," + ",".join(SECRETS) + "\n").encode()}
    path = pack(tmp_path / "anna.zip", {**JUNK, **history, **bad, "cut.json": ACCOUNT[:40]})
    report = import_paths([path], layout)
    assert len(report.imported) == 5
    assert [name for name, _ in report.refused] == ["anna.zip/bad.csv"]
    told = json.dumps(report.to_dict()) + "\n".join(describe(report))
    assert "'artist'" in told
    assert not any(secret in told for secret in SECRETS[:3])


# What is said


@pytest.mark.slow
def test_a_big_zip_has_a_line_a_format(tmp_path: Path, layout: Layout) -> None:
    files = {
        **{f"MyData/StreamingHistory_music_{n}.json": basic(700, 700 * n) for n in range(2)},
        "MyData/StreamingHistory_music_2.json": basic(3, 0, ms=40_000),
        "MyData/StreamingHistory_music_3.json": joined(basic(2, 9, 40_000), basic(9, 7, 7)),
        "MyData/StreamingHistory_music_4.json": joined(basic(1, 5, 40_000), basic(4, 7, 7)),
        "features.csv": CATALOGUE,
    }  # fmt: skip
    path = pack(tmp_path / "anna.zip", files)
    report = import_paths([path], layout)
    first = "anna.zip: Spotify account data, 5 files, 1,419 rows, 1,406 listens of anna"
    lines = describe(report)
    assert lines[0] == first
    assert lines[1].startswith(
        "  StreamingHistory_music_3.json, line 1 and 1 more file: under 30 s"
    )
    assert lines[1].endswith("; 13 rows left out")
    assert lines[2] == "anna.zip/features.csv: feature catalogue, 1 rows, 1 songs"
    assert len(lines) == 3
    assert len(report.to_dict()["imported"]) == 6
    assert describe(import_paths([path], layout))[0] == f"{first} (they were there already)"
    (layout.history / "anna/MyData/StreamingHistory_music_1.json").unlink()
    assert describe(import_paths([path], layout))[0] == f"{first} (4 of them were there already)"


def test_few_files_have_a_line_each(tmp_path: Path, layout: Layout) -> None:
    path = pack(tmp_path / "anna.zip", {f"{n}.json": basic(n + 1) for n in range(3)})
    assert describe(import_paths([path], layout)) == [
        f"anna.zip/{n}.json: Spotify account data, {n + 1} rows, {n + 1} listens of anna"
        for n in range(3)
    ]


class Counting:
    """A progress that counts."""

    def __init__(self) -> None:
        self.total = self.done = 0

    @contextmanager
    def task(self, _: str, total: int) -> Iterator[Task]:
        self.total = total
        yield self

    def advance(self, steps: int = 1, note: str = "") -> None:  # noqa: ARG002
        self.done += steps


@pytest.mark.slow
def test_progress_goes_by_files(tmp_path: Path, layout: Layout) -> None:
    own = put(tmp_path / "anna", {**JUNK, "x.json": basic(1), ".hidden": b""})
    pack(own / "z.zip", {"a.json": basic(1, 3), "b.json": basic(1, 4), "c.zip": b""})
    put(own, {"bad.zip": b"PK\3\4"})
    watch = Counting()
    import_paths([own, own / "x.json", tmp_path / "missing"], layout, watch)
    assert watch.total == watch.done == len(JUNK) + 1 + 3 + 0 + 1 + 1


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    path = pack(tmp_path / "MyData.zip", {**JUNK, "StreamingHistory0.json": basic(3)})
    taken = recsys("import", path, "--user", "anna")
    assert (taken.code, taken.err) == (0, "")
    first, *_ = taken.out.splitlines()
    assert first.endswith("Spotify account data, 3 rows, 3 listens of anna")
    document = recsys("import", path, tmp_path / "missing", "--json")
    assert document.code == 1
    assert list(document.json) == ["imported", "refused", "passed_over", "without_listens"]
    assert len(document.json["passed_over"]) == len(JUNK)
    refused = recsys("import", path, "--user", "anna@mail.org")
    assert refused.code == 1
    assert "mail.org" not in refused.err + refused.out
