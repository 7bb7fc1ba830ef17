"""Cross entropy and perplexity of a language model on held-out real text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class CrossEntropy:
    """Cross entropy of the held-out real rows in nats a token, and perplexity, its exponential (Kazdan et al. 2024).

    The mean over all tokens of all rows, end tokens included. Each token is predicted from the begin token and the
    tokens before it, in fp32, independent of the precision of training.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("token_losses",)
    data_requirements: ClassVar[tuple[str, ...]] = ("tokens",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("cross_entropy", "lower", "linear", "none", "nats a token", aspect="risk"),
        Column("perplexity", "lower", "log", "none"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        loss_sum, token_count = models.family.token_losses(models.state, models.test).sum(axis=0)
        mean = np.array([loss_sum / token_count])
        with np.errstate(over="ignore"):
            return {"cross_entropy": mean, "perplexity": np.exp(mean)}
