"""Estimates of what a sweep takes: size, duration, cost."""
