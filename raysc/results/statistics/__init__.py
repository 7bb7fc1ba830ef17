"""Statistics over seeds: means, intervals, bands, verdicts, excess over the control."""
