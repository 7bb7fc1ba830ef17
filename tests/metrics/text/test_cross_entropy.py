import math
from collections.abc import Callable

import numpy as np

from raysc.metrics.core.metric import FittedModels
from raysc.metrics.text.cross_entropy import CrossEntropy


class LossTable:
    """A model with fixed losses: per row the sum of the losses and the number of tokens."""

    def token_losses(self, state: object, rows: np.ndarray) -> np.ndarray:
        return np.array([[6.0, 2], [1.0, 5]])


def test_it_is_the_mean_over_all_tokens(token_rows: Callable[..., np.ndarray]) -> None:
    models = FittedModels(LossTable(), None, None, token_rows([[1, 2], [1] * 5])[0])
    values = CrossEntropy().measure(models)
    assert values["cross_entropy"].tolist() == [1.0]
    assert values["perplexity"].tolist() == [math.e]
