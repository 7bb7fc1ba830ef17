"""Results of a sweep: the tidy table, statistics, judged claims, plots and the report. Reads the store only."""
