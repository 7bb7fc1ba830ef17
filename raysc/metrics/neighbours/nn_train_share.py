"""Memorisation: the share of generated rows that are nearer to training rows than to held-out rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import column_name, features_setting, values_against_train
from raysc.metrics.core.metric import SHARE, Column, Features, FeatureSets, Vectors
from raysc.metrics.neighbours.nearest import nearest_distances
from raysc.rng import stream


@dataclass(frozen=True)
class NnTrainShare:
    """Share of generated rows nearer to a random subset of training rows than to equally many held-out rows.

    0 to 1; 0.5: no memorisation. Ties count half. Both subsets have as many rows as the smaller of the two real sets;
    their positions are the same for every seed, generation and sweep. No floor but 0.5: the nearest neighbour of a real
    row would be the row itself.

    Attributes:
        features: the features between which distances are measured; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        name = column_name("nn_train_share", features_setting(self.features))
        return (Column(name, "lower", "linear", "none", "share of rows", bounds=SHARE),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        def function(generated: Vectors, train: Vectors) -> float:
            return _train_share(generated, train, sets.test)

        (column,) = self.columns
        return {column.name: values_against_train(function, sets)}


def _train_share(generated: Vectors, train: Vectors, test: Vectors) -> float:
    count = min(len(train.array), len(test.array))
    to_train = nearest_distances(generated.array, _subset(train.array, count, "train"))
    to_test = nearest_distances(generated.array, _subset(test.array, count, "test"))
    return float(np.mean((to_train < to_test) + 0.5 * (to_train == to_test)))


def _subset(rows: np.ndarray, count: int, split: str) -> np.ndarray:
    positions = stream(0, 0, "subsample", "nn_train_share", split).permutation(len(rows))
    return rows[positions[:count]]
