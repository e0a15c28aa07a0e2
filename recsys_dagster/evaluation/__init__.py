"""Protocols, metrics, reports and plots."""
