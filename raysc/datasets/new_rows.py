"""New real rows for a generation, from a distribution or from the reserve of a finite data set."""

import numpy as np

from raysc.datasets.dataset import DataSet, SupportsFreshRows, SupportsReserve


def new_real_rows(data: DataSet, seeds: tuple[int, ...], generation: int, first: int, count: int) -> np.ndarray:
    """Return new real rows, (seeds, count, *event).

    Args:
        data: a distribution, or a data set with a reserve; validation has refused others.
        seeds: the pack.
        generation: the generation that trains on them; a distribution draws by it.
        first: rows of the reserve that earlier generations took.
        count: number of rows.
    """
    if isinstance(data, SupportsFreshRows):
        return data.fresh(seeds, generation, count)
    assert isinstance(data, SupportsReserve), "validation refuses data without new rows"
    return data.reserved(seeds, first, count)
