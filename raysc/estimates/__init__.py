"""Estimates of the size, duration and cost of a sweep."""
