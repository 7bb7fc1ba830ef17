"""The lambda-mix of Bertrand et al. 2023: every retraining sees all n real rows and m synthetic ones."""

import numpy as np

from raysc.theory import Generations, counts


def contraction(lambda_: float) -> float:
    """Return the factor by which a mix contracts towards its fixed point per generation: lambda / (1 + lambda).

    Exact for the expectation parameters (means of sufficient statistics) of an exponential family, with infinitely many
    synthetic rows and any data: that share of the training rows comes from the last model. In natural parameters, or in
    the variance alone, it holds near the fixed point only. Below 1 for every finite lambda.

    Source: for Bertrand et al. 2023.
    """
    return lambda_ / (1 + lambda_)


def error_around_the_real_mean(generations: Generations, n: int, m: int, n_0: int | None = None) -> np.ndarray:
    """Return v_t = E |mu_t - x|^2 / tr(Sigma_0), x the mean of the real rows, for fits by mean and covariance (ddof 0).

    With lambda = m/n, S = 1 - 1/n and s_t = S - v_t, the model's share of the variance,

        v_0 = 1/n_0 - 1/n,    v_{t+1} = (lambda/(1+lambda))^2 v_t + lambda s_t / ((1+lambda)^2 n):

    the mean of m synthetic rows moves the mean of the pool by the ``contraction`` of the last mean's error, and by its
    own sampling error. The recursion is linear, so v_t = v + (v_0 - v) q^t with v the ``error_floor``. Exact for
    0 <= m, n_0 <= n. About the truth's mean, 1/n is added: E |mu_t - mu_0|^2 / tr(Sigma_0) = 1 - s_t.

    Source: for Bertrand et al. 2023.
    """
    lambda_, (_, n_0) = m / n, counts(n, m, n_0)
    rate = (lambda_**2 - lambda_ / n) / (1 + lambda_) ** 2
    floor = error_floor(n, m)
    initial = 1 / n_0 - 1 / n
    return np.asarray(floor + (initial - floor) * rate ** np.asarray(generations))


def error_floor(n: int, m: int) -> float:
    """Return the limit of v_t: lambda (1 - 1/n) / (n (1 + 2 lambda) + lambda), with lambda = m/n.

    At most 1/(2n), for any lambda: errors of the mean (square roots of this and of 1/n) fall as n^(-1/2).
    """
    lambda_ = m / n
    return lambda_ * (1 - 1 / n) / (n * (1 + 2 * lambda_) + lambda_)


def theorem_1(lambda_: float | np.ndarray, concavity: float, lipschitz: float = 0.0, misfit: float = 0.0) -> np.ndarray:
    """Return kappa of Theorem 1 of Bertrand et al. 2023, a sufficient condition for stability; NaN outside its range.

    With x = lambda (1 + L eps / alpha): if x < 1/2, the Jacobian's norm at the fixed point is at most
    kappa = x / (1 - x) < 1, and |theta_t - theta*| falls as kappa^t if theta_0 is near enough.

    lambda = 1/2, the bound for eps = 0, is sufficient and not necessary: the theorem does not cover larger lambda, and
    the mix of an exponential family contracts for every lambda (``contraction``).

    Args:
        lambda_: synthetic rows per real row.
        concavity: alpha > 0, the strong concavity of the expected log likelihood at its optimum theta*.
        lipschitz: L, the Lipschitz constant in x of the Hessian of log p_theta*(x) in theta.
        misfit: eps, the Wasserstein-1 distance between the data's distribution and p_theta*, the best member of the
            model class; 0 if the truth is in it.
    """
    x = np.asarray(lambda_, float) * (1 + lipschitz * misfit / concavity)
    return np.where(x < 0.5, x / (1 - np.minimum(x, 0.5)), np.nan)


def biased_variance_share(generations: Generations, n: int, m: int, c: float, n_0: int | None = None) -> np.ndarray:
    """Return s_t = E tr(Sigma_t) / tr(Sigma_0) where the m samples have c times the fitted covariance (ddof 0).

    With v_t as in ``error_around_the_real_mean``, lambda = m/n and S = 1 - 1/n,

        v_{t+1} = (lambda/(1+lambda))^2 (v_t + c s_t / m),
        s_{t+1} = (S + lambda (v_t + c s_t)) / (1+lambda) - v_{t+1},

    from v_0 = 1/n_0 - 1/n and s_0 = 1 - 1/n_0: a pool has the second moments of its rows, less the squared error of
    its mean. Exact for 0 <= m and n_0 <= n. For many rows the variance is multiplied by ``rho`` = lambda c / (1+lambda)
    per generation, and 1/(1 + lambda) is added. So it settles at 1 / (1 - lambda (c - 1)) if lambda (c - 1) < 1, and
    grows without bound otherwise.

    Source: for Bertrand et al. 2023.
    """
    lambda_, (_, n_0) = m / n, counts(n, m, n_0)
    v, s = 1 / n_0 - 1 / n, 1 - 1 / n_0
    shares = [s]
    for _ in range(int(np.max(generations))):
        second_moment = (1 - 1 / n + lambda_ * (v + c * s)) / (1 + lambda_)
        v = (lambda_ / (1 + lambda_)) ** 2 * (v + c * s / m) if m else 0.0
        s = second_moment - v
        shares.append(s)
    return np.asarray(np.array(shares)[np.asarray(generations)])
