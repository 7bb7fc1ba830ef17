"""Mean length of generated texts, and its difference from that of training rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train, values_of_generated
from raysc.metrics.core.metric import Column, FeatureSets, Vectors
from raysc.pool.tokens import lengths


@dataclass(frozen=True)
class LengthGap:
    """|log mean length of generated rows - log mean length of training rows|, and the mean length itself.

    ``length_gap``: its floor is the value of held-out rows. ``text_length``: tokens per row, the end token included. No
    length is better; its excess states that rows became shorter than the control's (positive) or longer (negative).
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("length_gap", "lower", "linear", "train", "log ratio"),
        Column("text_length", "higher", "log", "none", "tokens"),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {
            "length_gap": values_against_train(_log_ratio, sets),
            "text_length": values_of_generated(_mean_length, sets),
        }


def _log_ratio(generated: Vectors, train: Vectors) -> float:
    train_length = train.cached(_mean_length, lambda: _mean_length(train))
    return float(abs(np.log(_mean_length(generated) / train_length)))


def _mean_length(rows: Vectors) -> float:
    return float(lengths(rows.array).mean())
