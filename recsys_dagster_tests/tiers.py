"""How much is tried in the quick tests (`-m "not slow"`), and how much in all of them."""

import hypothesis
import pytest

EVERY, QUICK = "every", "quick"
_SHARE = 5
"""One example in so many is tried in the quick tests."""

# A deadline is a timed assertion, and a loop's first call compiles it.
hypothesis.settings.register_profile(EVERY, deadline=None, max_examples=100)
hypothesis.settings.register_profile(QUICK, deadline=None, max_examples=100 // _SHARE)


def choose(config: pytest.Config) -> None:
    """Load the profile of what was asked for, unless one was named."""
    if not config.getoption("hypothesis_profile", None):
        quick = config.getoption("markexpr") == "not slow"
        hypothesis.settings.load_profile(QUICK if quick else EVERY)


def examples(count: int) -> int:
    """How many examples a property is tried on that needs `count` of them where all are run."""
    return max(count * hypothesis.settings().max_examples // 100, 5)
