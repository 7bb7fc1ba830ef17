"""Self-BLEU, the similarity of generated texts to each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.pool.tokens import lengths

ORDERS = (1, 2, 3, 4)
SMOOTHING = 0.1
"""Number of matches where an order has none (Chen and Cherry 2014, method 1)."""

NgramCounts = Counter[bytes]


@dataclass(frozen=True)
class SelfBleu:
    """Self-BLEU-4 (Zhu et al. 2018): mean BLEU of each generated row against all other rows, 0 to 1; high if alike.

    BLEU of tokens (Papineni et al. 2002): the geometric mean over n = 1 to 4 of the clipped n-gram precision, times the
    brevity penalty. The references of a row are all other rows: counts are clipped at the maximum over them, and the
    penalty takes the nearest length. Its floor is the value of training rows.

    Attributes:
        rows: number of rows that are compared, from the first on; the cost grows with its square.

    Raises:
        InputError: rows is below 2.
    """

    rows: int = 500

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 2
    columns: ClassVar[tuple[Column, ...]] = (Column("self_bleu", "lower", "linear", "test", bounds=SHARE),)

    def __post_init__(self) -> None:
        if self.rows < 2:
            raise InputError(f"self_bleu: rows must be at least 2, not {self.rows}")

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"self_bleu": values_of_generated(self._mean_bleu, sets)}

    def _mean_bleu(self, generated: Vectors) -> float:
        rows = generated.array[: self.rows]
        sizes = lengths(rows)
        log_precisions = np.zeros(len(rows))
        orders = np.zeros(len(rows))
        for order in ORDERS:
            matches, totals = _clipped_matches(
                [_counts(row[:size], order) for row, size in zip(rows, sizes, strict=True)]
            )
            nonempty = totals > 0  # shorter rows have no n-grams of this order
            log_precisions[nonempty] += np.log(np.maximum(matches[nonempty], SMOOTHING) / totals[nonempty])
            orders += nonempty
        return float(np.mean(np.exp(log_precisions / np.maximum(orders, 1)) * _brevity_penalties(sizes)))


def _counts(row: np.ndarray, order: int) -> NgramCounts:
    return Counter(row[start : start + order].tobytes() for start in range(len(row) - order + 1))


def _clipped_matches(row_counts: Sequence[NgramCounts]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numerator and the denominator of each row's n-gram precision.

    Args:
        row_counts: n-gram counts of each row.

    Returns:
        Matches, each n-gram's count clipped at the maximum of the other rows, and all n-grams, float64 (rows,) each.
    """
    top_two: dict[bytes, tuple[int, int, int]] = {}  # n-gram -> row of its highest count, this count, second highest
    for row, counts in enumerate(row_counts):
        for gram, count in counts.items():
            top_row, highest, second = top_two.get(gram, (-1, 0, 0))
            top_two[gram] = (row, count, highest) if count > highest else (top_row, highest, max(second, count))

    def limit(gram: bytes, row: int) -> int:
        top_row, highest, second = top_two[gram]
        return second if top_row == row else highest

    matches = [
        sum(min(count, limit(gram, row)) for gram, count in counts.items()) for row, counts in enumerate(row_counts)
    ]
    totals = [sum(counts.values()) for counts in row_counts]
    return np.array(matches, np.float64), np.array(totals, np.float64)


def _brevity_penalties(sizes: np.ndarray) -> np.ndarray:
    """Return exp(1 - r/c) for rows of c < r tokens, else 1, float64 (rows,).

    Args:
        sizes: lengths of the rows, int64 (rows,); r is the other row's length nearest to c, the shorter one if two are.
    """
    penalties = np.ones(len(sizes))
    for row, size in enumerate(sizes):
        other_sizes = np.delete(sizes, row)
        nearest = min(other_sizes.tolist(), key=lambda other: (abs(other - size), other))
        if size < nearest:
            penalties[row] = np.exp(1 - nearest / max(size, 1))
    return penalties
