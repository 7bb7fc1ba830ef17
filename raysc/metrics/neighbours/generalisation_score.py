"""Generalisation score: the distance of generated rows from the training rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import column_name, features_setting, values_against_train
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors
from raysc.metrics.neighbours.nearest import nearest_distances


@dataclass(frozen=True)
class GeneralisationScore:
    """Mean distance of generated rows from their nearest real training row (Shi et al. 2025).

    0 if every row is a copy; it falls where generalisation turns into memorisation.
    The paper measures the distance from the rows of the newest training set; here these are the seed's real training
    rows. In the units of the features. Its floor is the value of held-out rows, new rows of the truth.

    Attributes:
        features: the features between which distances are measured; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        name = column_name("generalisation_score", features_setting(self.features))
        return (Column(name, "higher", "log", "train"),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: values_against_train(_mean_distance, sets)}


def _mean_distance(generated: Vectors, train: Vectors) -> float:
    return float(np.sqrt(nearest_distances(generated.array, train.array)).mean())
