"""Results: the tidy table, statistics over it, and pictures; reads the store alone."""
