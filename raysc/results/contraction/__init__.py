"""Contraction of loops, from the distances of their forks."""
