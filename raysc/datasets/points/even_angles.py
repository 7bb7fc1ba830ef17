"""Evenly spaced angles on two arcs, as scikit-learn's ``make_moons`` and ``make_circles`` have them."""

from typing import Literal

import numpy as np

from raysc.datasets.seeded_distribution import Purpose
from raysc.rng import Streams

Angles = Literal["random", "even"]


def even_uniforms(streams: Streams, purpose: Purpose, count: int, closed: bool) -> np.ndarray:
    """Return rows (arc, share of its angle), float64 (seeds, count, 2), in a random order of each seed.

    The first arc, below 1/2, has floor(count/2) rows and the second one the rest.

    Args:
        streams: of the draw.
        purpose: index of the streams.
        count: rows of each seed.
        closed: the last row of an arc lies at its end; False for a circle, where that is its beginning.
    """
    sizes = count // 2, count - count // 2
    shares = [np.linspace(0.0, 1.0, size, endpoint=closed) for size in sizes]
    rows = np.stack([np.repeat([0.0, 0.5], sizes), np.concatenate(shares)], axis=1)
    orders = [generator.permutation(count) for generator in streams.iter_generators("data", purpose, "order")]
    return rows[np.stack(orders)]
