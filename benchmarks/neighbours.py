"""Time of distances to neighbours, with and without matrix products: `python benchmarks/neighbours.py [repeats]`.

Balls reach to the fourth neighbour within one set of normal rows; rows of another set are inside or outside, as for
precision. Milliseconds are of processor time, the least of the repeats, both ways in turn.
"""

import sys
from time import process_time

import numpy as np

from raysc.metrics.neighbours import nearest

DIMS = (64, 96, 127)
ROWS = (500, 1500)


def milliseconds(rows: np.ndarray, queries: np.ndarray, product_dim: int) -> float:
    """Return the processor time if matrix products begin at a dimension."""
    nearest.PRODUCT_DIM = product_dim
    began = process_time()
    radii = nearest.squared_radii(rows, 4)
    for _, distances in nearest.distance_blocks(queries, rows):
        distances.within(radii)
    return 1e3 * (process_time() - began)


def main(repeats: int) -> None:
    for count in ROWS:
        for dim in DIMS:
            rows, queries = np.random.default_rng(0).standard_normal((2, count, dim))
            pairs = [(milliseconds(rows, queries, dim), milliseconds(rows, queries, dim + 1)) for _ in range(repeats)]
            products, direct = np.min(pairs, axis=0)
            print(
                f"{count} rows, {dim} dims: {products:.1f} instead of {direct:.1f} ms, {1 - products / direct:.0%} less"
            )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:] or ("7",)))
