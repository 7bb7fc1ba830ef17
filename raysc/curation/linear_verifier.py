"""Linear verifier: rows (x, y) that lie near a linear model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.curation.curation import first_accepted, select
from raysc.errors import InputError
from raysc.regimes.recipe import Take


@dataclass(frozen=True)
class LinearVerifier:
    """A verifier of regression rows (x, y), y last, with a centre theta_c and a radius r (Yi et al. 2025).

    It accepts |y - x'theta_c| <= r |x| + slack: some theta within r of theta_c explains the row up to the slack. Of
    ``choices`` candidates for each row the first accepted ones are kept; if they are too few, they repeat. No accepted
    candidate at all ends the run with an error.

    Attributes:
        centre: theta_c, one number for all coordinates, or one for each coordinate of x.
        radius: r, at least 0.
        slack: at least 0, in units of y.
        choices: candidates for each row, at least 1.
    """

    centre: float | tuple[float, ...]
    radius: float = 0.0
    slack: float = 1.0
    choices: int = 2

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for name, value in (("radius", self.radius), ("slack", self.slack)):
            if not 0 <= value < np.inf:
                raise InputError(f"{name} must be a number of at least 0, not {value:g}")
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")
        if not np.isfinite(self.centre).all():
            raise InputError("centre must be finite")

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError for rows that are no points (x, y), and for a centre of another dimension."""
        if kind != "points" or len(event) != 1 or event[0] < 2:
            raise InputError(f"curation: linear_verifier reads rows (x, y) of points, not {kind} of shape {event}")
        if isinstance(self.centre, tuple) and len(self.centre) != event[0] - 1:
            raise InputError(f"curation.centre: {len(self.centre)} coordinates, but x has {event[0] - 1}")

    def curate(self, take: Take) -> Take:
        """Return the take with ``choices`` candidates for each row."""
        return select(take, self.choices * take.count, self.accept)

    def accept(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
    ) -> np.ndarray:
        """Return the indices of accepted candidates, int64 (count,)."""
        x, y = candidates[:, :-1], candidates[:, -1]
        residual = np.abs(y - (x * np.asarray(self.centre)).sum(axis=1))
        return first_accepted(residual <= self.radius * np.linalg.norm(x, axis=1) + self.slack, count)
