import time
from pathlib import Path

import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.status import State, Status, read_status
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

Store = tuple[Sweep, Objects]


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.open(str(tmp_path / "store"))


def status_of(sweep: Sweep, objects: Objects) -> Status:
    return read_status(resolve(sweep), objects)


def acquire(objects: Objects, unit: str, sweep: str) -> Lease:
    lease = Lease.acquire(objects, unit, sweep)
    assert lease is not None
    return lease


def states(status: Status) -> list[list[State]]:
    return [list(cell.seeds.values()) for cell in status.cells]


def test_a_finished_sweep_is_done_and_no_process_holds_a_lease(gaussian_store: Store) -> None:
    status = status_of(*gaussian_store)
    assert states(status) == [["done"] * 3] * 4
    assert (status.done, status.total) == (4 * 3 * 4, 4 * 3 * 4)
    assert [cell.generations for cell in status.cells] == [12] * 4
    assert (status.rate, status.remaining_seconds, status.holders) == (None, None, ())
    assert status.last_published is not None


def test_all_runs_of_an_empty_store_wait(make_sweep: MakeSweep, gaussian_text: str, objects: Objects) -> None:
    status = status_of(make_sweep(gaussian_text), objects)
    assert states(status) == [["waiting"] * 3] * 4
    assert (status.done, status.last_published) == (0, None)


def test_a_unit_with_a_lease_runs_and_one_with_a_traceback_failed(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, objects: Objects
) -> None:
    run_sweep(make_sweep(digits_text, "seeds=1"), objects)
    sweep = make_sweep(digits_text, "loop.generations=4")
    units = {(unit.cell.number, unit.seeds): unit.name for unit in make_plan(resolve(sweep), objects).loop}
    objects.put(f"sweeps/{sweep.name}/failures/{units[1, (1,)]}.txt", b"Error: no luck")
    with acquire(objects, units[0, (0,)], sweep.name):
        status = status_of(sweep, objects)
        assert status.cells[0].seeds == {0: "running", 1: "waiting"}
        assert status.cells[1].seeds == {0: "waiting", 1: "failed"}
        assert status.cells[0].generations == 2
        assert (status.done, status.total) == (6 * 2, 6 * 2 * 4)
        assert len(status.holders) == 1
    assert status_of(sweep, objects).count("running") == 0


def test_a_failed_unit_that_ran_again_is_done(
    make_sweep: MakeSweep, gaussian_text: str, run_sweep: RunSweep, objects: Objects
) -> None:
    sweep = make_sweep(gaussian_text)
    name = make_plan(resolve(sweep), objects).units[0].name
    objects.put(f"sweeps/{sweep.name}/failures/{name}.txt", b"Error: no luck")
    assert status_of(sweep, objects).count("failed") == 3
    run_sweep(sweep, objects)
    assert status_of(sweep, objects).count("done") == 12


def test_runs_whose_generation_0_is_running_are_running(
    make_sweep: MakeSweep, digits_text: str, objects: Objects
) -> None:
    sweep = make_sweep(digits_text, "space.initial.steps=4")
    unit = make_plan(resolve(sweep), objects).initial[0]
    with acquire(objects, unit.name, sweep.name):
        assert states(status_of(sweep, objects)) == [["running", "waiting"]] * 3


def test_all_seeds_of_a_pack_run_while_its_generation_0_is_running(make_sweep: MakeSweep, objects: Objects) -> None:
    sweep = make_sweep(
        "name: packs\ndata: {name: eight_gaussians, rows: 64}\nmodel: {name: flow_matching, width: 8, depth: 1}\n"
        "initial: {steps: 4}\nloop: {generations: 2, budget: {steps: 3}}\nspace: {regime: replace}\nseeds: 3\n"
        "metrics: [sliced_wasserstein]\ncontrol: false\n"
    )
    (unit,) = make_plan(resolve(sweep), objects).initial
    assert unit.seeds == (0, 1, 2)
    with acquire(objects, unit.name, sweep.name):
        assert states(status_of(sweep, objects)) == [["running"] * 3]


