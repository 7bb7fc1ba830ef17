"""Settings that change keys, and settings that do not."""

from collections.abc import Callable

import pytest

from raysc.planning.resolved import resolve
from raysc.store.keys import Keys
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

TEXT = """
name: keys
data: digits
model: {name: flow_matching}
initial: {steps: 20}
loop: {generations: 3, budget: {steps: 5}}
train: {batch: 32}
space: {regime: mix, lambda: 0.5}
seeds: 2
control: false
metrics: [{name: frechet_distance, features: pixels}]
"""


@pytest.fixture
def keys_of(make_sweep: MakeSweep) -> Callable[..., Keys]:
    def keys(*overrides: str, text: str = TEXT) -> Keys:
        return resolve(make_sweep(text, *overrides)).cells[0].keys

    return keys


UNKEYED = {
    "more generations": ["loop.generations=9"],
    "more seeds": ["seeds=7"],
    "other metrics": ["metrics=[recall]"],
    "another pool": ["pool=object_store"],
    "another name": ["name=other"],
    "other resources": ["resources.cpus=2"],
    "ranks": ["resources.workers=2"],
    "a default that is written out": [
        "train.lr=1e-3",
        "model.width=128",
        "loop.start=previous",
        "train.precision=fp32",
    ],
    "sample.rows = n": ["sample.rows=1437"],
    "initial.rows = n": ["initial.rows=1437"],
    "loop.train that changes nothing": ["loop.train.batch=32"],
}


@pytest.mark.parametrize("case", UNKEYED)
def test_settings_that_change_no_result_change_no_key(case: str, keys_of: Callable[..., Keys]) -> None:
    assert keys_of(*UNKEYED[case]) == keys_of()


def test_the_order_of_keys_does_not_matter(keys_of: Callable[..., Keys]) -> None:
    reversed_text = "\n".join(reversed(TEXT.strip().splitlines()))
    assert keys_of(text=reversed_text) == keys_of()


LOOP_ONLY = {
    "lambda": "space.lambda=1.0",
    "regime": "space.regime=accumulate",
    "start": "loop.start=scratch",
    "budget": "loop.budget.steps=6",
    "loop.train": "loop.train.lr=1e-4",
    "loop.sample": "loop.sample.steps=3",
    "dropout": "loop.train.dropout=0.1",
    "flips": "loop.train.flips=true",
    "augmentation": "loop.train.augmentation=0.1",
    "ramp": "loop.train.ramp.steps=10",
    "start weights": "loop.train.start_weights=ema",
    "latents": "loop.sample.latents=repeated",
}


@pytest.mark.parametrize("case", LOOP_ONLY)
def test_settings_of_the_loop_change_the_lineage_and_not_generation_0(case: str, keys_of: Callable[..., Keys]) -> None:
    changed = keys_of(LOOP_ONLY[case])
    assert changed.lineage != keys_of().lineage
    assert changed.generation_zero == keys_of().generation_zero


def test_default_settings_below_loop_train_are_in_no_key(keys_of: Callable[..., Keys]) -> None:
    assert keys_of("loop.train.ema.half_life=3").settings["loop.train"] == {"ema": {"half_life": 3.0}}


GENERATION_ZERO = {
    "data": "data.rows=100",
    "model": "model.width=64",
    "initial": "initial.rows=100",
    "train": "train.lr=1e-4",
    "precision": "train.precision=bf16",
    "batch": "train.batch=64",
}


@pytest.mark.parametrize("case", GENERATION_ZERO)
def test_settings_of_generation_0_change_all_keys(case: str, keys_of: Callable[..., Keys]) -> None:
    changed, before = keys_of(GENERATION_ZERO[case]), keys_of()
    assert changed.generation_zero is not None
    assert before.generation_zero is not None
    assert changed.lineage != before.lineage
    assert changed.generation_zero.run != before.generation_zero.run
    assert changed.generation_zero.model != before.generation_zero.model
    assert changed.generation_zero.rows != before.generation_zero.rows


def test_sampling_settings_change_the_rows_of_generation_0_and_not_its_model(keys_of: Callable[..., Keys]) -> None:
    changed, before = keys_of("sample.steps=3").generation_zero, keys_of().generation_zero
    assert changed is not None
    assert before is not None
    assert changed.model == before.model
    assert changed.rows != before.rows


@pytest.mark.parametrize(("schedule", "shared"), [("constant", True), ("cosine", False)])
def test_qualities_are_snapshots_of_one_run_if_no_schedule_depends_on_its_length(
    schedule: str, shared: bool, keys_of: Callable[..., Keys]
) -> None:
    short, long = (
        keys_of(f"train.schedule={schedule}", f"initial.steps={steps}").generation_zero for steps in (20, 40)
    )
    assert short is not None
    assert long is not None
    assert short.model != long.model
    assert (short.run == long.run) is shared


def test_the_version_of_the_rule_of_diverged_rows_is_in_keys_of_trained_models_alone(
    keys_of: Callable[..., Keys],
) -> None:
    coupled = TEXT + "models: {count: 2, reads: complete}\n"
    closed_form = ["data=gaussian", "model=gaussian", "initial={}", "loop={generations: 3}", "train={}"]
    place = {"index": 0, "reads": ((0.5, 0.5), (0.5, 0.5)), "real": "own"}
    assert keys_of(text=coupled).settings["coupling"] == {**place, "version": 2}
    assert keys_of(*closed_form, text=coupled).settings["coupling"] == place
