"""What metrics of (generated, real) pairs share: a column against held-out rows and one against training rows."""

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Vectors

Pair = Callable[[Vectors, Vectors], float]


def column_name(name: str, features: str | None, k: int = 3) -> str:
    """The metric's name, with what was set differently from the default: ``precision[pixels,k=5]``."""
    settings = [features] if features in ("pixels", "inception") else []
    if k != 3:
        settings.append(f"k={k}")
    return f"{name}[{','.join(settings)}]" if settings else name


def columns_against_both(
    name: str, better: Literal["lower", "higher"], scale: Literal["log", "linear"], unit: str = ""
) -> tuple[Column, Column]:
    """``name``: against held-out rows; ``name_train``: against the rows that the seed trains on."""
    return (
        Column(name, better, scale, "test", unit),
        Column(f"{name}_train", better, scale, "train", unit),
    )


def against_both(name: str, compared: Compared, pair: Pair) -> dict[str, np.ndarray]:
    """The values of ``columns_against_both``.

    Args:
        name: of the column against held-out rows.
        compared: generated and real rows.
        pair: the metric of one seed, from (generated, real).

    Returns:
        Column name -> float64 (seeds,).
    """
    return {
        name: per_seed(pair, ((generated, compared.test) for generated in compared.generated)),
        f"{name}_train": per_seed(pair, zip(compared.generated, compared.train, strict=True)),
    }


def per_seed(pair: Pair, sets: Iterable[tuple[Vectors, Vectors]]) -> np.ndarray:
    """float64 (seeds,): the metric of each pair of sets, NaN where a set or the value is not finite."""
    values = np.array([pair(*both) if all(vectors.finite for vectors in both) else np.nan for both in sets])
    return np.where(np.isfinite(values), values, np.nan)
