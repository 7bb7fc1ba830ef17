"""Settings that the families of a sweep do not go by are refused, with the line that sets them."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.planning import validation
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate, validation_notes
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

POINTS = """\
name: points
data: eight_gaussians
model: normalizing_flow
initial: {steps: 5}
loop: {generations: 2, budget: {steps: 5}}
train: {batch: 33}
space: {regime: replace}
seeds: 2
metrics: [nll]
"""

GAUSSIAN = """\
name: wide
data: {name: gaussian, dim: 60, rows: 59}
model: gaussian
loop: {generations: 2}
space: {regime: replace}
metrics: [frechet_distance]
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("resources.workers=2", r"resources\.workers: normalizing_flow on eight_gaussians runs on one rank"),
        ("train.precision=bf16", r"train\.precision: networks of points train in plain float32"),
        ("loop.train.precision=bf16", r"loop\.train\.precision: networks of points train in plain float32"),
        ("sample.steps=5", r"sample\.steps: normalizing_flow does not take it; it takes rows, latents"),
        ("loop.sample.steps=5", r"loop\.sample\.steps: normalizing_flow does not take it; it takes rows, latents"),
        ("data=digits", "normalizing_flow models points"),
        ("model=ddpm", "nll needs a model with log_prob, which Ddpm does not have"),
    ],
)
def test_what_a_family_of_points_does_not_go_by_is_refused(make_sweep: MakeSweep, change: str, words: str) -> None:
    sweep = make_sweep(POINTS, change)
    with pytest.raises(InputError, match=words):
        validate(resolve(sweep))


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("train.precision: [fp32, bf16]", r"train\.precision: networks of points train in plain float32"),
        ("sample.steps: [5]", r"sample\.steps: normalizing_flow does not take it"),
        ("loop.train.precision: [fp32, bf16]", r"loop\.train\.precision: networks of points train in plain float32"),
        ("model: [normalizing_flow, ddpm]", "nll needs a model with log_prob, which Ddpm does not have"),
    ],
)
def test_a_later_cell_that_shares_components_is_checked_too(make_sweep: MakeSweep, axis: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        validate(resolve(make_sweep(POINTS, f"space={{regime: replace, {axis}}}")))


def test_cells_with_equal_data_and_model_are_checked_once(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell has a closed-form family of its own, so a plan of 10,000 cells checked one model 10,000 times."""
    checked: list[tuple[int, ...]] = []
    monkeypatch.setattr(validation, "check_metrics", lambda metrics, data, family, rows: checked.append(data.event))
    axes = "space={regime: [mix, accumulate], lambda: [0.5, 1, 2], data.dim: [1, 2]}"
    validate(resolve(make_sweep(GAUSSIAN, axes)))
    assert sorted(checked) == [(1,), (2,)]


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("data.rows: [59, 1]", "frechet_distance needs at least 2 generated rows"),
        ("sample.rows: [59, 1]", "frechet_distance needs at least 2 generated rows"),
        ("model: [gaussian, discrete]", "discrete"),
        ("data: [{name: gaussian, dim: 60, rows: 59}, stories]", "gaussian is no model of text"),
    ],
)
def test_a_later_cell_of_a_closed_form_family_is_checked_too(make_sweep: MakeSweep, axis: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        validate(resolve(make_sweep(GAUSSIAN, f"space={{regime: replace, {axis}}}")))


def test_a_closed_form_family_needs_rows(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(GAUSSIAN, "space={regime: counts, regime.real: [0], regime.synthetic: [0]}", "control=false")
    with pytest.raises(InputError, match="regime: counts leaves generation 1 no rows, and gaussian is fitted to rows"):
        validate(resolve(sweep))


def test_several_ranks_answer_for_the_cross_entropy_of_text_and_not_for_densities(make_sweep: MakeSweep) -> None:
    text = ("data={name: stories, form: chat, rows: 40, length: 48}", "model=causal_lm", "train.batch=32")
    sweep = make_sweep(POINTS, *text, "metrics=[cross_entropy, distinct_n]", "resources.workers=2")
    validate(resolve(sweep))
    sweep = make_sweep(POINTS, *text, "metrics=[nll]", "resources.workers=2")
    with pytest.raises(InputError, match=r"resources\.workers: nll looks at models, which several workers hold"):
        validate(resolve(sweep))


@pytest.mark.parametrize(
    ("model", "setting", "takes"),
    [
        (
            "flow_matching",
            "spacing=quadratic",
            "rows, steps, .*, latents, truncation, guide, precision",
        ),
        ("ddpm", "rtol=1e-3", "rows, steps, sampler, spacing, epsilon, latents, truncation, guide, precision"),
        ("edm", "sampler=euler", "rows, steps, latents, truncation, guide, precision"),
    ],
)
def test_settings_of_other_samplers_are_refused(make_sweep: MakeSweep, model: str, setting: str, takes: str) -> None:
    sweep = make_sweep(POINTS, f"model={model}", "metrics=[modes_covered]", f"sample.{setting}")
    name, _, _ = setting.partition("=")
    with pytest.raises(InputError, match=rf"sample\.{name}: {model} does not take it; it takes {takes}$"):
        validate(resolve(sweep))


def test_more_sampling_steps_than_noise_levels_are_refused(make_sweep: MakeSweep) -> None:
    changes = ("model=ddpm", "metrics=[modes_covered]")
    sweep = make_sweep(POINTS, *changes, "sample.steps=1000")
    validate(resolve(sweep))
    sweep = make_sweep(POINTS, *changes, "sample.steps=1001")
    with pytest.raises(InputError, match=r"sample\.steps: ddpm has 1000 noise levels, so at most as many steps"):
        validate(resolve(sweep))


def test_half_precision_needs_a_device(make_sweep: MakeSweep) -> None:
    images = ("data=digits", "model=ddpm", "metrics=[recall]", "train.batch=32")
    for key in ("train.precision", "loop.train.precision"):
        sweep = make_sweep(POINTS, *images, f"{key}=fp16")
        with pytest.raises(InputError, match=rf"{key}: fp16 needs a GPU; set resources\.gpus"):
            validate(resolve(sweep))
    sweep = make_sweep(POINTS, *images, "train.precision=fp16", "resources.gpus=1")
    validate(resolve(sweep))


@pytest.mark.parametrize("precision", ["tf32", "fp16"])
def test_sampling_precisions_of_gpus_need_one(make_sweep: MakeSweep, precision: str) -> None:
    images = ("data=digits", "model=ddpm", "metrics=[recall]", "train.batch=32")
    for key in ("sample.precision", "loop.sample.precision"):
        sweep = make_sweep(POINTS, *images, f"{key}={precision}")
        with pytest.raises(InputError, match=rf"{key}: {precision} needs a GPU; set resources\.gpus"):
            validate(resolve(sweep))
        validate(resolve(make_sweep(POINTS, *images, f"{key}={precision}", "resources.gpus=1")))


def test_networks_of_points_sample_in_float32(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(POINTS, "model=ddpm", "metrics=[modes_covered]", "sample.precision=bf16")
    with pytest.raises(InputError, match=r"sample\.precision: networks of points sample in plain float32"):
        validate(resolve(sweep))


def test_a_frechet_distance_of_fewer_rows_than_features_is_noted(make_sweep: MakeSweep, image_files: None) -> None:
    change = ("data=digits", "model=ddpm", "metrics=[{name: frechet_distance, features: inception}, recall]")
    sweep = make_sweep(POINTS, *change)
    (note,) = validation_notes(resolve(sweep))
    assert note.startswith("frechet_distance on inception: 360 rows are fewer than its 2048 features")
    sweep = make_sweep(POINTS, *change[:2], "metrics=[frechet_distance]")
    assert not validation_notes(resolve(sweep))
    sweep = make_sweep(POINTS, *change[:2], "metrics=[frechet_distance]", "sample.rows=50")
    (note,) = validation_notes(resolve(sweep))
    assert note.startswith("frechet_distance on classifier: 50 rows are fewer than its 64 features")
    sweep = make_sweep(GAUSSIAN)
    (note,) = validation_notes(resolve(sweep))
    assert note.startswith("frechet_distance on coordinates: 59 rows are fewer than its 60 features")


def test_a_family_that_lists_sampling_settings_must_apply_them(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "listing_family.py").write_text(
        "from raysc.models.closed_form.exponential import Exponential\n"
        "class Listing(Exponential):\n    sample_settings = ('temperature',)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sweep = make_sweep(
        GAUSSIAN, "data={name: exponential, rows: 9}", "model='listing_family:Listing'", "metrics=[mean_error]"
    )
    with pytest.raises(InputError, match=r"model: listing_family:Listing has sample_settings, but no sampling_state"):
        validate(resolve(sweep))


@pytest.mark.parametrize("setting", ["temperature", "covariance_scale"])
def test_scales_whose_squares_overflow_are_refused(make_sweep: MakeSweep, setting: str) -> None:
    validate(resolve(make_sweep(GAUSSIAN, f"sample.{setting}=1e100")))
    with pytest.raises(InputError, match=rf"sample\.{setting}: .*1e\+100"):
        make_sweep(GAUSSIAN, f"sample.{setting}=1e200")


def test_a_regime_that_answers_with_something_else_is_named(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counting_regime.py").write_text(
        "class Ten:\n    default_lambda = 1.0\n    version = 1\n    def recipe(self, t, n, lambda_): return 10\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sweep = make_sweep(GAUSSIAN, "space.regime='counting_regime:Ten'")
    with pytest.raises(InputError, match=r"regime: counting_regime:Ten gave int for generation 1; expected a Recipe"):
        validate(resolve(sweep))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ["space.regime={name: curated, target: [1, 2, 3]}"],
            r"regime\.target: 3 coordinates, but rows of shape \(60,\)",
        ),
        (["space.regime='greedy_regime:Greedy'"], "Greedy asks for 118 real rows, the data has 59"),
    ],
)
def test_a_regime_that_cannot_choose_among_these_rows_is_refused(
    make_sweep: MakeSweep, change: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greedy_regime.py").write_text(
        "from raysc.regimes.recipe import REAL, Recipe, Take\n"
        "class Greedy:\n    default_lambda = 1.0\n    version = 1\n"
        "    def recipe(self, t, n, lambda_): return Recipe((Take(REAL, n, 2 * n, self.choose),))\n"
        "    def choose(self, candidates, real, count, generator): return range(count)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sweep = make_sweep(GAUSSIAN, *change, "space.lambda=1")
    with pytest.raises(InputError, match=words):
        validate(resolve(sweep))


def test_text_is_not_curated_by_distances(make_sweep: MakeSweep) -> None:
    text = ("data={name: stories, form: chat, rows: 40, length: 48}", "model=causal_lm", "train.batch=32")
    sweep = make_sweep(POINTS, *text, "metrics=[cross_entropy]", "space={regime: curated, lambda: 1}")
    with pytest.raises(InputError, match=r"regime: curated prefers rows near a point"):
        validate(resolve(sweep))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("seeds={train: 2}", "seeds.train: gaussian is fitted in closed form, which draws nothing; set train: 1"),
        ("metrics=[fork_distance]", "seeds: fork_distance needs independent replicates"),
        ("search={threshold: lambda, range: [0.5, 2]}", "seeds: a search for a threshold adds seeds"),
    ],
)
def test_purposes_that_draw_nothing_have_one_seed(make_sweep: MakeSweep, change: str, words: str) -> None:
    text = (
        "data: {name: gaussian, dim: 1, rows: 8}\nmodel: gaussian\nloop: {generations: 4}\nspace: {regime: replace}\n"
    )
    with pytest.raises(InputError, match=re.escape(words)):
        validate(resolve(make_sweep(f"{text}seeds: {{data: 3, sample: 2}}\nmetrics: [mean_error]\n", change)))


def test_data_seeds_draw_rows_or_parts_of_them(make_sweep: MakeSweep, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(40.0).reshape(20, 2) ** 1.5)
    text = f"""\
data: {{name: points, path: {tmp_path / "rows.npy"}}}
model: {{name: gaussian_mixture, components: 1}}
loop: {{generations: 2}}
space: {{regime: replace}}
seeds: {{data: 2, train: 2}}
metrics: [nll]
"""
    for change in ("data.rows=9", "initial.rows=9", "space={regime: [replace, redrawn]}", "seeds.data=1"):
        validate(resolve(make_sweep(text, change)))
    for change in ("seeds.data=2", "space={regime: mix, lambda: 1}"):
        with pytest.raises(InputError, match=r"seeds.data: all seeds have the same rows of points.*set data: 1"):
            validate(resolve(make_sweep(text, change)))


def test_repeated_latents_have_one_sample_seed(make_sweep: MakeSweep) -> None:
    with pytest.raises(InputError, match=r"seeds.sample: sample.latents: repeated draws the latents of generation 0"):
        validate(resolve(make_sweep(POINTS, "seeds={data: 2, sample: 2}", "loop.sample.latents=repeated")))
