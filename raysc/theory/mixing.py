"""The lambda-mix of Bertrand et al. 2023: every retraining sees all n real rows and m synthetic ones."""

import numpy as np

from raysc.theory import Generations


def contraction(lambda_: float) -> float:
    """Lambda / (1 + lambda): by how much a mix contracts towards its fixed point per generation.

    Exact in expectation parameters (means of sufficient statistics: those of the training rows, of which that share is
    the last model's) of an exponential family, with infinitely many synthetic rows and whatever the data. In natural
    parameters, or in the variance alone, only near the fixed point. Below 1 for every finite lambda.

    Source: the linear map behind Bertrand et al. 2023, section 3.
    """
    return lambda_ / (1 + lambda_)


def error_around_the_real_mean(generations: Generations, n: int, m: int, n_0: int | None = None) -> np.ndarray:
    """v_t = E |mu_t - x|^2 / tr(Sigma_0), x the mean of the n real rows, for fits by mean and covariance (ddof 0).

    With lambda = m/n, S = 1 - 1/n and s_t = S - v_t, what the model keeps of the variance,

        v_0 = 1/n_0 - 1/n,    v_{t+1} = (lambda/(1+lambda))^2 v_t + lambda s_t / ((1+lambda)^2 n):

    the mean of m synthetic rows moves the pool by the ``contraction`` of what the last mean was off by, and by its own
    error. That is linear in v_t, so v_t = v + (v_0 - v) q^t with v the ``error_floor``. Exact for 0 <= m, n_0 <= n.
    About the truth's mean instead, 1/n is added: |mu_t - mu_0|^2 is expected to be 1 - s_t.

    Source: Bertrand et al. 2023, section 3, with the finite numbers of rows worked out.
    """
    lambda_ = m / n
    rate = (lambda_**2 - lambda_ / n) / (1 + lambda_) ** 2
    floor = error_floor(n, m)
    started = 1 / (n_0 or n) - 1 / n
    return np.asarray(floor + (started - floor) * rate ** np.asarray(generations))


def error_floor(n: int, m: int) -> float:
    """What v_t tends to: lambda (1 - 1/n) / (n (1 + 2 lambda) + lambda), with lambda = m/n.

    At most 1/(2n), however large lambda: errors of the mean (roots of this and of 1/n) fall as n^(-1/2).
    """
    lambda_ = m / n
    return lambda_ * (1 - 1 / n) / (n * (1 + 2 * lambda_) + lambda_)


def theorem_1(lambda_: float | np.ndarray, concavity: float, lipschitz: float = 0.0, misfit: float = 0.0) -> np.ndarray:
    """Kappa of Theorem 1 of Bertrand et al. 2023, a sufficient condition for stability; NaN where it promises nothing.

    With x = lambda (1 + L eps / alpha): if x < 1/2, the Jacobian's norm at the fixed point is at most
    kappa = x / (1 - x) < 1, and |theta_t - theta*| falls as kappa^t if theta_0 is near enough.

    lambda = 1/2, the bound for eps = 0, is at best sufficient: beyond it the theorem says nothing, and the mix of an
    exponential family contracts for every lambda (``contraction``).

    Args:
        lambda_: synthetic rows per real row.
        concavity: alpha > 0, the strong concavity of the expected log likelihood at its optimum theta*.
        lipschitz: L, the Lipschitz constant in x of the Hessian of log p_theta*(x) in theta.
        misfit: eps, the Wasserstein-1 distance between the data's distribution and p_theta*, the best member of the
            model class; 0 if the truth is in it.
    """
    x = np.asarray(lambda_, float) * (1 + lipschitz * misfit / concavity)
    return np.where(x < 0.5, x / (1 - np.minimum(x, 0.5)), np.nan)
