"""Nearest neighbours over audio features. Serving needs NumPy alone."""
