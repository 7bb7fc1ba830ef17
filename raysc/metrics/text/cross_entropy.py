"""How well a language model predicts held-out real text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class CrossEntropy:
    """Cross entropy of the held-out real rows in nats a token, and perplexity, its exponential (Kazdan et al. 2024).

    The mean is over all tokens of all rows, end tokens included, each predicted from the begin token and those before
    it; in fp32, whatever the precision of training.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("token_losses",)
    asks_data: ClassVar[tuple[str, ...]] = ("tokens",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("cross_entropy", "lower", "linear", "neither", "nats a token"),
        Column("perplexity", "lower", "log", "neither"),
    )

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        losses, tokens = modelled.family.token_losses(modelled.state, modelled.test).sum(axis=0)
        mean = np.array([losses / tokens])
        with np.errstate(over="ignore"):
            return {"cross_entropy": mean, "perplexity": np.exp(mean)}
