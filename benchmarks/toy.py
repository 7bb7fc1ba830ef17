"""The same cells by a plain loop over seeds and by raysc, on the same cores.

    python benchmarks/toy.py

A Gaussian, a kernel density estimate, a linear regression and a discrete distribution under three regimes, 100 fits
each, scored at every generation. The plain loop is what one writes with NumPy and scikit-learn, one run after another
in as many processes as there are cores; raysc is one command for each model, the start of Ray included. The draws
differ, so the last column compares the mean scores of the last generation, in standard errors of their difference.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import entropy, multivariate_normal
from sklearn.datasets import make_circles
from sklearn.neighbors import KernelDensity

SEEDS, GENERATIONS = 24, 99
ROWS, DIM, WIDTH, NOISE = 100, 10, 0.5, 1.0
DISCRETE_ROWS, OUTCOMES = 10_000, 100
REGIMES = ("replace", "accumulate", "accumulate_subsample")


@dataclass(frozen=True)
class Task:
    """Data, model and metric of a toy, as a sweep file names them."""

    data: str
    model: str
    metric: str


TASKS = {
    "gaussian": Task(f"{{name: gaussian, dim: {DIM}, rows: {ROWS}}}", "gaussian", "nll"),
    "kde": Task(f"{{name: circles, rows: {ROWS}}}", f"{{name: kde, bandwidth: {WIDTH}}}", "nll"),
    "regression": Task(
        f"{{name: linear, dim: {DIM}, rows: {ROWS}, noise: {NOISE}}}", "linear_regression", "test_error"
    ),
    "discrete": Task(f"{{name: categories, outcomes: {OUTCOMES}, rows: {DISCRETE_ROWS}}}", "discrete", "entropy"),
}


def plain(run: tuple[str, str, int]) -> float:
    """One run, as one would write it; the score of the last generation."""
    task, regime, seed = run
    rng = np.random.default_rng(seed)
    real = rows(task, DISCRETE_ROWS if task == "discrete" else ROWS, rng)
    test = rows(task, 1000 if task == "regression" else 500, rng)
    pool, train = real, real
    score = np.nan
    for _ in range(GENERATIONS + 1):
        score, new = fit_score_sample(task, train, test, real, rng)
        pool = np.concatenate([pool, new])
        if regime == "replace":
            train = new
        elif regime == "accumulate":
            train = pool
        else:
            train = pool[rng.choice(len(pool), len(real), replace=False)]
    return float(score)


def fit_score_sample(
    task: str, train: np.ndarray, test: np.ndarray, real: np.ndarray, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    if task == "gaussian":
        mean, covariance = train.mean(axis=0), np.cov(train.T, ddof=0)
        score = -multivariate_normal(mean, covariance, allow_singular=True).logpdf(test).mean()
        return score, rng.multivariate_normal(mean, covariance, size=ROWS)
    if task == "kde":
        kde = KernelDensity(bandwidth=WIDTH).fit(train)
        return -kde.score_samples(test).mean(), kde.sample(ROWS, random_state=rng.integers(2**31))
    if task == "regression":
        weights = np.linalg.lstsq(train[:, :-1], train[:, -1], rcond=None)[0]
        score = np.square(test[:, :-1] @ (weights - 1)).mean()
        x = real[:, :-1]
        return score, np.column_stack([x, x @ weights + NOISE * rng.standard_normal(ROWS)])
    shares = np.bincount(train, minlength=OUTCOMES) / len(train)
    return entropy(shares), rng.choice(OUTCOMES, DISCRETE_ROWS, p=shares)


def rows(task: str, count: int, rng: np.random.Generator) -> np.ndarray:
    if task == "gaussian":
        return rng.standard_normal((count, DIM))
    if task == "kde":
        return make_circles(count, noise=0.05, random_state=int(rng.integers(2**31)))[0]
    if task == "regression":
        x = rng.standard_normal((count, DIM))
        return np.column_stack([x, x.sum(axis=1) + NOISE * rng.standard_normal(count)])
    return rng.integers(OUTCOMES, size=count)


def by_raysc(name: str, task: Task, folder: Path) -> tuple[float, pd.DataFrame]:
    """Wall time of the command, and its table."""
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: toy-{name}\ndata: {task.data}\nmodel: {task.model}\nloop: {{generations: {GENERATIONS}}}\n"
        f"space: {{regime: [{', '.join(REGIMES)}]}}\nseeds: {SEEDS}\nmetrics: [{task.metric}]\ncontrol: false\n"
    )
    command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", str(file)]
    began = time.perf_counter()
    subprocess.run([*command, "--storage", str(folder / "store")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, pd.read_parquet(folder / f"store/sweeps/toy-{name}/table.parquet")


def main() -> None:
    cores = os.cpu_count() or 1
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # a process each, as raysc has it
    with tempfile.TemporaryDirectory() as folder:
        found = {name: by_raysc(name, task, Path(folder)) for name, task in TASKS.items()}
    total = 0.0
    print(f"{len(TASKS) * len(REGIMES)} cells x {SEEDS} seeds x {GENERATIONS + 1} fits on {cores} cores")
    print(f"{'':31}{'plain':>10}{'raysc':>10}{'ratio':>8}   difference")
    with get_context("spawn").Pool(cores) as pool:
        pool.map(abs, range(cores))  # the processes are up
        for name, task in TASKS.items():
            table = found[name][1]
            seconds = [column for column in table if column.startswith("seconds_") and column != "seconds_wait"]
            for regime in REGIMES:
                began = time.perf_counter()
                scores = np.array(pool.map(plain, [(name, regime, seed) for seed in range(SEEDS)], chunksize=1))
                spent = (time.perf_counter() - began) * cores
                total += spent / cores
                own = table[table["regime"] == regime]
                inside = float(own[seconds].to_numpy().sum())
                last = own[own["generation"] == GENERATIONS][task.metric]
                error = np.hypot(scores.std(ddof=1), last.std(ddof=1)) / np.sqrt(SEEDS)
                print(
                    f"{name:11}{regime:20}{spent:8.1f} s{inside:8.2f} s{spent / inside:8.0f}   "
                    f"{(scores.mean() - last.mean()) / error:+.1f}"
                )
    walls = ", ".join(f"{name} {wall:.0f} s" for name, (wall, _) in found.items())
    print(f"core-seconds above; wall time: plain {total:.0f} s, raysc {walls}, each with the start of Ray")


if __name__ == "__main__":
    main()
