"""Writes what is made from the code: `python -m recsys_dagster_tests.documentation.write`."""

from collections.abc import Callable

from recsys_dagster_tests.documentation import ROOT
from recsys_dagster_tests.documentation.command_page import commands_page
from recsys_dagster_tests.documentation.picture import picture
from recsys_dagster_tests.documentation.setting_page import settings_page

MADE: dict[str, Callable[[], str]] = {
    "docs/architecture.svg": picture,
    "docs/commands.md": commands_page,
    "docs/settings.md": settings_page,
}


def main() -> None:
    """Write all of it."""
    for name, make in MADE.items():
        (ROOT / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
