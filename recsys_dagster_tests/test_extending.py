"""The examples of `docs/extending.md`, done and tried."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster_tests.commands import environment
from recsys_dagster_tests.extending import PAGE, ROOT, extended

pytestmark = pytest.mark.slow

LISTENERS, PLAYS, SONGS = 8, 24, 40
CONTRACTS = (
    "listening/test_contract.py", "audio/test_contract.py", "recommend/test_contract.py",
    "recommend/test_features.py",
)  # fmt: skip
OWN = ("listening/test_tapedeck.py",)
NEW = "tapedeck or bpm or league or rarities or every_format or every_feature"
TRY = """
import json, sys
from typer.testing import CliRunner
from recsys_dagster.cli import app
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, [*command, "--json"])
    assert done.exit_code == 0, (command, done.output, done.exception)
    print(json.dumps(json.loads(done.stdout)))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with all four examples in it."""
    folder = tmp_path_factory.mktemp("copy")
    extended(folder, (ROOT / PAGE).read_text(encoding="utf-8"))
    (folder / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return folder


def run(copy: Path, *arguments: str, **settings: str) -> str:
    """Run Python over the copy."""
    bare = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", **settings}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment() | bare, text=True,
        capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_new_ones_pass_the_contracts(copy: Path) -> None:
    files = [f"recsys_dagster_tests/{name}" for name in (*CONTRACTS, *OWN)]
    out = run(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", NEW, *files)
    assert "passed" in out
    assert "skipped" not in out


def test_the_new_ones_are_used(copy: Path, tmp_path: Path) -> None:
    """A listener's way: import, run, recommend, evaluate."""
    tapes = write_tapes(tmp_path / "tapes")
    data = ["--data-dir", str(tmp_path / "data")]
    seeds = [["recommend", "Quay 1 - Song 5", "--method", name] for name in ("league", "rarities")]
    commands = [["import", *map(str, tapes)], ["run"], *seeds, ["recommend", "--user", "anna 1"],
                ["evaluate"], ["status"]]  # fmt: skip
    out = run(
        copy, "-c", TRY, json.dumps([[*one, *data] for one in commands]),
        RECSYS_FEATURE_SOURCES="catalogue,bpm",
    )  # fmt: skip
    found = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    imported, ran, league, rarities, hybrid, evaluated, status = found
    assert {one["format"] for one in imported["imported"]} == {"Tapedeck export"}
    assert ran["listens"] == LISTENERS * PLAYS
    assert ran["songs_with_features"] == status["songs_with_features"] > 0
    assert sources_of(league) == {"league"}
    assert {song["artist"] for song in rarities["recommendations"]} == {"Quay 1"}
    assert "league" in sources_of(hybrid)
    assert {"league", "rarities"} <= set(evaluated["methods"])
    assert {"-league", "-svd"} <= set(evaluated["ablations"])
    assert "rarities" in evaluated["differences"]


def sources_of(answer: Any) -> set[str]:
    return {source for song in answer["recommendations"] for source in song["sources"]}


def write_tapes(folder: Path) -> list[Path]:
    """Eight listeners, each with half of the songs; every fourth title says its tempo."""
    start = datetime(2024, 1, 5, tzinfo=UTC)
    for listener in range(LISTENERS):
        room = folder / f"anna {listener}"
        room.mkdir(parents=True)
        songs = [(listener * 3 + place * (1 + listener % 3)) % SONGS for place in range(PLAYS)]
        lines = [
            {"tape": "A1", "by": f"Quay {song // 4}", "song": title_of(song),
             "at": f"{start + timedelta(hours=place, days=song):%Y-%m-%dT%H:%M:%SZ}"}
            for place, song in enumerate(songs)
        ]  # fmt: skip
        (room / "tapes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return sorted(folder.iterdir())


def title_of(song: int) -> str:
    return f"Song {song}" + (f" ({90 + song} BPM)" if song % 4 == 0 else "")
