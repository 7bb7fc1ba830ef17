"""Metrics of text and of language models."""
