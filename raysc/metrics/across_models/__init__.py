"""Metrics that compare the models of one cell."""
