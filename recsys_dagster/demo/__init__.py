"""The made-up listening world that a first run uses."""
