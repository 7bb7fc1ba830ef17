"""Report of a sweep: one HTML page, with every figure as SVG and PNG and its numbers as CSV."""
