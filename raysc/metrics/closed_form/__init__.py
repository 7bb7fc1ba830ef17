"""Metrics of closed-form models: moments, likelihood, prediction error, outcome probabilities."""
