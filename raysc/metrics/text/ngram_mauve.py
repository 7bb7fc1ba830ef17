"""MAUVE of n-gram features, a divergence between generated and held-out texts."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import rel_entr

from raysc.metrics.core.columns import values_against_test
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.metrics.text.ngrams import ngrams
from raysc.rng import stream

BUCKETS = 512
"""Number of features of a text; unigrams and bigrams are hashed into them."""
ROWS_PER_CLUSTER = 10
SCALING = 5.0
"""The c of exp(-c KL)."""
MIXTURES = np.linspace(0, 1, 27)[1:-1]
"""Weights of the mixtures on the divergence frontier."""
HASH_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)


@dataclass(frozen=True)
class NgramMauve:
    """MAUVE (Pillutla et al. 2021) of n-gram features: 1 for texts of one distribution, towards 0 for disjoint ones.

    The rows of both sets are put into clusters, one for every ten rows of the smaller set, which gives two histograms
    P and Q. The frontier is the curve of (exp(-c KL(Q | R)), exp(-c KL(P | R))) over the mixtures R = w P + (1 - w) Q,
    c = 5; the value is the area under it. MAUVE clusters the hidden states of a pretrained language model; here the
    features are the square roots of the shares of a text's unigrams and bigrams, hashed into 512 buckets, so that
    nothing is downloaded. Values compare with each other, not with those of the mauve-text package. Two finite samples
    of one distribution have less than 1; the floor shows it.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 2 * ROWS_PER_CLUSTER
    columns: ClassVar[tuple[Column, ...]] = (Column("ngram_mauve", "higher", "linear", "test", bounds=SHARE),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"ngram_mauve": values_against_test(_mauve, sets)}


def _mauve(generated: Vectors, real: Vectors) -> float:
    features = text_features(generated.array)
    real_features = real.cached(text_features, lambda: text_features(real.array))
    count = min(len(features), len(real_features)) // ROWS_PER_CLUSTER
    clusters = _clusters(np.concatenate([features, real_features]), count)
    q, p = (
        np.bincount(part, minlength=count) / len(part)
        for part in (clusters[: len(features)], clusters[len(features) :])
    )
    return frontier_area(p, q)


def _clusters(features: np.ndarray, count: int) -> np.ndarray:
    """Return the cluster of each row by k-means, int32 (rows,); the start is the same for every call."""
    from scipy.cluster.vq import kmeans2  # takes 0.2 s to import; a report builds all metrics and measures none

    with warnings.catch_warnings():
        # Rows that are all alike leave clusters empty.
        warnings.filterwarnings("ignore", message="One of the clusters is empty")
        return np.asarray(kmeans2(features, count, minit="++", seed=stream(0, 0, "subsample", "ngram_mauve"))[1])


def text_features(rows: np.ndarray) -> np.ndarray:
    """Return the square roots of the shares of each row's hashed unigrams and bigrams, float64 (rows, BUCKETS)."""
    features = np.zeros((len(rows), BUCKETS))
    for row, vector in zip(rows, features, strict=True):
        for n in (1, 2):
            with np.errstate(over="ignore"):
                hashes = (ngrams(row[None], n).astype(np.uint64) + 1) @ HASH_FACTORS[:n]
            # The high bits of a product depend on all bits of its factors.
            vector += np.bincount((hashes >> np.uint64(48)) % BUCKETS, minlength=BUCKETS)
    return np.asarray(np.sqrt(features / np.maximum(features.sum(axis=1, keepdims=True), 1)))


def frontier_area(p: np.ndarray, q: np.ndarray) -> float:
    """Return the area under the divergence frontier of two histograms, 0 to 1.

    Args:
        p: probabilities, float64 (clusters,).
        q: probabilities, float64 (clusters,).
    """
    mixtures = MIXTURES[:, None] * p + (1 - MIXTURES[:, None]) * q
    x, y = (np.exp(-SCALING * rel_entr(histogram, mixtures).sum(axis=1)) for histogram in (q, p))
    # The more of P a mixture has, the further it is from Q: x falls from 1 to 0, and y rises from 0 to 1.
    return float(np.trapezoid(np.concatenate([[1], y[::-1], [0]]), np.concatenate([[0], x[::-1], [1]])))
