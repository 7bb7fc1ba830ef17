"""The search for thresholds: the largest value of an axis at which a loop is stable, with an interval."""
