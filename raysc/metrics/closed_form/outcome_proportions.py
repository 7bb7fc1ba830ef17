"""Fitted proportions of all outcomes of the data, which metrics of discrete distributions compare with the truth."""

import numpy as np

from raysc.metrics.core.metric import FittedModels

MODEL_REQUIREMENTS = ("proportions", "log_prob")
"""Methods of a family of discrete distributions: ``proportions`` marks it as one, ``log_prob`` takes any outcome."""


def outcome_proportions(models: FittedModels) -> tuple[np.ndarray, np.ndarray]:
    """Return the fitted proportions q and the true probabilities p of the outcomes 0 to K - 1.

    Returns:
        q, float64 (seeds, K), 0 for an outcome that a seed has lost; p, float64 (K,).
    """
    probabilities = models.data.probabilities()
    outcomes = np.arange(len(probabilities))[:, None]
    return np.exp(models.family.log_prob(models.state, outcomes)), probabilities
