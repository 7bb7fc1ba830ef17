"""The report: one page with a sweep's claims, figures and tables, and a folder with the figures for a paper."""
