"""The runner before Ray starts: ``--fresh``, and the plan."""

import io
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from raysc import registry
from raysc.display import ConsoleDisplay
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.runner import _discard, _order, _plan
from raysc.store.objects import Objects
from raysc.store.spans import Span
from raysc.store.sweep_record import write_sweep_record
from raysc.sweepfile import Sweep, read_probes
from raysc.sweepfile.threshold_search import Runs
from tests.results.thresholds.test_rounds import SEARCH


def test_a_damaged_sweep_record_does_not_stop_fresh(
    make_sweep: Callable[..., Sweep], gaussian_text: str, tmp_path: Path
) -> None:
    objects, resolved = Objects.open(str(tmp_path / "store")), resolve(make_sweep(gaussian_text))
    write_sweep_record(objects, "damaged", {}, resolved.keys)
    (record,) = objects.names("sweeps")
    objects.put(record, b"")
    write_sweep_record(objects, "another", {}, resolved.keys)
    console = Console(record=True, width=400, file=io.StringIO())
    _discard(resolved, objects, ConsoleDisplay(console))
    output = console.export_text()
    assert "note: sweep another shares some of them" in output
    assert f"{record} was changed or cut off" in output


def test_fresh_leaves_loops_of_plain_seeds_whose_generation_0_the_sweep_shares(
    make_sweep: Callable[..., Sweep], digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path / "store"))
    resolved = resolve(make_sweep(digits_text, "seeds={train: [1, 2]}", "control=false"))
    keys = resolved.cells[0].keys
    assert keys.generation_zero is not None
    for lineage, seeds in (
        (keys.lineage, (0,)),
        (keys.lineage, resolved.sweep.seeds),
        (keys.generation_zero.rows, (0,)),
    ):
        objects.put(Span(1, 1, lineage, seeds).name, b"")
    _discard(resolved, objects, ConsoleDisplay(Console(file=io.StringIO())))
    assert list(objects.names("spans")) == [Span(1, 1, keys.lineage, (0,)).name]


def test_a_run_of_a_search_begins_with_its_number_of_runs(make_sweep: Callable[..., Sweep], tmp_path: Path) -> None:
    ends = dict.fromkeys((0.25, 16), Runs((0, 1, 2, 3), 6))
    sweep = read_probes(make_sweep(SEARCH), [{**ends, 1.1: Runs((4, 5), 6)}, ends], registry)
    console = Console(record=True, width=400, file=io.StringIO())
    _plan(resolve(sweep), Objects.open(str(tmp_path)), ConsoleDisplay(console), remake=False)
    assert "search: 7 cells, 28 runs x 6 generations" in console.export_text()


def test_lineages_that_have_begun_are_ordered_by_forecasts(
    make_sweep: Callable[..., Sweep], digits_text: str, digits_store: tuple[Sweep, Objects]
) -> None:
    _, objects = digits_store
    fresh = make_plan(resolve(make_sweep(digits_text, "seeds=[7]")), objects)
    assert _order(fresh, objects) is None
    longer = make_plan(resolve(make_sweep(digits_text, "loop.generations=3")), objects)
    order = _order(longer, objects)
    assert order is not None
    assert order(longer.loop) == list(longer.loop), "too few lineages are finished for a forecast"
