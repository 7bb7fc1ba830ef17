"""Perplexity of generated texts under the model that generated them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class SelfPerplexity:
    """Exponential of the mean loss a token of a generation's rows under its model: its number of choices a token.

    It falls as a model becomes certain of few texts, and its logarithm estimates the model's entropy a token if rows
    are sampled at temperature 1. Prompt tokens count as generated ones. Neither direction is better; its excess states
    that the model became more certain than the control's (positive) or less (negative).

    Attributes:
        rows: number of rows that are scored, from the first on.

    Raises:
        InputError: rows is below 1.
    """

    rows: int = 1000

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("token_losses",)
    data_requirements: ClassVar[tuple[str, ...]] = ("tokens",)
    columns: ClassVar[tuple[Column, ...]] = (Column("self_perplexity", "higher", "log", "none"),)

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise InputError(f"self_perplexity: rows must be at least 1, not {self.rows}")

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        assert models.rows is not None, "families of language models give their rows"
        losses = models.family.token_losses(models.state, models.rows[0, : self.rows])
        loss_sum, token_count = losses.sum(axis=0)
        with np.errstate(over="ignore"):
            return {"self_perplexity": np.exp(np.array([loss_sum / token_count]))}
