"""How long generated texts are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.pool.tokens import lengths


@dataclass(frozen=True)
class LengthGap:
    """How far the mean length of generated rows is from that of training rows, and that length itself.

    ``length_gap``: the absolute difference of the two means' logarithms; its floor is that of held-out rows.
    ``text_length``: tokens a row, the end token included; neither short nor long is better, so that its excess says
    only that rows became shorter than the control's (positive) or longer.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    least_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("length_gap", "lower", "linear", "train", "log ratio"),
        Column("text_length", "higher", "log", "neither", "tokens"),
    )

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        pairs = list(zip(compared.generated, compared.train, strict=True))
        return {"length_gap": per_seed(_gap, pairs), "text_length": per_seed(_mean, pairs)}


def _gap(generated: Vectors, train: Vectors) -> float:
    before = train.once(_mean, lambda: _mean(train, train))
    return float(abs(np.log(_mean(generated, train) / before)))


def _mean(rows: Vectors, _: Vectors) -> float:
    return float(lengths(rows.array).mean())
