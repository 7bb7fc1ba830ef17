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
            TEXT.replace("loop: {", "loop: {sample: {guide: {weight: 0.5}}, "),
            "line 4: loop.sample.guide: draws rows by generation 0's model, which is another one in a fork",
        ),
    ],
)
def test_what_cannot_run_is_refused(make_sweep: MakeSweep, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate(resolve(make_sweep(text)))


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("bernoulli", "bernoulli"),
        ("poisson", "poisson"),
        ("discrete", "categories"),
        ("logistic_regression", "logistic"),
        ("uniform_with_spike", "uniform"),
        ("gaussian_copula", "gaussian"),
        ("{name: gaussian_mixture, components: 2}", "gaussian"),
    ],
)
def test_families_whose_refits_jump_are_refused(make_sweep: MakeSweep, model: str, data: str) -> None:
    text = TEXT.replace("{name: gaussian,", f"{{name: {data},").replace("model: gaussian", f"model: {model}")
    with pytest.raises(InputError, match=r"metrics: fork_distance measures a Jacobian, and [a-z_]+ has none"):
        validate(resolve(make_sweep(text.replace("mean_error, ", ""))))


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("exponential", "exponential"),
        ("student_t", "gaussian"),
        ("linear_regression", "linear"),
        ("{name: kde, bandwidth: 0.3}", "gaussian"),
    ],
)
def test_families_whose_refits_change_smoothly_have_forks(make_sweep: MakeSweep, model: str, data: str) -> None:
    text = TEXT.replace("{name: gaussian,", f"{{name: {data},").replace("model: gaussian", f"model: {model}")
    validate(resolve(make_sweep(text.replace("mean_error, ", ""))))


def test_the_probe_adds_its_metric_once(make_sweep: MakeSweep) -> None:
    for metrics in ("mean_error, fork_distance", "mean_error"):
        sweep = make_sweep(TEXT.replace("mean_error, fork_distance", metrics), "probe.contraction=true")
        validate(resolve(sweep))
        assert [metric.name for metric in sweep.metrics] == ["mean_error", "fork_distance"]
