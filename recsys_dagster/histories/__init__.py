"""Listening histories as serving shows them: when people listen, and what a visitor brings."""
