"""Distances between generated and real rows."""
