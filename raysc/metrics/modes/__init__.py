"""Metrics of data with known modes."""
