"""Figures of the report, one module per figure; ``order`` lists them in the order of the page."""
