"""The same cells by a plain loop over seeds and by raysc, on the same cores.

    python benchmarks/toy.py

A Gaussian and a kernel density estimate under three regimes, 100 fits each, scored on held-out rows at every
generation. The plain loop is what one writes with NumPy and scikit-learn, one run after another in as many processes
as there are cores; raysc is the whole command, the start of Ray included. The draws differ, so the last column
compares the mean scores of the last generation, in standard errors of their difference.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import multivariate_normal
from sklearn.datasets import make_circles
from sklearn.neighbors import KernelDensity

SEEDS, GENERATIONS, ROWS, DIM, WIDTH = 24, 99, 100, 10, 0.5
MODELS = ("gaussian", "kde")
REGIMES = ("replace", "accumulate", "accumulate_subsample")
GRID = f"""
name: toy
model: gaussian
loop: {{generations: {GENERATIONS}}}
space:
  - regime: [{", ".join(REGIMES)}]
    data: [{{name: gaussian, dim: {DIM}, rows: {ROWS}}}]
  - regime: [{", ".join(REGIMES)}]
    data: [{{name: circles, rows: {ROWS}}}]
    model: [{{name: kde, bandwidth: {WIDTH}}}]
seeds: {SEEDS}
metrics: [nll]
control: false
"""


def plain(run: tuple[str, str, int]) -> float:
    """One run, as one would write it; the score of the last generation."""
    model, regime, seed = run
    rng = np.random.default_rng(seed)
    real, test = (rows(model, count, rng) for count in (ROWS, 500))
    pool, train = real, real
    score = np.nan
    for _ in range(GENERATIONS + 1):
        if model == "gaussian":
            mean, covariance = train.mean(axis=0), np.cov(train.T, ddof=0)
            score = -multivariate_normal(mean, covariance, allow_singular=True).logpdf(test).mean()
            new = rng.multivariate_normal(mean, covariance, size=ROWS)
        else:
            kde = KernelDensity(bandwidth=WIDTH).fit(train)
            score = -kde.score_samples(test).mean()
            new = kde.sample(ROWS, random_state=rng.integers(2**31))
        pool = np.concatenate([pool, new])
        if regime == "replace":
            train = new
        elif regime == "accumulate":
            train = pool
        else:
            train = pool[rng.choice(len(pool), ROWS, replace=False)]
    return float(score)


def rows(model: str, count: int, rng: np.random.Generator) -> np.ndarray:
    if model == "gaussian":
        return rng.standard_normal((count, DIM))
    return make_circles(count, noise=0.05, random_state=int(rng.integers(2**31)))[0]


def by_raysc(folder: Path) -> tuple[float, pd.DataFrame]:
    """Wall time of the command, and its table."""
    file = folder / "toy.yaml"
    file.write_text(GRID)
    command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", str(file)]
    began = time.perf_counter()
    subprocess.run([*command, "--storage", str(folder / "store")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, pd.read_parquet(folder / "store/sweeps/toy/table.parquet")


def main() -> None:
    cores = os.cpu_count() or 1
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # a process each, as raysc has it
    cells = list(product(MODELS, REGIMES))
    with tempfile.TemporaryDirectory() as folder:
        whole, table = by_raysc(Path(folder))
    seconds = [name for name in table if name.startswith("seconds_") and name != "seconds_wait"]
    data = {"gaussian": "gaussian", "kde": "circles"}
    total = 0.0
    print(f"{len(cells)} cells x {SEEDS} seeds x {GENERATIONS + 1} fits on {cores} cores")
    print(f"{'':29}{'plain':>10}{'raysc':>10}{'ratio':>8}   difference")
    with get_context("spawn").Pool(cores) as pool:
        pool.map(abs, range(cores))  # the processes are up
        for model, regime in cells:
            began = time.perf_counter()
            scores = np.array(pool.map(plain, [(model, regime, seed) for seed in range(SEEDS)], chunksize=1))
            spent = (time.perf_counter() - began) * cores
            total += spent / cores
            own = table[(table["data.name"] == data[model]) & (table["regime"] == regime)]
            inside = float(own[seconds].to_numpy().sum())
            last = own[own["generation"] == GENERATIONS]["nll"]
            error = np.hypot(scores.std(ddof=1), last.std(ddof=1)) / np.sqrt(SEEDS)
            print(
                f"{model:9}{regime:20}{spent:8.1f} s{inside:8.2f} s{spent / inside:8.0f}   "
                f"{(scores.mean() - last.mean()) / error:+.1f}"
            )
    print(f"core-seconds above; wall time: plain {total:.0f} s, raysc {whole:.0f} s with the start of Ray")


if __name__ == "__main__":
    main()
