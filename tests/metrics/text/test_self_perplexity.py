import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import FittedModels
from raysc.metrics.text.self_perplexity import SelfPerplexity


class OneNatAToken:
    """A model whose loss is one nat for each token below 5 and two nats for the others."""

    def token_losses(self, state: object, rows: np.ndarray) -> np.ndarray:
        counts = (rows >= 0).sum(axis=1)
        return np.stack([counts + (rows >= 5).sum(axis=1), counts], axis=1).astype(float)


def test_it_scores_the_generated_rows(token_rows: Callable[..., np.ndarray]) -> None:
    generated, real = token_rows([[1, 2], [7, 7]]), token_rows([[7] * 4])
    models = FittedModels(OneNatAToken(), None, None, real[0])
    sets = RealSets("text", real, real[0])
    assert measure([SelfPerplexity()], generated, sets, models)["self_perplexity"][0] == pytest.approx(math.e**1.5)
    assert measure([SelfPerplexity(rows=1)], generated, sets, models)["self_perplexity"][0] == pytest.approx(math.e)
    assert SelfPerplexity().measure(replace(models, rows=real))["self_perplexity"][0] == pytest.approx(math.e**2)


def test_it_needs_a_row() -> None:
    with pytest.raises(InputError, match="self_perplexity: rows must be at least 1, not 0"):
        SelfPerplexity(rows=0)
