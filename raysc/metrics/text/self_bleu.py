"""How alike generated texts are."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.pool.tokens import lengths

ORDERS = (1, 2, 3, 4)
UNSEEN = 0.1
"""Matches that an order without any counts as (Chen and Cherry 2014, method 1)."""

Counts = Counter[bytes]


@dataclass(frozen=True)
class SelfBleu:
    """Self-BLEU-4 (Zhu et al. 2018): mean BLEU of each generated row against all others, 0 to 1; higher is less varied.

    BLEU of tokens (Papineni et al. 2002): the geometric mean of the shares of n-grams of 1 to 4 tokens that some other
    row has as often, times the penalty for rows that are shorter than the nearest other one. Its floor is that of
    training rows.

    Attributes:
        rows: how many rows are looked at, from the first one on: the work grows with their square.

    Raises:
        InputError: fewer than 2 rows.
    """

    rows: int = 500

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    least_rows: ClassVar[int] = 2
    columns: ClassVar[tuple[Column, ...]] = (Column("self_bleu", "lower", "linear", "test"),)

    def __post_init__(self) -> None:
        if self.rows < 2:
            raise InputError(f"self_bleu: rows must be at least 2, not {self.rows}")

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"self_bleu": per_seed(self._mean, ((rows, rows) for rows in compared.generated))}

    def _mean(self, generated: Vectors, _: Vectors) -> float:
        rows = generated.array[: self.rows]
        sizes = lengths(rows)
        scores = np.zeros(len(rows))
        used = np.zeros(len(rows))
        for order in ORDERS:
            matched, total = _matches([_counts(row[:size], order) for row, size in zip(rows, sizes, strict=True)])
            has = total > 0  # rows of fewer tokens have no n-grams of this order
            scores[has] += np.log(np.maximum(matched[has], UNSEEN) / total[has])
            used += has
        return float(np.mean(np.exp(scores / np.maximum(used, 1)) * _brevity(sizes)))


def _counts(row: np.ndarray, order: int) -> Counts:
    return Counter(row[start : start + order].tobytes() for start in range(len(row) - order + 1))


def _matches(counts: list[Counts]) -> tuple[np.ndarray, np.ndarray]:
    """Per row: n-grams that another row has, each at most as often as there; and all n-grams. float64 (rows,) each."""
    most: dict[bytes, tuple[int, int, int]] = {}  # n-gram -> in which row it is most frequent, how often, next often
    for row, own in enumerate(counts):
        for gram, count in own.items():
            first, highest, second = most.get(gram, (-1, 0, 0))
            most[gram] = (row, count, highest) if count > highest else (first, highest, max(second, count))
    matched = [
        sum(min(count, most[gram][2] if most[gram][0] == row else most[gram][1]) for gram, count in own.items())
        for row, own in enumerate(counts)
    ]
    return np.array(matched, np.float64), np.array([sum(own.values()) for own in counts], np.float64)


def _brevity(sizes: np.ndarray) -> np.ndarray:
    """Of each row against the other one whose length is nearest, the shorter of two."""
    penalties = np.ones(len(sizes))
    for row, size in enumerate(sizes):
        others = np.delete(sizes, row)
        nearest = min(others.tolist(), key=lambda other: (abs(other - size), other))
        if size < nearest:
            penalties[row] = np.exp(1 - nearest / max(size, 1))
    return penalties
