"""Metrics from nearest neighbours: precision, recall, density, coverage, memorisation."""
