"""Running one unit: the loop on one side, measuring and publishing on the other. Knows no Ray."""
