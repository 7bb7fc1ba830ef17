"""raysc from Python, without Ray."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import raysc
from raysc import runner
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.plugins import REAL, Recipe, Take
from raysc.results.plots.style import CONTROL
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table import table
from raysc.results.table.table import load_table
from raysc.results.thresholds.rounds import read_state
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, run_units


@pytest.fixture(scope="module")
def gaussian(gaussian_store: tuple[Sweep, Objects]) -> Any:
    return raysc.load(gaussian_store[0].path, storage=gaussian_store[1].uri)


@pytest.fixture(scope="module")
def digits(digits_store: tuple[Sweep, Objects]) -> Any:
    return raysc.load(digits_store[0].path, storage=digits_store[1].uri)


def test_importing_raysc_imports_nothing_heavy() -> None:
    heavy = "('torch', 'ray', 'pandas', 'numpy', 'matplotlib', 'pydantic')"
    script = f"import sys, raysc; print([name for name in {heavy} if name in sys.modules], 'sweep' in dir(raysc))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[] True\n"


def test_every_public_name_is_there_and_no_other() -> None:
    for name in raysc.__all__:
        assert getattr(raysc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'swep'"):
        _ = raysc.swep


def test_the_frame_is_the_table(gaussian: raysc.Results, gaussian_store: tuple[Sweep, Objects]) -> None:
    assert gaussian.frame().equals(load_table(resolve(gaussian_store[0]), gaussian_store[1]))
    assert repr(gaussian).startswith("<raysc results of small-gaussian: 4 cells in file:///")


SWEEP: dict[str, Any] = {
    "name": "small-gaussian",
    "data": {"name": "gaussian", "dim": 2, "rows": 20},
    "model": "gaussian",
    "loop": {"generations": 4},
    "space": [{"regime": "replace"}, {"regime": "mix", "lambda": [0.5, 2.0]}],
    "seeds": 3,
    "metrics": ["frechet_distance", "feature_variance"],
}
"""The sweep of ``gaussian_text`` as a dict."""


def test_a_dict_is_a_sweep_file(
    gaussian_store: tuple[Sweep, Objects], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "name": "small-gaussian",
        "data": {"name": "gaussian", "dim": 2, "rows": np.int64(20)},
        "model": "gaussian",
        "loop": {"generations": 4},
        "space": [{"regime": "replace"}, {"regime": "mix", "lambda": np.array([0.5, 2.0])}],
        "seeds": range(3),
        "metrics": ["frechet_distance", "feature_variance"],
    }
    results = raysc.load(given, storage=gaussian_store[1].uri)
    assert results.frame().equals(load_table(resolve(gaussian_store[0]), gaussian_store[1]))
    grid = {"regime": ["replace", "accumulate"], "initial.rows": [10, 20]}
    cells = raysc.load({**given, "space": grid}, storage=gaussian_store[1].uri).sweep.cells
    in_order = [(cell.axes["regime"], cell.axes["initial.rows"]) for cell in cells[:4]]
    assert in_order == [("replace", 10), ("replace", 20), ("accumulate", 10), ("accumulate", 20)], "as in a file"
    with pytest.raises(raysc.InputError, match="needs a name"):
        raysc.load({"data": "gaussian"})
    with pytest.raises(raysc.InputError, match="unknown regime 'repalce'"):
        raysc.load(given | {"space": {"regime": "repalce"}})


def test_rows_and_models_of_closed_forms_are_made_again(
    gaussian: raysc.Results, gaussian_store: tuple[Sweep, Objects]
) -> None:
    sweep, objects = gaussian_store
    found = gaussian.generation(1, 2, 3)
    np.testing.assert_array_equal(found.rows, sampled_rows(resolve(sweep).cells[1], 2, 3, objects))
    assert found.model["mean"].shape == (1, 2)
    later = gaussian.generation(1, 2, 4)
    # mix 0.5: 20 real rows and 10 of the 20 that generation 3 sampled
    assert not np.array_equal(found.model["mean"], later.model["mean"])


def test_a_network_is_a_module_with_the_weights_that_sampled(
    digits: raysc.Results, digits_store: tuple[Sweep, Objects]
) -> None:
    import torch

    found = digits.generation(2, 1, 2)
    assert found.rows.shape == (24, 1, 8, 8)
    assert found.rows.dtype == np.uint8
    assert isinstance(found.model, torch.nn.Module)
    assert found.model(torch.zeros(2, 1, 8, 8), torch.zeros(2)).shape == (2, 1, 8, 8)
    zero, shared = digits.generation(0, 0, 0), digits.generation(2, 0, 0)
    for one, other in zip(zero.model.parameters(), shared.model.parameters(), strict=True):
        assert torch.equal(one, other), "cells of one initial quality share generation 0"
    first = digits.generation(1, 0, 0).model
    assert not torch.equal(next(first.parameters()), next(zero.model.parameters()))


def test_a_seed_of_a_pack_is_a_module_with_its_weights(
    make_sweep: Callable[..., Sweep], run_sweep: Callable[[Sweep, Objects], None], digits_text: str, tmp_path: Path
) -> None:
    pack = ("train={batch: 8}", "loop.generations=1", "space={regime: replace, initial.steps: 1}", "control=false")
    sweep = make_sweep(digits_text, *pack)
    run_sweep(sweep, Objects.open(str(tmp_path)))
    results = raysc.load(sweep.path, overrides=pack, storage=str(tmp_path))
    weights = [next(results.generation(0, seed, 1).model.parameters()) for seed in (0, 1)]
    assert weights[0].shape == weights[1].shape == (8, 64)
    assert not np.array_equal(*(each.detach().numpy() for each in weights))


def test_a_unet_is_a_diffusers_pipeline(
    make_sweep: Callable[..., Sweep], run_sweep: Callable[[Sweep, Objects], None], digits_text: str, tmp_path: Path
) -> None:
    small = (
        "model={name: ddpm, network: unet, channels: 32, multipliers: [1]}",
        "seeds=1",
        "loop.generations=1",
        "space={regime: replace, initial.steps: 1}",
        "control=false",
    )
    sweep = make_sweep(digits_text, *small)
    run_sweep(sweep, Objects.open(str(tmp_path)))
    pipeline = raysc.load(sweep.path, overrides=small, storage=str(tmp_path)).generation(0, 0, 1).model
    assert type(pipeline).__name__ == "DDIMPipeline"
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline(batch_size=2, num_inference_steps=2, output_type="np").images.shape[:3] == (2, 8, 8)


@pytest.mark.parametrize(
    ("where", "message"),
    [((9, 0, 0), "cell 9: small-digits has cells 0 to 5"), ((0, 9, 0), "seed 9"), ((0, 0, 9), "generations 0 to 2")],
)
def test_a_generation_that_the_sweep_does_not_have_is_refused(
    digits: raysc.Results, where: tuple[int, ...], message: str
) -> None:
    with pytest.raises(raysc.InputError, match=message):
        digits.generation(*where)


def test_a_generation_that_was_not_run_is_told(digits_store: tuple[Sweep, Objects], tmp_path: Path) -> None:
    nothing = raysc.load(digits_store[0].path, storage=str(tmp_path)).generation(0, 0, 1)
    with pytest.raises(raysc.InputError, match="not run yet, or its model diverged"):
        _ = nothing.rows
    with pytest.raises(raysc.InputError, match="not run yet, or its model diverged"):
        _ = nothing.model


def test_a_model_that_keep_dropped_is_told(
    make_sweep: Callable[..., Sweep], run_sweep: Callable[[Sweep, Objects], None], digits_text: str, tmp_path: Path
) -> None:
    keep = ("keep={models: last}", "seeds=1", "space.regime=mix", "space.initial.steps=2")
    run_sweep(make_sweep(digits_text, *keep), Objects.open(str(tmp_path)))
    results = raysc.load(make_sweep(digits_text).path, overrides=keep, storage=str(tmp_path))
    assert results.generation(0, 0, 2).model is not None
    with pytest.raises(raysc.InputError, match="its model was removed"):
        _ = results.generation(0, 0, 1).model


def lines_of(figure: Any) -> Any:
    """Colour -> y values of the curves of the first panel."""
    return {to_hex(line.get_color()): line.get_ydata() for line in figure.axes[0].lines if len(line.get_ydata()) > 2}


def test_a_plot_has_the_means_of_the_table(gaussian: raysc.Results) -> None:
    figure = gaussian.plot()
    drawn = lines_of(figure)
    assert len(drawn) == 4
    table = gaussian.frame()
    real = table[table["control"]]
    expected = np.exp(np.log(real["frechet_distance"]).groupby(real["generation"]).mean())
    np.testing.assert_allclose(drawn[to_hex(CONTROL)], expected)


def test_a_plot_by_other_axes_has_panels_for_the_rest(digits: raysc.Results) -> None:
    figure = digits.plot("recall[pixels]", by="initial.steps")
    assert [axes.get_title() for axes in figure.axes] == [r"mix, $\lambda$ = 1", r"replace, $\lambda$ = 1"]
    assert len(digits.plot(by=["regime", "initial.steps"]).axes) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fid",), "metric fid: small-digits has no such metric"),
        ((None, "lamda"), "by lamda: .* did you mean 'lambda'"),
    ],
)
def test_what_cannot_be_plotted_is_told(digits: raysc.Results, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(raysc.InputError, match=message):
        digits.plot(*arguments)


def test_the_profile_has_a_row_for_each_cell_and_definition(
    gaussian: raysc.Results, gaussian_store: tuple[Sweep, Objects], tmp_path: Path
) -> None:
    profile = gaussian.profile()
    assert len(profile) == 3 * 8
    assert set(profile["finding"]) <= {"holds", "fails", "undecided", "not measured"}
    strict, lenient = (gaussian.profile(factor).query("definition == 'catastrophic rise'") for factor in (1000.0, 1.01))
    assert not (strict["finding"] == "holds").any()
    assert strict["value"].tolist() == lenient["value"].tolist()
    with pytest.raises(raysc.InputError, match="holds no results of"):
        raysc.load(gaussian_store[0].path, storage=str(tmp_path)).profile()


def test_contraction_and_scaling_are_tables(run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path) -> None:
    forked = {**SWEEP, "space": {"regime": "mix", "lambda": 1.0, "data.rows": [20, 40]}, "probe": {"contraction": True}}
    both = {**forked, "scaling": {"axis": "data.rows"}, "metrics": ["mean_error", "inverse_effective_rows"]}
    results = raysc.load(both, storage=tmp_path)
    run_sweep(results.sweep, results.objects)
    rates = results.contraction()
    assert list(rates["data.rows"].unique()) == [20, 40]
    assert rates["effective_step"].notna().any()
    steps = results.contraction(by_generation=True)
    assert {(1, 2), (2, 3)} <= set(zip(steps["first"], steps["last"], strict=True))
    assert set(results.scaling()["over"]) == {"data.rows", "generation"}
    assert set(results.effective_rows()["generation"]) == {0, 1, 2, 3, 4}


def test_tables_that_a_sweep_does_not_have_are_refused(gaussian: raysc.Results) -> None:
    with pytest.raises(raysc.InputError, match="has no forks: add `probe"):
        gaussian.contraction()
    with pytest.raises(raysc.InputError, match="has no scaling: add `scaling"):
        gaussian.scaling()
    with pytest.raises(raysc.InputError, match="add the metric `inverse_effective_rows`"):
        gaussian.effective_rows()


def test_nothing_to_plot_is_told(digits_store: tuple[Sweep, Objects], tmp_path: Path) -> None:
    with pytest.raises(raysc.InputError, match="no results of small-digits yet"):
        raysc.load(digits_store[0].path, storage=str(tmp_path)).plot()


def test_units_that_fail_are_an_error_that_says_why(
    gaussian_store: tuple[Sweep, Objects], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(sweep: Sweep, objects: Objects, *rest: object) -> runner.Outcome:
        return runner.Outcome(resolve(sweep), objects, {"loop/a/0": "Trace\nValueError: no luck\n"}, pd.DataFrame())

    monkeypatch.setattr(runner, "run_sweep", fail)
    with pytest.raises(raysc.RayscError, match="1 units of small-gaussian failed, one with: ValueError: no luck"):
        raysc.sweep(gaussian_store[0].path, storage=gaussian_store[1].uri)


def test_a_dict_leaves_no_folder_behind_and_none_in_the_module_path(gaussian_store: tuple[Sweep, Objects]) -> None:
    before = list(sys.path)
    for _ in range(3):
        raysc.load(SWEEP, storage=gaussian_store[1].uri)
    assert sys.path == before


def test_a_sweep_imports_no_typer_and_shows_its_progress_on_a_display_of_the_caller(tmp_path: Path) -> None:
    script = """
