"""The shipped sweeps on networked loops: claims hold, fail on broken loops, and cells agree with independent loops."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from raysc.execution import model_loops
from raysc.pool.exchange import Seeds, read_samples
from raysc.pool.rows import Rows
from raysc.settings import Coupling
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.theory.coupled import CoupledGaussians
from raysc.theory.graphs import reading_matrix
from tests.theory.deck import judge

RunSweep = Callable[[Sweep, Objects], None]
FEW = ("seeds=4", "data.rows=4000")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["networked_diversity", "networked_stability"])
def test_no_claim_fails(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    judged = judge(name, tmp_path, run_sweep, *FEW)
    assert set(judged.verdicts.values()) <= {"holds", "undecided"}
    assert [says for says in judged.differing() if "at most" in says] == []


def own_rows(coupling: Coupling, sampled: Sequence[Rows | None], generation: int, seeds: Sequence[Seeds]) -> Rows:
    """Read the model's own rows only."""
    rows = sampled[coupling.index]
    assert rows is not None
    return rows


def rows_of_readers(
    coupling: Coupling, sampled: Sequence[Rows | None], generation: int, seeds: Sequence[Seeds]
) -> Rows:
    """Read the models that should read this one: W transposed, its rows scaled to sum to 1."""
    matrix = np.array(coupling.reads).T
    reads = tuple(map(tuple, (matrix / matrix.sum(axis=1, keepdims=True)).tolist()))
    return read_samples(coupling.model_copy(update={"reads": reads}), sampled, generation, seeds)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "broken", "words", "count"),
    [
        ("networked_diversity", own_rows, "at most", 3),
        ("networked_stability", own_rows, " by 0.", 3),
        ("networked_stability", rows_of_readers, " by 0.784", 1),
    ],
)
def test_claims_fail_on_a_broken_exchange(
    name: str, broken: object, words: str, count: int,
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(model_loops, "read_samples", broken)
    judged = judge(name, tmp_path, run_sweep, *FEW)
    failed = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert len([says for says in failed if words in says]) == count


def coupled_loop(graph: str, keeps: Sequence[bool], rows: int, generations: int, seeds: int) -> dict[str, np.ndarray]:
    """Simulate one-dimensional Gaussian models with the means 0, 1, 4; return the last values, (seeds,) each."""
    generator, truth = np.random.default_rng(4), np.array([0.0, 1.0, 4.0])
    matrix = np.array(reading_matrix(graph, 3))
    real = truth[:, None, None] + generator.normal(size=(3, seeds, rows))
    training = list(real)
    for t in range(generations + 1):
        mean = np.stack([of_model.mean(axis=1) for of_model in training])
        deviation = np.stack([of_model.std(axis=1) for of_model in training])
        samples = mean[..., None] + deviation[..., None] * generator.normal(size=real.shape)
        if t == generations:
            break
        for model in range(3):
            counts = np.rint(matrix[model] * rows).astype(int)
            read = []
            for seed in range(seeds):
                origins = generator.permutation(np.repeat(np.arange(3), counts))
                read.append(samples[origins, seed, np.arange(rows)])
            training[model] = np.concatenate([real[model], read], axis=1) if keeps[model] else np.array(read)
    diversity = samples.mean(axis=2).var(axis=0)
    return {"model_diversity": diversity, "mean_error": (mean[0] - truth[0]) ** 2, "trace_ratio": deviation[0] ** 2}


@pytest.mark.parametrize(("graph", "keeps"), [("star", (True, False, False)), ("complete", (True, True, True))])
def test_moments_agree_with_an_independent_loop(graph: str, keeps: tuple[bool, ...]) -> None:
    values = coupled_loop(graph, keeps, 12, 4, 3000)
    gaussians = CoupledGaussians(12, (0, 1, 4), keeps, (True,) * 3, reading_matrix(graph, 3))
    moments = gaussians.moments(4)[-1]
    expected = {
        "model_diversity": moments.diversity(12),
        "mean_error": moments.mean_error((0, 1, 4))[0],
        "trace_ratio": moments.variance[0],
    }
    for name, of_seeds in values.items():
        assert abs(of_seeds.mean() - expected[name]) < 4 * of_seeds.std() / np.sqrt(len(of_seeds)), name


@pytest.mark.slow
@pytest.mark.parametrize("graph", ["star", "complete", "pooled"])
@pytest.mark.parametrize("real", ["own", "common"])
def test_cells_agree_with_the_moments(graph: str, real: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    means, of_data = ((0, 0, 0), "") if real == "common" else ((0, 1, 4), "data.mean: [0, 1, 4], ")
    models = f"models={{count: 3, reads: {graph}, real: {real}, each: {{{of_data}regime: [mix, replace, mix]}}}}"
    few = ("seeds=600", "data.rows=12", "loop.generations=4", "measure=[0, 1, 4]", "claims=[]", "control=false")
    metrics = "metrics=[model_diversity, mean_error, trace_ratio]"
    table = judge("networked_diversity", tmp_path, run_sweep, *few, models, metrics, "space={lambda: 1}").table
    gaussians = CoupledGaussians(
        12, means, (True, False, True), (True,) * 3, reading_matrix(graph, 3), graph == "pooled", real == "common"
    )
    for t in (0, 1, 4):
        moments = gaussians.moments(4)[t]
        for model in range(3):
            rows = table[(table["generation"] == t) & (table["models.index"] == model)]
            expected = {
                "model_diversity": moments.diversity(12),
                "mean_error": moments.mean_error(means)[model],
                "trace_ratio": moments.variance[model],
            }
            for name, value in expected.items():
                error = rows[name].std() / np.sqrt(len(rows))
                assert abs(rows[name].mean() - value) < 4.5 * error, (t, model, name)