def test_the_rate_counts_publications_since_the_first_lease(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, objects: Objects
) -> None:
    sweep = make_sweep(digits_text, "loop.generations=3")
    name = make_plan(resolve(sweep), objects).loop[0].name
    start = time.time()
    with acquire(objects, name, sweep.name):
        assert status_of(sweep, objects).rate is None, "nothing was published"
        run_sweep(make_sweep(digits_text), objects)
        status = status_of(sweep, objects)
        elapsed = time.time() - start
    assert status.done == 24
    assert status.rate is not None
    assert 24 / (elapsed + 2) < status.rate <= 24
    assert status.remaining_seconds == pytest.approx(12 / status.rate)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("gaussian_text", ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]")),
        ("digits_text", ("loop.train.lr=1e30", "loop.generations=3")),
    ],
)
def test_diverged_seeds_are_complete(
    text: str,
    overrides: tuple[str, ...],
    request: pytest.FixtureRequest,
    make_sweep: MakeSweep,
    run_sweep: RunSweep,
    objects: Objects,
) -> None:
    sweep = make_sweep(request.getfixturevalue(text), *overrides)
    run_sweep(sweep, objects)
    status = status_of(sweep, objects)
    assert status.count("diverged") == len(sweep.cells) * len(sweep.seeds)
    assert status.done == status.total


def test_a_diverged_seed_of_a_pack_is_distinguished_from_the_others(
    gaussian_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raysc.execution import records

    def with_one_diverged(manifest: Manifest) -> pd.DataFrame:
        table = records.get(manifest)
        return table.assign(diverged=(table["seed"] == 1) & (table["generation"] >= 3))

    monkeypatch.setattr("raysc.results.status.read_records", with_one_diverged)
    assert states(status_of(*gaussian_store)) == [["done", "diverged", "done"]] * 4


UNTIL = "loop.until={metric: 'frechet_distance[pixels]', above: 1e-9}"
"""A rule that ends every seed of digits at the first generation."""


def test_seeds_that_ended_early_are_done_and_count_as_all_their_generations(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, objects: Objects
) -> None:
    settings = (UNTIL, "space={regime: replace}", "control=false", "loop.generations=50")
    sweep = make_sweep(digits_text, *settings)
    (name,) = (unit.name for unit in make_plan(resolve(sweep), objects).loop if unit.seeds == (1,))
    start = time.time()
    with acquire(objects, name, sweep.name):
        run_sweep(make_sweep(digits_text, *settings, "seeds=[0]"), objects)
        status = status_of(sweep, objects)
        elapsed = time.time() - start
    assert states(status) == [["done", "running"]]
    assert (status.done, status.total) == (50, 100)
    assert status.rate is not None
    assert 50 / (elapsed + 2) < status.rate <= 50
    assert status.remaining_seconds == pytest.approx(50 / status.rate)
    run_sweep(sweep, objects)
    status = status_of(sweep, objects)
    assert (states(status), status.done, status.rate, status.remaining_seconds) == ([["done", "done"]], 100, None, None)


def test_the_end_of_seeds_in_another_sweep_has_no_effect(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, objects: Objects
) -> None:
    settings = ("space={regime: replace}", "control=false", "loop.generations=50", "seeds=1")
    sweep = make_sweep(digits_text, *settings)
    with acquire(objects, make_plan(resolve(sweep), objects).loop[0].name, sweep.name):
        run_sweep(make_sweep(digits_text, *settings, UNTIL), objects)
        status = status_of(sweep, objects)
    assert states(status) == [["running"]]
    assert (status.done, status.rate) == (0, None)


@pytest.mark.parametrize("seeds", [1, 3])
def test_diverged_models_are_recognised_with_and_without_loop_until(
    seeds: int, make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, objects: Objects
) -> None:
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[trace_ratio]", f"seeds={seeds}")
    for until in ((), ("loop.until={metric: trace_ratio, below: 1e-3}",)):
        sweep = make_sweep(gaussian_text, *one_row, *until)
        run_sweep(sweep, objects)
        status = status_of(sweep, objects)
        assert states(status) == [["diverged"] * seeds] * 4
        assert status.done == status.total
