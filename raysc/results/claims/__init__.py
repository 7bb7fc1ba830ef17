"""Claims of a sweep file, judged from its table."""
