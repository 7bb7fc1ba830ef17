"""Zipf's exponent of the token frequencies of generated texts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import Column, FeatureSets, Vectors
from raysc.pool.tokens import PAD

RANKS = 5000
"""Number of the most frequent tokens through which the line is drawn."""


@dataclass(frozen=True)
class ZipfExponent:
    """The s of f(r) ~ r^-s: minus the slope of log frequency over log rank, by least squares (Holtzman et al. 2020).

    Over the 5000 most frequent tokens. Texts that lose their rare tokens have a greater one; its excess states that the
    distribution became steeper than the control's (positive) or flatter (negative). It depends on the number of rows;
    compare equal numbers. Its floor is the value of training rows. NaN for fewer than two distinct tokens.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (Column("zipf_exponent", "lower", "linear", "test"),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"zipf_exponent": values_of_generated(_exponent, sets)}


def _exponent(rows: Vectors) -> float:
    counts = np.unique(rows.array[rows.array != PAD], return_counts=True)[1]
    frequencies = np.log(np.sort(counts)[::-1][:RANKS])
    if len(frequencies) < 2:
        return float("nan")
    ranks = np.log(np.arange(1, len(frequencies) + 1))
    centred = ranks - ranks.mean()
    return float(-(centred @ frequencies) / np.square(centred).sum())
