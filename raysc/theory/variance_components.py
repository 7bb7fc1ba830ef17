"""Components of the variance of a Gaussian loop by the seeds that draw it (``raysc.seeds``).

The data seed draws the n real rows, with mean x; the initial seed draws S_0; the sample seed draws S_1, S_2, ....
Closed forms draw nothing in training. Generation 0 is fitted to all n real rows, d = 1 or per coordinate.

A component of a purpose, in the functions here, is the variance that this purpose adds to those before it in the order
data, initial, sample: the sum of all random effects that contain it and no later purpose. In Theorem 2 of Bertrand et
al. 2023 (recalled), an error of n^(-1/2) from finite samples and one of optimisation add up over the generations, and
that of generation 0 contracts. Here the first comes from data and sample, the third from initial; a trained family has
the second, from train.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import polygamma

from raysc.seeds import Purpose
from raysc.theory import Generations
from raysc.theory.mixing import biased_variance_share, contraction
from raysc.theory.moments import replace as replace_share


def replace_log_variance(generations: Generations, n: int) -> Mapping[Purpose, np.ndarray]:
    """Return the components of Var(log sigma_t^2) under replace, d = 1: trigamma((n - 1)/2) per fit.

    The n rows of S_j are mu_j + sigma_j z with normal z, so their variance is sigma_j^2 times that of z, and

        log sigma_t^2 = log sigma^2 + log v(real z) + log v(z_0) + ... + log v(z_(t-1)),    v(z) ~ chi^2(n - 1) / n.

    The terms are independent, and each depends on one seed: data one term, initial one from generation 1 on, sample
    t - 1 from generation 2 on. All interactions are 0. Exact. Under mix the data have the same component and no
    interaction, for the fits follow a change of scale of the real rows. Source: derived here, for Kazdan et al. 2024.
    """
    t, per_fit = np.asarray(generations), float(polygamma(1, (n - 1) / 2))
    return {
        "data": np.full(t.shape, per_fit),
        "initial": per_fit * np.minimum(t, 1),
        "sample": per_fit * np.maximum(t - 1, 0),
    }


def replace_mean(generations: Generations, n: int) -> Mapping[Purpose, np.ndarray]:
    """Return the components of Var(mu_t) / sigma^2 under replace: those of ``mix_mean`` with a = 1 and m = n."""
    t = np.asarray(generations)
    shares = replace_share(np.arange(max(int(t.max()), 1)), n)
    return _mean_components(t, n, n, 1.0, shares)


def mix_mean(generations: Generations, n: int, m: int) -> Mapping[Purpose, np.ndarray]:
    """Return the components of Var(mu_t) / sigma^2 under mix with n real and m synthetic rows (ddof 0).

    With a = lambda / (1 + lambda), lambda = m/n, and means z_j of m normals with variance 1/m,

        mu_t = x + sum over j = 0..t-1 of a^(t - j) sigma_j z_j.

    The terms are uncorrelated, and their variances are 1/n and a^(2 (t - j)) s_j / m, with s_j = E sigma_j^2 / sigma^2.
    x is the data seed's; the term of j = 0 is the initial seed's, with its interaction with data, since sigma_0
    depends on the data; those of j >= 1 are the sample seed's, with their interactions. So the memory of generation 0
    fades as a^(2t), and the variance that sampling adds stays below a^2 / ((1 - a^2) m). Exact for m <= n.

    Source: derived here, for Bertrand et al. 2023.
    """
    t = np.asarray(generations)
    shares = biased_variance_share(np.arange(max(int(t.max()), 1)), n, m, 1.0)
    return _mean_components(t, n, m, contraction(m / n), shares)


def _mean_components(t: np.ndarray, n: int, m: int, a: float, shares: np.ndarray) -> dict[Purpose, np.ndarray]:
    """Return the components from a and the variance shares s_0, ..., s_(T-1)."""
    initial = np.where(t > 0, a ** (2.0 * t) * shares[0] / m, 0.0)
    sample = [sum(a ** (2.0 * (last - j)) * shares[j] / m for j in range(1, last)) for last in np.ravel(t)]
    return {"data": np.full(t.shape, 1 / n), "initial": initial, "sample": np.reshape(sample, t.shape).astype(float)}
