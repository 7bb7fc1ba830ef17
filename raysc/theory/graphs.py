"""Graphs of models that read each other's samples: their reading matrices, and the spectra of these."""

from collections.abc import Sequence

import numpy as np

Matrix = tuple[tuple[float, ...], ...]
"""A square matrix by rows, as settings hold it."""


def reading_matrix(graph: str, count: int) -> Matrix:
    """Return W of a named graph of K models: each reads itself and its neighbours in equal shares.

    Args:
        graph: "self": no neighbours; "cycle": the two beside it; "star": model 0 has all others as neighbours, and they
            have model 0; "complete" and "pooled": all others.
        count: K.

    Returns:
        Row-stochastic (K, K).
    """
    edges = np.eye(count)
    index = np.arange(count)
    if graph == "cycle":
        edges[index, (index + 1) % count] = edges[index, (index - 1) % count] = 1
    elif graph == "star":
        edges[0] = edges[:, 0] = 1
    elif graph in ("complete", "pooled"):
        edges[:] = 1
    elif graph != "self":
        raise ValueError(f"unknown graph {graph}")
    weights = edges / edges.sum(axis=1, keepdims=True)
    return tuple(tuple(row) for row in weights.tolist())


def contraction_rate(shares: Sequence[float], reads: Matrix) -> float:
    """Return rho(diag(beta) W), the spectral radius of the linear-Gaussian loop (Vu et al. 2025, known second hand).

    The means of the models follow theta_t = (1 - beta) y + diag(beta) W theta_(t-1) + noise. They are stable if and
    only if the radius is below 1, and their errors shrink by it per generation in the end.

    Args:
        shares: beta, the share of synthetic rows in the training set of each model, 0 to 1.
        reads: W.
    """
    matrix = np.asarray(shares)[:, None] * np.asarray(reads)
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def algebraic_connectivity(reads: Matrix) -> float:
    """Return mu_2, the second smallest eigenvalue of I - W, for a symmetric W; 0 for models that read no others."""
    matrix = np.asarray(reads)
    if not np.allclose(matrix, matrix.T):
        raise ValueError("mu_2 is defined for a symmetric matrix")
    return float(np.sort(1 - np.linalg.eigvalsh(matrix))[1]) if len(matrix) > 1 else 0.0


def diversity_bound(lambda_: float, connectivity: float) -> float:
    """Return 1 / (1 + lambda mu_2)^2, the largest diversity that is left of the data's.

    Networked loops (2026, known second hand, derived again): models that mix n real rows and lambda n rows by a
    symmetric W settle at ((1 + lambda) I - lambda W)^-1 y, so an eigenvector of I - W with eigenvalue mu keeps the
    share 1 / (1 + lambda mu) of its amplitude. The statement is about means over infinitely many rows.
    """
    return 1 / (1 + lambda_ * connectivity) ** 2
