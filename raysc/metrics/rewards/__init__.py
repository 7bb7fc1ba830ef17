"""Metrics of rewards, by which samples are curated."""
