"""Cells of the shipped sweeps on regimes and curations, compared with loops in plain NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
Generator = np.random.Generator

SEEDS, LOOPS = 300, 2000


def shares(generator: Generator) -> float:
    """Squared error of 10 outcomes after 6 generations of 60 rows, a fifth of them new real rows."""
    truth, p = np.full(10, 0.1), generator.multinomial(60, np.full(10, 0.1)) / 60
    for _ in range(6):
        p = (generator.multinomial(12, truth) + generator.multinomial(48, p)) / 60
    return float(np.square(p - truth).sum())


def grown(generator: Generator) -> float:
    """Squared error of the mean after 5 generations of 20 t^2 rows in one dimension."""
    rows = generator.standard_normal(20)
    for t in range(1, 6):
        rows = rows.mean() + rows.std(ddof=1) * generator.standard_normal(20 * t * t)
    return float(rows.mean() ** 2)


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    weights: np.ndarray = np.linalg.solve(x.T @ x, x.T @ y)
    return weights


def verifier(generator: Generator) -> float:
    """Error of a regression after 3 generations of 60 verified rows, two of each x."""
    x = generator.standard_normal((60, 2))
    w, doubled = fit(x, x.sum(axis=1) + generator.standard_normal(60)), np.tile(x, (2, 1))
    for _ in range(3):
        y = doubled @ w + generator.standard_normal(120)
        order = generator.permutation(60)
        y, candidates = y[np.r_[order, 60:120]], doubled[np.r_[order, 60:120]]
        kept = np.flatnonzero(np.abs(y - candidates.sum(axis=1) / 2) <= 2.0)[:60]
        w = fit(candidates[kept], y[kept])
    return float(np.square(w - 1).sum())


def top_alpha(generator: Generator) -> float:
    """Variance after 6 generations of 50 accumulated rows, the half of 100 that is nearest to 0."""
    pool = generator.standard_normal(50)
    for _ in range(6):
        candidates = pool.mean() + pool.std() * generator.standard_normal(100)
        pool = np.concatenate([pool, candidates[np.argsort(np.abs(candidates))[:50]]])
    return float(pool.var())


def luce(generator: Generator) -> float:
    """Distance of the share of outcome 1 from 0.2 after 4 generations of 100 choices of 2, a quarter adversarial."""
    p = generator.binomial(100, 0.2) / 100
    for _ in range(4):
        pairs = generator.random((100, 2)) < p
        sign = np.where(generator.random(100) < 0.25, -1, 1)
        first = 1 / (1 + np.exp(sign * (pairs[:, 1].astype(float) - pairs[:, 0])))  # rewards 0 and -1
        p = np.where(generator.random(100) < first, pairs[:, 0], pairs[:, 1]).mean()
    return abs(float(p) - 0.2)


def edited(generator: Generator) -> float:
    """Error of a regression after 4 generations, in which 20, 10, 5 and 2.5 of 40 labels are replaced."""
    x = generator.standard_normal((40, 2))
    y = x.sum(axis=1) + generator.standard_normal(40)
    for t in range(4):
        w = fit(x, y)
        edits = generator.permutation(40)[: round(20 / 2**t)]
        y[edits] = x[edits] @ w + generator.standard_normal(len(edits))
    return float(np.square(fit(x, y) - 1).sum())


def corrected(generator: Generator) -> float:
    """Squared error of the mean after 2 generations of 50 real rows and 200 rows moved halfway to their mean."""
    real = generator.standard_normal(50)
    rows = real[:2]
    for _ in range(2):
        samples = rows.mean() + rows.std() * generator.standard_normal(200)
        rows = np.concatenate([real, (samples + real.mean()) / 2])
    return float(rows.mean() ** 2)


def window(generator: Generator) -> float:
    """Squared error of the mean after 5 generations of 20 real rows and the last two batches of 20."""
    real = generator.standard_normal(20)
    rows, batches = real[:2], list[np.ndarray]()
    for _ in range(5):
        batches = [*batches, rows.mean() + rows.std() * generator.standard_normal(20)][-2:]
        rows = np.concatenate([real, *batches])
    return float(rows.mean() ** 2)


def strong_collapse(generator: Generator) -> float:
    """Error of a regression on 100 real rows and 100 rows of a model of 20, by their x among 200."""
    x = generator.standard_normal((200, 3))
    y = x.sum(axis=1) + generator.standard_normal(200)
    w = fit(x[:20], y[:20])
    real, labelled = generator.permutation(200)[:100], generator.permutation(200)[:100]
    labels = x[labelled] @ w + generator.standard_normal(100)
    return float(np.square(fit(np.r_[x[real], x[labelled]], np.r_[y[real], labels]) - 1).sum())


@dataclass(frozen=True)
class Case:
    """A small cell of a shipped sweep, and the loop that it must agree with."""

    file: str
    metric: str
    last: int
    cell: str
    loop: Callable[[Generator], float]
    others: tuple[str, ...] = ()


CASES = (
    Case("shares_discrete", "l2_error", 6, "regime: shares, regime.real: 0.2, regime.fresh: true", shares,
         ("data={name: categories, rows: 60}",)),
    Case("grown_gaussian", "mean_error", 5, "regime: grown, regime.power: 2", grown, ("data.dim=1", "data.rows=20")),
    Case("verifier_regression", "test_error", 3,
         "regime: replace, curation: linear_verifier, curation.centre: 0.5, curation.slack: 2", verifier,
         ("data.dim=2", "data.rows=60")),
    Case("top_alpha_accumulate", "trace_ratio", 6, "regime: accumulate, curation: top_alpha, curation.alpha: 0.5",
         top_alpha, ("data.rows=50",)),
    Case("luce_discrete", "total_variation", 4, "regime: replace, curation: luce, curation.target: 1, "
         "curation.strength: 2, curation.adversarial: 0.25", luce, ("data.rows=100",)),
    Case("edited_regression", "test_error", 4, "regime: incremental, regime.share: 0.5, regime.decay: 0.5", edited,
         ("data.dim=2", "data.rows=40")),
    Case("corrected_gaussian", "mean_error", 2, "regime: mix, lambda: 4, curation: corrected, curation.strength: 1",
         corrected, ("data.dim=1", "data.rows=50")),
    Case("window_gaussian", "mean_error", 5, "regime: window, regime.width: 2", window,
         ("data.dim=1", "data.rows=20")),
    Case("strong_collapse_regression", "test_error", 1, "regime: shares, regime.real: 0.5, data.rows: 200",
         strong_collapse, ("data.dim=3", "initial.rows=20")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.file for case in CASES])
def test_a_cell_agrees_with_a_loop_of_its_own(case: Case, run_sweep: RunSweep, tmp_path: Path) -> None:
    settings = (f"space=[{{{case.cell}}}]", f"seeds={SEEDS}", f"loop.generations={case.last}", "claims=[]")
    table = judge(case.file, tmp_path, run_sweep, *case.others, *settings, f"measure=[{case.last}]").table
    values = table[case.metric].to_numpy()
    expected = np.array([case.loop(np.random.default_rng(seed)) for seed in range(LOOPS)])
    error = np.hypot(values.std() / np.sqrt(SEEDS), expected.std() / np.sqrt(LOOPS))
    assert abs(values.mean() - expected.mean()) < 4 * error, (values.mean(), expected.mean(), error)
