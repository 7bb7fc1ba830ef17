"""Coupled models that cannot run are refused before work starts."""

from collections.abc import Callable

import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

TEXT = """\
name: coupled
data: {name: gaussian, rows: 30}
model: gaussian
models: {count: 3}
loop: {generations: 4}
space: {regime: mix, lambda: 0.5}
metrics: [mean_error]
"""
TRAINED = """\
name: coupled
data: {name: eight_gaussians, rows: 30}
model: flow_matching
models: {count: 3}
initial: {steps: 2}
loop: {generations: 4, budget: {steps: 2}}
space: {regime: mix, lambda: 0.5}
metrics: [frechet_distance]
"""
MIXED = "count: 2, each: {model: [flow_matching, gaussian], initial.steps: [2, null], loop.budget: [{steps: 2}, null]}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TRAINED.replace("count: 3}", MIXED)
            .replace(", budget: {steps: 2}", "")
            .replace("initial: {steps: 2}\n", ""),
            "line 4: models: some of flow_matching, gaussian are trained in steps and others are fitted by a formula",
        ),
        (TEXT.replace("0.5}", "2}"), r"sample.rows: mix takes 60 rows .* shares the 30 .* to at least 60"),
        (TEXT.replace("mix", "{name: replace, grow: true}"), r"sample.rows: replace takes 75 rows"),
        (TEXT.replace("4}", "4, until: {metric: mean_error, above: 1}}"), "loop.until: ends seeds of a single model"),
        (TEXT.replace("count: 3", "count: 3, each: {data.dim: [1, 2, 1]}"), "line 4: models: .* same kind and shape"),
        (TEXT.replace("count: 3", "count: 3, each: {data.rows: [30, 20, 30]}"), "sample.rows: .* 30 and 20"),
        (TEXT.replace("3}", "1}").replace("mean_error", "model_diversity"), "metrics: model_diversity compares"),
    ],
)
def test_what_cannot_run_is_refused(make_sweep: MakeSweep, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate(resolve(make_sweep(text)))


def test_models_that_are_trained_in_steps_pass(make_sweep: MakeSweep) -> None:
    for text in (TRAINED, TRAINED.replace("count: 3", "count: 2, each: {model: [flow_matching, ddpm]}")):
        validate(resolve(make_sweep(text.replace("frechet_distance", "model_diversity"))))


@pytest.mark.parametrize("regime", ["mix", "accumulate", "accumulate_subsample", "redrawn", "fresh, rows: 5"])
def test_regimes_and_models_that_can_run_pass(make_sweep: MakeSweep, regime: str) -> None:
    for model in ("gaussian", "{name: kde, bandwidth: 0.5}"):
        text = TEXT.replace("regime: mix", f"regime: {{name: {regime}}}").replace("model: gaussian", f"model: {model}")
        validate(resolve(make_sweep(text.replace("mean_error", "model_diversity"))))
