"""Metrics of nearest neighbours: precision, recall, density, coverage and memorisation."""
