"""Planning: the resolved cells of a sweep, their validation, and the units that are still to run."""
