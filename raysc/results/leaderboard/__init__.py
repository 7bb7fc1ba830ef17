"""The leaderboard of the benchmark: scores of mitigations from any number of stores."""
