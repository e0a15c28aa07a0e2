"""The commands on a released demo world: what they answer, and what they say when they cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys_dagster import cli
from recsys_dagster.recommend import METHODS
from recsys_dagster_tests.commands import Result, recsys

HOSTILE = [
    "Nobody - Nothing",
    "O'Brien \"x\" - '; DROP TABLE songs;--",
    "🎸 - 🔥",
    "[bold red]x[/] - [/nothing]",
    "\x1b[31mred - \x07bell",
    "a" * 20_000,
    " - ",
    "-",
    "\u202eright to left",
    "../../etc/passwd",
    "{0} - %s",
]


@pytest.fixture
def run_in_process(
    demo_world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """The command in this process: fast, and as `main` ends it."""

    def run(*arguments: str, data_dir: Path = demo_world) -> Result:
        monkeypatch.setenv("RECSYS_DATA_DIR", str(data_dir))
        monkeypatch.setattr("sys.argv", ["recsys", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


Run = Callable[..., Result]


def first_song(run: Run) -> str:
    song = run("search", "", "--json").json["songs"][0]
    return f"{song['artist']} - {song['title']}"


def test_recommend_json_has_what_other_programs_rely_on(run_in_process: Run) -> None:
    song = first_song(run_in_process)
    answer = run_in_process("recommend", song.upper(), "--json", "-n", "7").json
    assert {"release", "method", "seeds", "recommendations"} <= set(answer)
    assert answer["method"] == "hybrid"
    assert answer["seeds"][0]["matched"] is True
    assert {"query", "matched", "song_id", "artist", "title"} <= set(answer["seeds"][0])
    assert [one["rank"] for one in answer["recommendations"]] == list(range(1, 8))
    for one in answer["recommendations"]:
        assert {"song_id", "artist", "title", "score", "sources", "because"} <= set(one)
        assert sum(seed["share"] for seed in one["because"]["seeds"]) == pytest.approx(1)
        assert one["song_id"] != answer["seeds"][0]["song_id"]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("csv", "rank,artist,"), ("m3u", "#EXTM3U"), ("jspf", '{\n  "playlist"'), ("text", "1. ")],
)
def test_a_list_as_a_file(run_in_process: Run, name: str, begins: str) -> None:
    found = run_in_process("recommend", first_song(run_in_process), "Nobody - N", "--format", name)
    assert found.out.startswith(begins)
    assert "Not in the catalogue" in found.err


@pytest.mark.parametrize("method", ["hybrid", "svd", "knn", "seed", "popular"])
def test_every_method_recommends(run_in_process: Run, method: str) -> None:
    songs = run_in_process("search", "", "-n", "50", "--json").json["songs"]
    song = next(one for one in songs if one["has_audio"])
    name = f"{song['artist']} - {song['title']}"
    shown = run_in_process("recommend", name, "--method", method)
    assert shown.code == 0
    assert len(shown.out.splitlines()) == 11


@pytest.mark.parametrize("query", HOSTILE)
def test_an_unknown_song_gets_a_clear_answer(run_in_process: Run, query: str) -> None:
    found = run_in_process("recommend", query)
    assert found.code == 0
    assert "Not in the catalogue" in found.err
    assert "most played" in found.err
    assert "\x1b" not in found.err + found.out
    assert len(found.err) < 1_000
    answer = run_in_process("recommend", "--json", "--", query).json
    assert answer["rung"] == "unknown"
    assert answer["seeds"][0]["matched"] is False


def test_all_wishes_in_one_request(run_in_process: Run) -> None:
    song = first_song(run_in_process)
    plain = run_in_process("recommend", song, "--json").json["recommendations"]
    artist, left_out, by_id = plain[0]["artist"], plain[1], plain[2]
    wishes = [
        *("--diversity", "0.3", "--max-per-artist", "1", "--popularity", "deep"),
        *("--energy", "-0.5", "--valence", "1", "--tempo", "0.2", "--exclude-artist", artist),
        *("--exclude", f"{left_out['artist']} - {left_out['title']}"),
        *("--exclude", str(by_id["song_id"]), "--exclude", "Nobody - Nothing"),
    ]
    answer = run_in_process("recommend", song, *wishes, "--json").json
    found = answer["recommendations"]
    assert len({one["artist"] for one in found} - {artist}) == len(found) == 10
    assert not {left_out["song_id"], by_id["song_id"]} & {one["song_id"] for one in found}
    assert [one["matched"] for one in answer["excluded"]] == [True, True, True, False]
    assert answer["rung"] == "known"
    for one in found:
        assert sum(seed["share"] for seed in one["because"]["seeds"]) == pytest.approx(1)
    shown = run_in_process("recommend", song, *wishes)
    assert len(shown.out.splitlines()) == 11
    assert 'Nothing to leave out: no song "Nobody - Nothing"' in shown.err
    assert shown.err.count("Nothing to leave out") == 1


@pytest.mark.parametrize(
    "wish",
    [["--diversity", "0.9"], ["--max-per-artist", "1"], ["--popularity", "deep"],
     ["--popularity", "safe"], ["--energy", "1"], ["--valence", "-1"], ["--tempo", "1"]],
)  # fmt: skip
def test_each_wish_is_heard(run_in_process: Run, wish: list[str]) -> None:
    song = first_song(run_in_process)
    plain = run_in_process("recommend", song, "-n", "30", "--json").json["recommendations"]
    answer = run_in_process("recommend", song, "-n", "30", *wish, "--json").json["recommendations"]
    assert [one["song_id"] for one in answer] != [one["song_id"] for one in plain]


@pytest.mark.parametrize(
    "wish",
    [["--diversity", "0"], ["--popularity", "balanced"], ["--max-per-artist", "500"],
     ["--energy", "0", "--valence", "0", "--tempo", "-0"]],
)  # fmt: skip
def test_wishes_for_nothing_change_nothing(run_in_process: Run, wish: list[str]) -> None:
    song = first_song(run_in_process)
    assert run_in_process("recommend", song, *wish) == run_in_process("recommend", song)


def test_without_songs_the_most_played_come_and_it_is_said(run_in_process: Run) -> None:
    found = run_in_process("recommend")
    assert found.code == 0
    assert found.err.startswith("No song was named, so these come from the most played ones.")
    answer = run_in_process("recommend", "--json").json
    assert answer["rung"] == "none"
    popular = run_in_process("search", "", "--json").json["songs"]
    assert [one["song_id"] for one in answer["recommendations"]] == [
        one["song_id"] for one in popular
    ]


def test_nothing_is_said_of_the_rung_when_all_is_known(run_in_process: Run) -> None:
    assert run_in_process("recommend", first_song(run_in_process)).err == ""


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_names_to_leave_out_are_not_matched(run_in_process: Run, query: str) -> None:
    song = first_song(run_in_process)
    found = run_in_process("recommend", song, f"--exclude={query}", f"--exclude-artist={query}")
    assert found.code == 0
    assert found.err.count("Nothing to leave out") == 2
    assert "\x1b" not in found.err + found.out
    assert len(found.err) < 1_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recommend", "a", "--diversity", "1.5"], "diversity must be a number from 0 to 1"),
        (["recommend", "a", "--diversity", "nan"], "diversity must be a number from 0 to 1"),
        (["recommend", "a", "--diversity", "much"], "'--diversity'"),
        (["recommend", "a", "--max-per-artist", "0"], "must be 1 or more; got 0"),
        (["recommend", "a", "--popularity", "loud"], "there are safe, balanced, deep"),
        (["recommend", "a", "--energy", "2"], "energy must be a number from -1 to 1"),
        (["recommend", "a", "--valence", "-1.01"], "valence must be a number from -1 to 1"),
        (["recommend", "a", "--tempo", "120"], "tempo must be a number from -1 to 1; got 120"),
        (["recommend", "a", "--exclude", " "], "a song to leave out is empty"),
        (["recommend", "a", "--exclude-artist", ""], "an artist to leave out is empty"),
        (["recommend", ""], "empty"),
        (["recommend", "  "], "empty"),
        (["recommend", *"abcdef"], "one to five songs"),
        (["recommend", "a", "--user", "b"], "one to five songs"),
        (["recommend", "a", "--method", "magic"], "hybrid, svd, items, knn, artist, popular, seed"),
        (["recommend", "a", "-n", "0"], "-n"),
        (["recommend", "a", "--format", "mp3"], "csv, m3u, jspf, text"),
        (["recommend", "a", "--format", "csv", "--json"], "not both"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_exit_code_2(run_in_process: Run, arguments: list[str], says: str) -> None:
    found = run_in_process(*arguments)
    assert found.code == 2
    assert says in " ".join(found.err.replace("│", " ").split())
    assert not found.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recommend", "--user", "nobody"], "There is no listener 'nobody'"),
        (["releases", "rollback", "../../etc"], "There is no release"),
        (["demo", "--users", "0"], "users"),
        (["import", "/no/such/file.csv"], "There is no file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    run_in_process: Run, arguments: list[str], says: str
) -> None:
    found = run_in_process(*arguments)
    assert found.code == 1
    said = [line for line in found.err.splitlines() if not line.startswith("Importing:")]
    assert len(said) == 1
    assert says in said[0]


@pytest.mark.parametrize("command", [["recommend", "a"], ["search", "a"], ["evaluate"]])
def test_without_a_release_the_next_step_is_named(
    run_in_process: Run, command: list[str], tmp_path: Path
) -> None:
    found = run_in_process(*command, data_dir=tmp_path / "empty")
    assert found.code == 1
    assert found.err.count("\n") == 1
    assert "recsys run" in found.err


def test_status_before_and_after(run_in_process: Run, tmp_path: Path) -> None:
    names = {"listens", "users", "songs", "songs_with_features", "pending_batches", "release"}
    empty = run_in_process("status", "--json", data_dir=tmp_path / "empty").json
    assert names <= set(empty)
    assert (empty["listens"], empty["songs"], empty["release"]) == (0, 0, None)
    full = run_in_process("status", "--json").json
    assert (full["listens"], full["users"], full["pending_batches"]) == (12_000, 40, 0)
    assert 0 < full["songs_with_features"] < full["songs"]
    assert full["demo"] is True
    assert full["release"] in run_in_process("status").out


def test_a_listener_gets_new_songs_only(run_in_process: Run, demo_world: Path) -> None:
    import polars as pl

    answer = run_in_process("recommend", "--user", "listener_001", "--json", "-n", "30").json
    assert answer["rung"] == "known"
    names = pl.read_parquet(demo_world / "tables" / "interactions.parquet")
    songs = pl.read_parquet(demo_world / "tables" / "songs.parquet")
    played = names.filter(user="listener_001").join(songs, on="song_key")["song_id"].to_list()
    assert not {one["song_id"] for one in answer["recommendations"]} & set(played)


def test_evaluate_shows_every_method(run_in_process: Run) -> None:
    figures = run_in_process("evaluate", "--json").json
    assert set(figures["methods"]) == {*METHODS, "random"}
    names = {f"{name}@{k}" for name in ("precision", "recall", "ndcg") for k in (5, 10, 20)}
    assert all(names < set(one) for one in figures["methods"].values())
    low, high = figures["intervals"]["hybrid"]["ndcg@10"]
    assert low < figures["methods"]["hybrid"]["ndcg@10"] < high
    shown = run_in_process("evaluate").out
    assert all(method in shown for method in figures["methods"])
    value = figures["methods"]["hybrid"]["ndcg@10"]
    assert f"hybrid {value:.3f} [{low:.3f}, {high:.3f}]" in shown.replace("\n", " ")
    assert "Hybrid less popular: " in shown


def test_releases_are_listed(run_in_process: Run, demo_world: Path) -> None:
    listed = run_in_process("releases", "--json").json
    assert listed["current"] == (demo_world / "releases" / "CURRENT").read_text().strip()
    assert listed["releases"][0]["current"] is True
    assert run_in_process("releases", "rollback", listed["current"]).code == 0


def test_json_is_alone_on_standard_output(demo_world: Path) -> None:
    for command in (["status"], ["search", "a"], ["evaluate"], ["releases"], ["run"]):
        found = recsys(*command, "--json", "--data-dir", demo_world)
        assert found.code == 0
        json.loads(found.out)


def test_help_teaches(run_in_process: Run) -> None:
    shown = run_in_process("--help").out
    for command in ("run", "import", "recommend", "search", "status", "evaluate", "up", "releases"):
        assert command in shown
    assert "recsys import" in shown


def test_the_help_of_recommend_says_what_each_wish_does(run_in_process: Run) -> None:
    shown = " ".join(run_in_process("recommend", "--help").out.replace("│", " ").split())
    for word in ("--diversity", "--max-per-artist", "deep cuts", "rather calm", "rather sad",
                 "rather slow", "--exclude-artist", "--exclude ", "may be repeated"):  # fmt: skip
        assert word in shown


def test_a_wrong_setting_is_named(run_in_process: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_ENGINE", "abacus")
    found = run_in_process("status")
    assert found.code == 1
    assert "RECSYS_ENGINE" in found.err
