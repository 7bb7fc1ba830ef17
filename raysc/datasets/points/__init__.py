"""Data sets of points: closed-form distributions and toy distributions."""
