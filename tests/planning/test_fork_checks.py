"""Sweeps whose loops cannot have forks are refused before work starts."""

from collections.abc import Callable

import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

TEXT = """\
name: forks
data: {name: gaussian, rows: 30}
model: gaussian
loop: {generations: 4}
space: {regime: mix, lambda: 0.5}
metrics: [mean_error, fork_distance]
"""
TRAINED = """\
name: forks
data: {name: eight_gaussians, rows: 30}
model: flow_matching
initial: {steps: 2}
loop: {generations: 4, budget: {steps: 2}}
space: {regime: mix, lambda: 0.5}
metrics: [frechet_distance, fork_distance]
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TRAINED, "line 7: metrics: fork_distance runs a second loop .* flow_matching is trained in steps"),
        (TEXT.replace("4}", "4, until: {metric: mean_error, above: 1}}"), "loop.until: ends seeds before their forks"),
        (TEXT.replace("loop:", "initial: {rows: 1}\nloop:"), "initial.rows: a fork starts from half of these rows"),
        (
            TEXT.replace("data: {name: gaussian", "data: {name: categories")
            .replace("model: gaussian", "model: discrete")
            .replace("mean_error", "entropy"),
            "metrics: fork_distance compares parameters, and discrete has counts",
        ),
        (
            TEXT.replace("model: gaussian", "model: {name: gaussian_mixture, components: 2}"),
            "metrics: fork_distance compares the parameters of two fits, and those of gaussian_mixture have no fixed",
        ),
        (
            TEXT.replace("model: gaussian", "model: gaussian_copula").replace("mean_error", "feature_variance"),
            "metrics: fork_distance compares the parameters of two fits, and those of gaussian_copula have no fixed",
        ),
    ],
)
def test_what_cannot_run_is_refused(make_sweep: MakeSweep, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate(resolve(make_sweep(text)))


def test_the_probe_adds_its_metric_once(make_sweep: MakeSweep) -> None:
    for metrics in ("mean_error, fork_distance", "mean_error"):
        sweep = make_sweep(TEXT.replace("mean_error, fork_distance", metrics), "probe.contraction=true")
        validate(resolve(sweep))
        assert [metric.name for metric in sweep.metrics] == ["mean_error", "fork_distance"]
