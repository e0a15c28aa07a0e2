"""The page of the settings: what `.env.example` says of each, and what the code takes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from recsys_dagster.settings import Settings
from recsys_dagster_tests.documentation import ROOT

_HEAD = """\
# The settings

Settings come from the environment or from the file `.env` in the folder where `recsys` is started;
the environment wins, and an empty value is the default. The text below is that of
[.env.example](../.env.example), to copy from; values and defaults are those of
`recsys_dagster/settings.py`. A value that cannot be is refused in one line that names the setting.
Made by `python -m recsys_dagster_tests.documentation.write`.
"""
_PAGE = re.compile(r"docs/(\w+\.md)")


def settings_page() -> str:
    """Every setting, as Markdown."""
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    parts = [_HEAD]
    for words, names in explained():
        parts.append(f"## {', '.join(names)}\n")
        parts.append(_PAGE.sub(r"[\1](\1)", words) + "\n")
        parts.append("| setting | takes | default |\n|---|---|---|")
        parts += [f"| `{name}` | {_takes(fields[name])} | {_default(fields[name])} |"
                  for name in names]  # fmt: skip
        parts.append("")
    return "\n".join(parts)


def explained() -> Iterator[tuple[str, list[str]]]:
    """What `.env.example` says, with the settings that follow it."""
    words: list[str] = []
    names: list[str] = []
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        is_words = line.startswith("# ") and "DAGSTER_HOME=" not in line
        if names and (is_words or not line):
            yield "\n".join(words), names
            words, names = [], []
        if is_words:
            words.append(line.removeprefix("# "))
        elif line:
            names.append(line.removeprefix("# ").partition("=")[0])
        else:
            words = []
    yield "\n".join(words), names


_NAMES: dict[Any, str] = {
    SecretStr: "text; a secret", bool: "`on` or `off`", int: "a whole number", float: "a number",
    Path: "a path",
}  # fmt: skip


def _takes(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f"`{one}`" for one in get_args(kind))
    if get_origin(kind) is tuple:
        return "names, comma-separated"
    (kind,) = [one for one in get_args(kind) if one is not type(None)] or [kind]
    bounds = {name: getattr(one, name) for one in field.metadata
              for name in ("ge", "gt", "le") if hasattr(one, name)}  # fmt: skip
    return " ".join([_NAMES.get(kind, "text"), *_range(bounds)])


def _range(bounds: dict[str, float]) -> list[str]:
    words = {"ge": "from {:g}", "gt": "above {:g}", "le": "to {:g}"}
    return [words[name].format(value) for name, value in bounds.items()]


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        value = ",".join(value)
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
