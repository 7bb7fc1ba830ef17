"""Execution of one unit: the loop on one side, measuring and publishing on the other. Imports no Ray."""
