"""Every `recsys` command of the pages: parsed as it parses them, and run on a small world."""

from typing import Any

import pytest
import typer

from recsys_dagster import cli
from recsys_dagster_tests.documentation.conftest import Scene
from recsys_dagster_tests.documentation.shell import Command, beginning, of
from recsys_dagster_tests.documentation.trials import NOT_RUN

RECSYS = of("recsys")


def is_whole(words: tuple[str, ...]) -> bool:
    """Let `recsys` parse its words, without doing anything; whether no argument is missing.

    Fails for an option or a command that there is not, and for a value that cannot be.
    """
    command: Any = typer.main.get_command(cli.app)
    name, rest, parent = "recsys", list(words[1:]), None
    while True:
        try:
            context = command.make_context(name, rest, parent=parent)
        except typer.Exit:  # it has answered already, as `--version` does
            return True
        except Exception as error:
            if type(error).__name__ in {"MissingParameter", "NoArgsIsHelpError"}:
                return False
            raise
        rest = [*context._protected_args, *context.args]
        if not rest:
            return True
        name, command, rest = command.resolve_command(context, rest)
        parent = context


@pytest.mark.parametrize("command", RECSYS, ids=str)
def test_it_does_what_it_is_asked_for(
    command: Command, scene: Scene, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    words = tuple(scene.meant.get(word, word) for word in command.words)
    if not is_whole(words):
        assert not command.whole, f"{command} lacks what it needs"
        return
    if beginning(command, NOT_RUN):
        return
    monkeypatch.setattr("sys.argv", list(words))
    code: Any = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    said = capfd.readouterr()
    assert not code, said.err
    assert said.out
    assert "not in the catalogue" not in said.err


@pytest.mark.parametrize(
    "words",
    ["recsys recommend X --methods svd", "recsys up --port 1", "recsys fetch spotify NAME",
     "recsys releases roll_back ID", "recsys recommend X -n many", "recsys status now"],
)  # fmt: skip
def test_what_there_is_not_is_noticed(words: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|valid integer|unexpected"):
        is_whole(tuple(words.split()))
