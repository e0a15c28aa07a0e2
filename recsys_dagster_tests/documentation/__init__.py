"""What the documentation makes of the code, and the tests that keep it true."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
