import json
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.format import FORMAT, format_of, mark, refuse_newer
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import writing
from recsys_dagster_tests.commands import recsys


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def test_a_folder_from_before_is_taken_and_marked_by_the_first_who_writes(layout: Layout) -> None:
    refuse_newer(layout)
    assert not layout.root.exists()
    with writing(layout):
        assert json.loads(layout.format.read_text()) == {"format": FORMAT}


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"format": "2"}', "\0"])
def test_a_mark_that_cannot_be_read_is_made_again(layout: Layout, content: str) -> None:
    layout.root.mkdir()
    layout.format.write_text(content)
    refuse_newer(layout)
    mark(layout)
    assert format_of(layout) == FORMAT


@pytest.mark.slow
@pytest.mark.parametrize("command", [
    ["run"], ["import", __file__], ["fetch", "lastfm", "somebody"], ["demo"], ["status"],
    ["recommend", "a - b"], ["releases"], ["purge", "spotify"], ["up"],
])  # fmt: skip
def test_nothing_is_touched_in_a_folder_of_a_newer_version(
    layout: Layout, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from recsys_dagster.cli import app

    monkeypatch.setenv("RECSYS_DATA_DIR", str(layout.root))
    layout.root.mkdir()
    layout.format.write_text(json.dumps({"format": FORMAT + 1}))
    ended = CliRunner().invoke(app, command)
    assert isinstance(ended.exception, RecsysError), repr(ended.exception)
    assert "newer version" in str(ended.exception)
    assert "Update this program" in str(ended.exception)
    assert [path.name for path in layout.root.rglob("*")] == ["format.json"]


@pytest.mark.slow
def test_a_run_refuses_it_in_one_line(layout: Layout) -> None:
    layout.root.mkdir()
    layout.format.write_text(json.dumps({"format": FORMAT + 1}))
    ended = recsys("run", "--data-dir", layout.root)
    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
