"""The tidy table, and selections, groups and summaries of it."""
