"""`recsys settings`: every setting with what it does."""

from importlib.resources import files

from recsys_dagster.commands.parts import print_text


def settings() -> None:
    """Print every setting with what it does and its default, as a `.env` to begin with.

    `recsys settings > .env` makes one; it counts in the folder where `recsys` is called.
    """
    print_text((files("recsys_dagster") / "env.example").read_text(encoding="utf-8"))
