"""Shared parts of the metrics: protocols, columns, feature extractors, checks and the measurement itself."""
