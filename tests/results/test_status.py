"""How far a sweep is, from the store alone."""

import time

import pytest

from raysc.planning.plan import make_plan
from raysc.results.status import status
from raysc.store.leases import Lease
from raysc.store.objects import Objects


@pytest.fixture
def objects(tmp_path):
    return Objects.at(str(tmp_path / "store"))


def states(found):
    return [list(cell.seeds.values()) for cell in found.cells]


def test_a_finished_sweep_is_done_and_nobody_is_at_work(gaussian_store):
    found = status(*gaussian_store)
    assert states(found) == [["done"] * 3] * 4
    assert (found.done, found.total) == (4 * 3 * 4, 4 * 3 * 4)
    assert [cell.generations for cell in found.cells] == [12] * 4
    assert (found.rate, found.left, found.at_work) == (None, None, ())
    assert found.last is not None


def test_an_empty_store_means_that_all_waits(make_sweep, gaussian_text, objects):
    found = status(make_sweep(gaussian_text), objects)
    assert states(found) == [["waiting"] * 3] * 4
    assert (found.done, found.last) == (0, None)


def test_who_holds_a_lease_runs_and_who_left_a_traceback_failed(make_sweep, run_sweep, digits_text, objects):
    run_sweep(make_sweep(digits_text, "seeds=1"), objects)
    sweep = make_sweep(digits_text, "loop.generations=4")
    units = {(unit.line.number, unit.seeds): unit.name for unit in make_plan(sweep, objects).loop}
    objects.put(f"sweeps/{sweep.name}/failures/{units[1, (1,)]}.txt", b"Error: no luck")
    with Lease.take(objects, units[0, (0,)], sweep.name):
        found = status(sweep, objects)
        assert found.cells[0].seeds == {0: "running", 1: "waiting"}
        assert found.cells[1].seeds == {0: "waiting", 1: "failed"}
        assert found.cells[0].generations == 2
        assert (found.done, found.total) == (6 * 2, 6 * 2 * 4)
        assert len(found.at_work) == 1
    assert status(sweep, objects).count("running") == 0


def test_a_failure_that_was_made_good_is_done(make_sweep, gaussian_text, run_sweep, objects):
    sweep = make_sweep(gaussian_text)
    name = make_plan(sweep, objects).units[0].name
    objects.put(f"sweeps/{sweep.name}/failures/{name}.txt", b"Error: no luck")
    assert status(sweep, objects).count("failed") == 3
    run_sweep(sweep, objects)
    assert status(sweep, objects).count("done") == 12


def test_while_generation_0_runs_its_loops_run_too(make_sweep, digits_text, objects):
    sweep = make_sweep(digits_text, "space.initial.steps=4")
    unit = make_plan(sweep, objects).initial[0]
    with Lease.take(objects, unit.name, sweep.name):
        assert states(status(sweep, objects)) == [["running", "waiting"]] * 3


def test_the_rate_is_that_of_what_was_published_since_work_began(make_sweep, run_sweep, digits_text, objects):
    sweep = make_sweep(digits_text, "loop.generations=3")
    name = make_plan(sweep, objects).loop[0].name
    began = time.time()
    with Lease.take(objects, name, sweep.name):
        assert status(sweep, objects).rate is None, "nothing was published yet"
        run_sweep(make_sweep(digits_text), objects)
        found = status(sweep, objects)
        spent = time.time() - began
    assert found.done == 24
    assert 24 / (spent + 2) < found.rate <= 24
    assert found.left == pytest.approx(12 / found.rate)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("gaussian_text", ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]")),
        ("digits_text", ("loop.train.lr=1e30", "loop.generations=3")),
    ],
)
def test_seeds_that_diverged_are_told_and_need_nothing(text, overrides, request, make_sweep, run_sweep, objects):
    sweep = make_sweep(request.getfixturevalue(text), *overrides)
    run_sweep(sweep, objects)
    found = status(sweep, objects)
    assert found.count("diverged") == len(sweep.cells) * len(sweep.seeds)
    assert found.done == found.total


def test_one_diverged_seed_of_a_pack_is_told_apart(gaussian_store, monkeypatch):
    from raysc.execution import records

    def one_ended(manifest):
        table = records.get(manifest)
        return table.assign(diverged=(table["seed"] == 1) & (table["generation"] >= 3))

    monkeypatch.setattr("raysc.results.status.records", one_ended)
    assert states(status(*gaussian_store)) == [["done", "diverged", "done"]] * 4


UNTIL = "loop.until={metric: 'frechet_distance[pixels]', above: 1e-9}"
"""Ends every seed of digits at the first generation that is judged."""


def test_seeds_that_ended_early_are_done_and_count_as_all_their_generations(
    make_sweep, run_sweep, digits_text, objects
):
    settings = (UNTIL, "space={regime: replace}", "control=false", "loop.generations=50")
    sweep = make_sweep(digits_text, *settings)
    (name,) = (unit.name for unit in make_plan(sweep, objects).loop if unit.seeds == (1,))
    began = time.time()
    with Lease.take(objects, name, sweep.name):
        run_sweep(make_sweep(digits_text, *settings, "seeds=[0]"), objects)
        found = status(sweep, objects)
        spent = time.time() - began
    assert states(found) == [["done", "running"]]
    assert (found.done, found.total) == (50, 100)
    assert 50 / (spent + 2) < found.rate <= 50
    assert found.left == pytest.approx(50 / found.rate)
    run_sweep(sweep, objects)
    found = status(sweep, objects)
    assert (states(found), found.done, found.rate, found.left) == ([["done", "done"]], 100, None, None)


def test_where_seeds_end_for_another_sweep_nothing_ends_for_this_one(make_sweep, run_sweep, digits_text, objects):
    settings = ("space={regime: replace}", "control=false", "loop.generations=50", "seeds=1")
    whole = make_sweep(digits_text, *settings)
    with Lease.take(objects, make_plan(whole, objects).loop[0].name, whole.name):
        run_sweep(make_sweep(digits_text, *settings, UNTIL), objects)
        found = status(whole, objects)
    assert states(found) == [["running"]]
    assert (found.done, found.rate) == (0, None)


@pytest.mark.parametrize("seeds", [1, 3])
def test_models_that_diverge_are_told_beside_a_rule_that_ends_seeds(
    seeds, make_sweep, run_sweep, gaussian_text, objects
):
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[trace_ratio]", f"seeds={seeds}")
    for until in ((), ("loop.until={metric: trace_ratio, below: 1e-3}",)):
        sweep = make_sweep(gaussian_text, *one_row, *until)
        run_sweep(sweep, objects)
        found = status(sweep, objects)
        assert states(found) == [["diverged"] * seeds] * 4
        assert found.done == found.total
