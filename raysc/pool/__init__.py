"""Rows, blocks, parts and training sets."""
