"""What `from recsys_dagster import …` gives: its documentation, its examples, and how it comes."""

import doctest
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import recsys_dagster
from recsys_dagster import Recommender, RecsysError, Releases
from recsys_dagster_tests.commands import recsys

ROOT = Path(__file__).parent.parent
PUBLIC = {name: getattr(recsys_dagster, name) for name in recsys_dagster.__all__}
CLASSES = {name: one for name, one in PUBLIC.items() if inspect.isclass(one)}


def documented() -> Iterator[tuple[str, Any]]:
    """Every public class, and what is public of it."""
    for name, one in CLASSES.items():
        yield name, one
        for member, value in vars(one).items():
            if not member.startswith("_") and not inspect.ismemberdescriptor(value):
                yield f"{name}.{member}", getattr(value, "__func__", value)


@pytest.mark.parametrize(
    ("name", "one"), list(documented()), ids=[name for name, _ in documented()]
)
def test_what_is_public_is_documented(name: str, one: Any) -> None:
    text = inspect.getdoc(one) or ""
    assert re.match(r"\S.*[.:]\n?", text), f"{name} begins with no sentence"
    if not inspect.isfunction(one):
        return
    parameters = [word for word in inspect.signature(one).parameters if word not in {"self", "cls"}]
    section = text.partition("Parameters\n----------\n")[2].partition("\n---")[0]
    named = set(re.findall(r"^([a-z_]+(?:, [a-z_]+)*)$", section, flags=re.MULTILINE))
    if len(parameters) > 1 and section:
        assert {*parameters} <= {word for line in named for word in line.split(", ")}, name
    assert section or len(parameters) < 3, f"{name} does not explain its parameters"


def test_a_name_that_is_none_is_said() -> None:
    assert {*PUBLIC} <= {*dir(recsys_dagster)}
    with pytest.raises(AttributeError, match="has no attribute 'Recomender'"):
        _ = recsys_dagster.Recomender


def test_the_package_comes_without_what_is_heavy() -> None:
    heavy = {"numpy", "polars", "numba", "dagster", "streamlit", "pydantic", "faiss"}
    code = "import sys, recsys_dagster; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not heavy & {*loaded.stdout.split()}


def test_one_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from recsys_dagster import cli

    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert recsys_dagster.__version__ == declared[1]
    monkeypatch.setattr("sys.argv", ["recsys", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out == f"recsys-dagster {declared[1]}\n"


def test_the_settings_are_printed_as_they_are_explained(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from recsys_dagster import cli

    monkeypatch.setattr("sys.argv", ["recsys", "settings"])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsysbinary.readouterr().out == (ROOT / ".env.example").read_bytes()


@pytest.mark.slow
def test_every_example_does_what_it_says(
    demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shutil.copytree(demo_world, tmp_path / "world")
    monkeypatch.setenv("RECSYS_DATA_DIR", str(world))
    names = {**CLASSES, "recommender": Recommender.open()}
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for one in (recsys_dagster, *CLASSES.values()):
        for test in finder.find(one, globs=dict(names)):
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 40


@pytest.mark.slow
def test_the_readme_in_python(
    demo_world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\nIn Python:\n")[2]
    code = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)[0]
    assert len(code.splitlines()) <= 16
    monkeypatch.setenv("RECSYS_DATA_DIR", str(demo_world))
    song, user = Recommender.open().popular(1)[0], Recommender.open().users[0]
    mine = code.replace("Radiohead - Creep", f"{song.artist} - {song.title}").replace("anna", user)
    names: dict[str, Any] = {}
    exec(compile(mine, "README.md", "exec"), names)  # noqa: S102
    assert capsys.readouterr().out.splitlines()[0].startswith("1 ")
    assert names["answer"].rung == "known"


@pytest.mark.slow
def test_python_and_the_command_line_answer_alike(
    demo_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommender = Recommender.open(str(demo_world))
    wishes: dict[str, Any] = {"n": 4, "diversity": 0.3, "max_per_artist": 1}
    answer = recommender.recommend([0], **wishes)
    name = answer.seeds[0].query
    printed = recsys("recommend", name, "-n", "4", "--diversity", "0.3", "--max-per-artist", "1",
                     "--json", "--data-dir", demo_world)  # fmt: skip
    assert printed.out == answer.to_json() + "\n"
    table = answer.to_frame()
    assert table["song_id"].to_list() == [song.song_id for song in answer.recommendations]
    assert table.schema["sources"] == pl.List(pl.String)
    monkeypatch.setenv("RECSYS_DATA_DIR", str(demo_world))
    listed = json.loads(recsys("releases", "--json").out)
    assert [row["id"] for row in listed["releases"]] == Releases.in_folder().ids()


@pytest.mark.slow
def test_a_release_is_opened_by_its_id(demo_world: Path) -> None:
    (made,) = Releases.in_folder(demo_world).ids()
    assert Recommender.open(demo_world, release=made).release_id == made
    with pytest.raises(RecsysError, match="no release 'yesterday'"):
        Recommender.open(demo_world, release="yesterday")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["hybrid", "svd"])
def test_many_listeners_at_once_get_what_each_gets(demo_world: Path, method: str) -> None:
    recommender = Recommender.open(demo_world)
    wanted = recommender.users[5:1:-1]
    table = recommender.recommend_all(wanted, method=method, n=6)
    assert table["user"].unique(maintain_order=True).to_list() == wanted
    for user in wanted:
        alone = recommender.recommend(user=user, method=method, n=6).to_frame()
        batch = table.filter(pl.col("user") == user)
        assert {*batch["song_id"]} == {*alone["song_id"]}
        assert batch["score"].to_list() == pytest.approx(alone["score"].to_list(), rel=1e-4)
    everybody = recommender.recommend_all(method=method, n=6)
    assert everybody.height == 6 * len(recommender.users)
    assert recommender.recommend_all([]).schema == everybody.schema


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "said"), [
    ({"users": "listener_001"}, "as a list"),
    ({"users": ["nobody"]}, "no listener 'nobody'"),
    ({"method": "knn"}, "no batch by 'knn'"),
    ({"n": 0}, "must be 1 to 500; got 0"),
    ({"threads": 0}, "threads must be 1 or more"),
])  # fmt: skip
def test_a_wrong_batch_is_said_in_words(
    demo_world: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(RecsysError, match=said):
        Recommender.open(demo_world).recommend_all(**arguments)
