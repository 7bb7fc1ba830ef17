"""Memorisation: are generated rows nearer to training rows than to held-out rows?"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import column_name
from raysc.metrics.neighbours.manifold import nearest
from raysc.rng import stream


@dataclass(frozen=True)
class NnTrainShare:
    """Share of generated rows nearer to a random subset of training rows than to equally many held-out rows.

    0 to 1; 0.5: no memorisation. Ties count half. Both sets have as many rows as the smaller of the two real sets; the
    subset's positions are the same for every seed, generation and sweep. There is no floor but 0.5: real rows would
    meet themselves.

    Attributes:
        features: what distances are measured in; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("nn_train_share", self.features), "lower", "linear", "neither", "share of rows"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        shares = [_share(*both, compared.test) for both in zip(compared.generated, compared.train, strict=True)]
        return {column.name: np.array(shares)}


def _share(generated: Vectors, train: Vectors, test: Vectors) -> float:
    if not (generated.finite and train.finite and test.finite):
        return np.nan
    count = min(len(train.array), len(test.array))
    to_train = nearest(generated.array, _subset(train.array, count, "train"))
    to_test = nearest(generated.array, _subset(test.array, count, "test"))
    return float(np.mean((to_train < to_test) + 0.5 * (to_train == to_test)))


def _subset(rows: np.ndarray, count: int, which: str) -> np.ndarray:
    positions = stream(0, 0, "subsample", "nn_train_share", which).permutation(len(rows))
    return rows[positions[:count]]
