"""The page of the commands, from the help that the commands themselves print."""

from collections.abc import Iterator
from typing import Any

import typer

from recsys_dagster.cli import app

_HEAD = """\
# The commands

From `recsys --help` and the help of each command, by
`python -m recsys_dagster_tests.documentation.write`. In a clone, `recsys` is
`python3 -m uv run recsys`.

Each ends with exit code 0 when it did what was asked; 1 with one line on standard error that says
what is wrong and what to do; 2 for wrong usage; 130 when it was stopped. With `--json` one JSON
document goes to standard output and nothing else, warnings to standard error. Settings come from
the environment or `.env`: [settings.md](settings.md).
"""


def commands_page() -> str:
    """Every command with its arguments and options, as Markdown."""
    parts = [_HEAD]
    for name, command in commands():
        parts.append(_section(name, command))
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that call it, in the order of the help."""
    yield from _below("recsys", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield name, command
    for child, sub in children.items():
        yield from _below(f"{name} {child}", sub)


def _section(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [
        record
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context)) and "--help" not in record[0]
    ]
    table = ["| argument or option | is |", "|---|---|"]
    table += [f"| `{_cell(names)}` | {_cell(help_)} |" for names, help_ in rows]
    return "\n".join([f"## `{name}`\n", f"`{usage}`\n", f"{command.help.strip()}\n",
                      *(table if rows else []), ""])  # fmt: skip


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
