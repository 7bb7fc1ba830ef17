from pathlib import Path

from raysc.cluster.unit_labels import MAX_NAME, trial_name, unit_label, varying_axes
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from tests.conftest import MakeSweep


def test_labels_have_the_axes_that_vary_and_the_seeds(
    make_sweep: MakeSweep, digits_text: str, gaussian_text: str, tmp_path: Path
) -> None:
    resolved = resolve(make_sweep(digits_text))
    plan, axes = make_plan(resolved, Objects.open(str(tmp_path))), varying_axes(resolved)
    labels = {unit_label(unit, axes) for unit in plan.loop}
    assert "mix, lambda 1.0, initial.steps 2, seed 0" in labels
    assert unit_label(plan.initial[0], axes).startswith("generation 0, initial.steps ")
    closed_form = resolve(make_sweep(gaussian_text))
    units = make_plan(closed_form, Objects.open(str(tmp_path))).units
    assert "replace, lambda 1.0, seeds 0-2" in {unit_label(unit, varying_axes(closed_form)) for unit in units}


def test_names_of_trials_are_readable_distinct_and_safe_for_files(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path
) -> None:
    resolved = resolve(make_sweep(digits_text))
    units, axes = make_plan(resolved, Objects.open(str(tmp_path))).units, varying_axes(resolved)
    names = [trial_name(unit, axes) for unit in units]
    assert len(set(names)) == len(units)
    assert any(name.startswith("mix_lambda_1.0_initial.steps_2_seed_0-") for name in names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-") for name in names)
    assert all(len(name) <= MAX_NAME + 9 for name in names)


def test_a_unit_of_coupled_models_is_not_named_after_one_of_them(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path
) -> None:
    text = gaussian_text.replace("space:\n", "models: {count: 2, each: {data.mean: [0, 1]}}\nspace:\n")
    resolved = resolve(make_sweep(text.replace("[0.5, 2.0]", "[0.5, 1.0]")))
    units = make_plan(resolved, Objects.open(str(tmp_path))).units
    labels = {unit_label(unit, varying_axes(resolved)) for unit in units}
    assert labels == {
        "replace, lambda 1.0, seeds 0-2",
        "mix, lambda 0.5, seeds 0-2",
        "mix, lambda 1.0, seeds 0-2",
        "real_only, seeds 0-2",
    }
