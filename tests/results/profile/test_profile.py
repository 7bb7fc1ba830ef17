import pytest

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.planning.resolved import resolve
from raysc.results.profile.definitions import DEFINITIONS
from raysc.results.profile.profile import collapse_profile, metric_to_add, serving_column
from raysc.results.profile.tables import definition_lines, heading, matrix, paper_rows, profile_frame
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

RISK, OTHER_RISK = (Column(name, "lower", "log", "none", aspect="risk") for name in ("risk", "other"))
VARIANCE = Column("variance", "higher", "log", "none", aspect="variance")


def test_the_metric_of_quality_serves_first_then_the_order_of_the_file() -> None:
    columns = [VARIANCE, RISK, OTHER_RISK]
    assert serving_column("risk", columns, OTHER_RISK) == OTHER_RISK
    assert serving_column("risk", columns, VARIANCE) == RISK
    assert serving_column("modes", columns, RISK) is None


def test_the_metric_to_add_goes_with_data_and_family(make_sweep: MakeSweep, gaussian_text: str) -> None:
    points = resolve(make_sweep(gaussian_text)).cells[0]
    assert metric_to_add("modes", points) == "recall"
    assert metric_to_add("tails", points) == "tail_mass"
    outcomes = "data: categories\nmodel: discrete\nloop: {generations: 2}\nspace: {regime: replace}\nseeds: 3\n"
    discrete = resolve(make_sweep(outcomes + "metrics: [entropy]\n")).cells[0]
    assert metric_to_add("tails", discrete) in ("tail_mass", "rare_outcome_survival")


def test_every_cell_but_the_control_has_all_definitions(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    profile = collapse_profile(resolved, load_table(resolved, objects))
    assert [cell.cell.number for cell in profile.cells] == [0, 1, 2]
    for cell in profile.cells:
        assert list(cell.estimates) == [definition.name for definition in DEFINITIONS]
        assert cell.generation == 4
        assert cell.estimates["modes"].note == "add recall"
        assert cell.estimates["any rise"].seeds == 3
    with pytest.raises(InputError, match="factor 1: a catastrophic rise needs a factor above 1"):
        collapse_profile(resolved, load_table(resolved, objects), 1.0)


def test_the_table_of_a_running_sweep_leaves_cells_undecided(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    table = load_table(resolved, objects)
    profile = collapse_profile(resolved, table[table["cell"] != 1])
    assert profile.cells[1].estimates["any rise"].note == "no results"
    assert profile.cells[1].generation == -1


def test_texts_and_frames_have_every_cell(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    profile = collapse_profile(resolved, load_table(resolved, objects))
    frame = profile_frame(profile)
    assert len(frame) == 3 * 8
    assert set(frame["finding"]) <= {"holds", "fails", "undecided", "not measured"}
    measured = frame[frame["definition"] == "any rise"]
    assert (measured["metric"] == "frechet_distance").all()
    assert ((measured["low"] <= measured["value"]) & (measured["value"] <= measured["high"])).all()
    axes = ["regime", "lambda"]
    assert matrix(profile, axes, "").row_count == 3
    headings, rows = paper_rows(profile, axes)
    assert len(headings) == len(rows[0]) == 10
    assert (
        heading(profile, DEFINITIONS[1])
        == "any rise: the risk is above the control's (frechet_distance, times the control's)"
    )
    assert len(definition_lines(profile, DEFINITIONS[1], axes)) == 3
    assert definition_lines(profile, DEFINITIONS[5], axes) == ["not measured  add recall"]


@pytest.mark.slow
def test_replace_collapses_and_accumulate_does_not(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Gaussians of ten rows: under replace the variance goes to 0, under accumulate it settles (Kazdan et al. 2024)."""
    sweep = make_sweep(
        "data: {name: gaussian, dim: 2, rows: 10}\nmodel: gaussian\nloop: {generations: 40}\n"
        "space: {regime: [replace, accumulate]}\nseeds: 60\nmetrics: [frechet_distance, trace_ratio, tail_mass]\n"
    )
    objects = Objects.open(str(tmp_path_factory.mktemp("store")))
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    replace, accumulate = collapse_profile(resolved, load_table(resolved, objects)).cells
    assert replace.estimates["variance"].finding == "holds"
    assert replace.estimates["catastrophic rise"].finding == "holds"
    assert accumulate.estimates["variance"].finding != "holds"
    assert accumulate.estimates["divergence"].finding != "holds"
