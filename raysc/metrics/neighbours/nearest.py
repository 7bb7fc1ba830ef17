"""Exact nearest-neighbour distances between two sets of rows, in blocks.

Distances are Euclidean, and distances that decide a comparison are exact (not expanded into dot products). So equal
rows are at distance 0, and results depend neither on threads nor on block sizes. Work in blocks bounds the memory; the
time is O(queries x points x dim).

Functions import ``scipy.spatial``, which takes 0.2 s; plans and reports measure no distances.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from raysc.metrics.core.offset import offset_of

BLOCK = 2**20
"""Number of distances of a block; they stay near the core."""
MIN_QUERIES = 64
"""Lower limit for the queries of a block, so that its matrix product is efficient with many points."""
MAX_DISTANCES = 2**24
"""Number of distances in memory at a time, whatever the number of points."""

PRODUCT_DIM = 64
"""Dimension from which on distances come from matrix products, which are faster; close calls are computed again."""


@dataclass(frozen=True, eq=False)
class DistanceBlock:
    """Squared distances from a block of queries to all points.

    Attributes:
        queries: float64 (block, dim).
        points: float64 (points, dim).
        squares: squared distances, float64 (block, points); by dot products in high dimension.
        error: bound on the rounding error of the squares, float64 (block, 1); 0 where they are exact.
    """

    queries: np.ndarray
    points: np.ndarray
    squares: np.ndarray
    error: np.ndarray

    def kth_smallest(self, k: int) -> np.ndarray:
        """Return each query's squared distance to its k-th nearest point, k counted from 0, float64 (block,)."""
        kth: np.ndarray = np.partition(self.squares, k, axis=1)[:, k]
        if self.error.any():
            # k + 1 points are at most kth + error away, so no point beyond kth + 2 error is among the k + 1 nearest.
            for query, candidates in _by_query(self.squares <= kth[:, None] + 2 * self.error):
                kth[query] = np.partition(self._exact(query, candidates), k)[k]
        return kth

    def within(self, squared_radii: np.ndarray, strict: bool = False) -> np.ndarray:
        """Return which squared distances are at most the radii, or below them if ``strict``.

        Args:
            squared_radii: per point, (points,), or per query, (block, 1).
            strict: a distance that equals its radius is outside.

        Returns:
            bool (block, points).
        """
        compare = np.less if strict else np.less_equal
        inside: np.ndarray = compare(self.squares, squared_radii - self.error)
        if self.error.any():
            radii = np.broadcast_to(squared_radii, inside.shape)
            for query, candidates in _by_query((self.squares <= radii + self.error) & ~inside):
                inside[query, candidates] = compare(self._exact(query, candidates), radii[query, candidates])
        return inside

    def _exact(self, query: int, candidates: np.ndarray) -> np.ndarray:
        from scipy.spatial.distance import cdist

        exact: np.ndarray = cdist(self.queries[query : query + 1], self.points[candidates], "sqeuclidean")[0]
        return exact


def _by_query(mask: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each query with a True in its row of the mask, and the positions of these points."""
    for query in np.flatnonzero(mask.any(axis=1)):
        yield int(query), np.flatnonzero(mask[query])


def distance_blocks(queries: np.ndarray, points: np.ndarray) -> Iterator[tuple[slice, DistanceBlock]]:
    """Yield blocks of queries: their positions and their distances to all points."""
    from scipy.spatial.distance import cdist

    step, dim = max(1, BLOCK // len(points), min(MIN_QUERIES, MAX_DISTANCES // len(points))), queries.shape[1]
    if dim >= PRODUCT_DIM:
        # Norms of rows far from the origin would make every comparison a close call.
        offset = offset_of(points)
        near_queries, near_points = (rows - offset if offset.any() else rows for rows in (queries, points))
        query_norms, point_norms = (np.einsum("ij,ij->i", rows, rows) for rows in (near_queries, near_points))
    for first in range(0, len(queries), step):
        positions = slice(first, first + step)
        block = queries[positions]
        if dim < PRODUCT_DIM:
            yield (
                positions,
                DistanceBlock(block, points, cdist(block, points, "sqeuclidean"), np.zeros((len(block), 1))),
            )
            continue
        # |x - y|^2 = |x|^2 + |y|^2 - 2 x'y
        squares = near_queries[positions] @ near_points.T
        squares *= -2
        squares += query_norms[positions, None]
        squares += point_norms
        # Each of the three sums has at most dim rounding errors relative to |x|^2 + |y|^2, and so has the exact
        # distance; the bound is twice that, which covers the subtraction of the offset too.
        error = 4 * (dim + 4) * np.finfo(np.float64).eps * (query_norms[positions, None] + point_norms.max())
        yield positions, DistanceBlock(block, points, squares, error)


def nearest_distances(queries: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return each query's squared distance to the nearest point, float64 (queries,)."""
    return np.concatenate([distances.kth_smallest(0) for _, distances in distance_blocks(queries, points)])


def squared_radii(rows: np.ndarray, k: int) -> np.ndarray:
    """Return each row's squared distance to its k-th nearest neighbour among the other rows, float64 (rows,)."""
    # Position k, counted from 0, because the row itself, at distance 0, is at position 0.
    return np.concatenate([distances.kth_smallest(k) for _, distances in distance_blocks(rows, rows)])
