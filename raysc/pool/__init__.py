"""Rows, parts and training sets."""
