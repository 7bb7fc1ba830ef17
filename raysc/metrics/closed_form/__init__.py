"""Metrics of the models of closed-form families: moments, likelihood, outcome probabilities."""