import sys, raysc
class Recorder:
    update_seconds, width, said, shown = 0.0, 80, [], []
    def start(self): ...
    def stop(self): ...
    def say(self, text): self.said.append(text)
    def show(self, table): self.shown.append(table)
    def update(self, progress): ...
raysc.load(SWEEP)
from raysc.planning.plan import make_plan
from raysc import runner
runner._run = lambda plan, *rest: {}
results = raysc.sweep(SWEEP, display=Recorder())
assert "typer" not in sys.modules, "the library is below the command line"
assert Recorder.said[0].startswith("small-gaussian: 4 cells x 3 seeds x 4 generations"), Recorder.said
assert len(Recorder.shown) == 1
""".replace("SWEEP", repr(SWEEP))
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


def test_what_a_notebook_gives_works_or_is_refused_in_one_line(tmp_path: Path) -> None:
    assert raysc.load(SWEEP, storage=tmp_path / "store").objects.folder == tmp_path / "store"
    assert len(raysc.load(SWEEP, overrides="seeds=5").sweep.seeds) == 5
    with pytest.raises(raysc.InputError, match="needs a name"):
        raysc.load({**SWEEP, "name": None})
    sources: tuple[Any, ...] = (None, 3, ["grid.yaml"])
    for source in sources:
        with pytest.raises(raysc.InputError, match="expected a sweep file, a name or a dict"):
            raysc.load(source)


class Half:
    """A plug-in of a module: half of the real rows."""

    version = 1
    default_lambda = "not taken"

    def recipe(self, generation: int, rows: int, lambda_: Any) -> Recipe:
        """Return half of the real rows."""
        return Recipe((Take(REAL, rows // 2),))


def test_a_class_is_a_plug_in(run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path) -> None:
    given = SWEEP | {"space": {"regime": ["replace", Half]}, "control": False}
    results = raysc.load(given, storage=tmp_path)
    assert [cell.regime.name for cell in results.sweep.cells] == ["replace", f"{__name__}:Half"]
    run_sweep(results.sweep, results.objects)
    (row,) = results.compare({"regime": f"{__name__}:Half"}, {"regime": "replace"}, generation=0).to_dict("records")[:1]
    assert row["value"] == pytest.approx(1), "both have the same generation 0"
    assert set(results.frame().query("cell == 1 and generation > 0")["rows_real"]) == {10}
    with pytest.raises(raysc.InputError, match="a plug-in's class; got Half"):
        raysc.load(given | {"space": {"regime": Half()}}, storage=tmp_path)


def test_a_notebook_shows_table_and_figure(gaussian: raysc.Results, tmp_path: Path) -> None:
    html, image = gaussian._repr_html_(), gaussian._repr_png_()
    assert html.count("<tr>") == len(gaussian.summary()) == 4
    assert 'src="data:image/png;base64,iVBOR' in html
    assert image is not None
    assert image.startswith(b"\x89PNG")
    empty = raysc.load(SWEEP, storage=tmp_path)
    assert "no results yet" in empty._repr_html_()
    assert empty._repr_png_() is None


def test_summary_and_comparison_are_tables(gaussian: raysc.Results) -> None:
    compared = gaussian.compare({"regime": "mix"}, {"regime": "real_only"}, ["frechet_distance", "feature_variance"])
    assert len(compared) == 4
    assert (compared["low"] <= compared["value"]).all()
    assert (compared["value"] <= compared["high"]).all()
    with pytest.raises(raysc.InputError, match="metric variance: small-gaussian has no such metric"):
        gaussian.compare(0, 1, "variance")
    assert set(gaussian.summary(2)["generation"]) == {2}


def test_a_plan_has_the_missing_units_and_runs_nothing(gaussian_text: str, tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(gaussian_text)
    planned = raysc.plan(file, storage=tmp_path / "store", overrides=["seeds=6"])
    assert (planned.cells, planned.done, planned.refits) == (4, 0, 0)
    assert planned.to_do == 4 * 6 * 4
    assert planned.units["reason"].unique().tolist() == ["new"]
    assert planned.units.columns.tolist()[:2] == ["wave", "cell"]
    assert "96 to do in" in repr(planned)
    assert "<table" in planned._repr_html_()
    assert not list((tmp_path / "store").glob("spans/*"))


def test_a_plan_of_a_finished_sweep_is_empty(gaussian: Any) -> None:
    planned = raysc.plan(gaussian.sweep.path, storage=gaussian.objects.uri)
    assert (planned.to_do, len(planned.units)) == (0, 0)
    assert planned._repr_html_().startswith("<p>raysc plan of")


def test_a_table_of_a_search_that_goes_on_is_of_one_moment(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round that is published while a method reads adds cells, and numbers them anew."""
    sweep = make_sweep(SEARCH, "space.sample.covariance_scale=2.0", "loop.generations=4")
    objects, load = Objects.open(tmp_path), table.load_table
    results = raysc.Results(sweep, objects)

    def load_then_run(resolved: ResolvedSweep, objects: Objects) -> pd.DataFrame:
        rows = load(resolved, objects)
        run_units(read_state(sweep, objects), objects)
        return rows

    run_units(read_state(sweep, objects), objects)
    expected = results.compare({"lambda": 16}, {"lambda": 0.25})
    monkeypatch.setattr(table, "load_table", load_then_run)
    pd.testing.assert_frame_equal(results.compare({"lambda": 16}, {"lambda": 0.25}), expected)
