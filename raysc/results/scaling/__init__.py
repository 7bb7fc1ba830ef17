"""Scaling laws of a sweep: exponents in an axis and in the generation, and effective rows."""
