"""Seeds with a generation whose weights did not move: their metrics say nothing about the loop."""

import pandas as pd


def unmoved_generations(table: pd.DataFrame) -> dict[int, dict[int, int]]:
    """Map each cell to the seeds with unmoved weights, and each of these to the first such generation.

    Args:
        table: the tidy table. Without a column weights_moved all weights moved.
    """
    if "weights_moved" not in table:
        return {}
    unmoved = table[~table["weights_moved"].astype(bool)]
    firsts = unmoved.groupby(["cell", "seed"], as_index=False)["generation"].min()
    cells: dict[int, dict[int, int]] = {}
    for cell, seed, t in firsts.itertuples(index=False, name=None):
        cells.setdefault(int(cell), {})[int(seed)] = int(t)
    return cells
