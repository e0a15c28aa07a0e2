"""Listening histories in: one reader a format, and the interactions made from them."""
