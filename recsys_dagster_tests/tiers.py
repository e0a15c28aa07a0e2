"""How much is tried in the quick tests (`-m "not slow"`), and how much in all of them."""

import re
from pathlib import Path

import hypothesis
import pytest

EVERY, QUICK = "every", "quick"
_SHARE = 5
"""One example in so many is tried in the quick tests."""
_ALL_SLOW = re.compile(r"^pytestmark = .*\bmark\.slow\b", re.MULTILINE)

# A deadline is a timed assertion, and a loop's first call compiles it.
hypothesis.settings.register_profile(EVERY, deadline=None, max_examples=100)
hypothesis.settings.register_profile(QUICK, deadline=None, max_examples=100 // _SHARE)


def choose(config: pytest.Config) -> None:
    """Load the profile of what was asked for, unless one was named."""
    if not config.getoption("hypothesis_profile", None):
        hypothesis.settings.load_profile(QUICK if is_quick(config) else EVERY)


def is_quick(config: pytest.Config) -> bool:
    """Whether the quick tests were asked for."""
    return bool(config.getoption("markexpr") == "not slow")


def is_all_slow(path: Path) -> bool:
    """Whether a module says that all its tests are slow."""
    return path.suffix == ".py" and bool(_ALL_SLOW.search(path.read_text(encoding="utf-8")))


def examples(count: int) -> int:
    """How many examples a property is tried on that needs `count` of them where all are run."""
    return max(count * hypothesis.settings().max_examples // 100, 5)
