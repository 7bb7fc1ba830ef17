"""Mixtures, fitted by expectation maximisation."""
