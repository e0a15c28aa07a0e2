"""What a stage gives back."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
"""What is known about what was made, as JSON."""
Made = tuple[Iterable[Path], Facts]
"""What was written, and facts about it."""
