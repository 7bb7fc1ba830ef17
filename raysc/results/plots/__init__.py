"""Pictures: curves, sample grids, and the style that all figures share."""
