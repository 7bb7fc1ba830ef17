"""Diversity of generated rows: variance and duplicates."""
