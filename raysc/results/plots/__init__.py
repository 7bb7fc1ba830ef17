"""Plots: metric curves, grids of samples, and the style and labels that all figures share."""
