"""Student's t distribution with free location, fitted to normal rows: the Jacobian of Bertrand et al. 2023.

The family is misspecified, so its two curvatures differ. With z = (x - theta) / scale the second derivative of the log
density in theta is - (df + 1) (df - z^2) / (df + z^2)^2 / scale^2. Its negative mean over the data is A, over the
model's own samples B. The data are N(theta, 1), whose best member has the same centre.

Source: for Bertrand et al. 2023, theorem 1 (read), by integration.
"""

from dataclasses import dataclass
from math import exp, inf, pi, sqrt

import numpy as np
from scipy import special


@dataclass(frozen=True)
class LocationConstants:
    """Constants of a Student location family on N(0, 1), in one dimension.

    Attributes:
        data_curvature: A, which is alpha of theorem 1.
        model_curvature: B, (df + 1) / (df + 3) / scale^2.
        lipschitz: L, the Lipschitz constant in x of the second derivative of the log density in theta.
        misfit: eps, the Wasserstein-1 distance of N(0, 1) and the best member; infinite for df <= 1.
    """

    data_curvature: float
    model_curvature: float
    lipschitz: float
    misfit: float

    def contraction(self, lambda_: float) -> float:
        """Return J = lambda B / (A + lambda B), the factor of errors of theta per retraining.

        Exact near the best member, for infinitely many rows. It is lambda / (1 + lambda) where A = B.
        """
        return lambda_ * self.model_curvature / (self.data_curvature + lambda_ * self.model_curvature)


def location_constants(df: float, scale: float) -> LocationConstants:
    """Compute the constants for ``df`` degrees of freedom and a scale, both above 0."""
    from scipy.integrate import quad  # most commands import this module, and few sweeps have this family

    def curvature(x: float) -> float:
        z = (x / scale) ** 2
        return (df + 1) / scale**2 * (df - z) / (df + z) ** 2

    def gap(x: float) -> float:
        return abs(float(special.ndtr(-x) - special.stdtr(df, -x / scale)))

    of_data = 2 * quad(lambda x: curvature(x) * exp(-(x**2) / 2) / sqrt(2 * pi), 0, inf, limit=500)[0]
    # |d/dz (df - z^2) / (df + z^2)^2| = |2 z^3 - 6 df z| / (df + z^2)^3 is largest at a root of its derivative,
    # z^4 - 6 df z^2 + df^2 = 0.
    roots = np.sqrt(df * (3 + np.array([-1, 1]) * np.sqrt(8)))
    steepest = np.abs(2 * roots**3 - 6 * df * roots) / (df + roots**2) ** 3
    return LocationConstants(
        data_curvature=of_data,
        model_curvature=(df + 1) / (df + 3) / scale**2,
        lipschitz=float((df + 1) / scale**3 * steepest.max()),
        misfit=2 * quad(gap, 0, inf, limit=500)[0] if df > 1 else inf,
    )
