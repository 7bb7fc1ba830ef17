"""Commands about the statistics of a sweep's seeds."""
