"""Supplements of papers: the results of a sweep in one zip file, and their verification."""
