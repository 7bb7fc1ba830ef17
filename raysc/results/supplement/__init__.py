"""Supplements: the results of a sweep in one zip file, for a paper's supplement, and their verification."""
