from collections.abc import Callable
from pathlib import Path

import pytest

from raysc import registry
from raysc.estimates.size import FLOAT32_BYTES, NUMBER_BYTES, RECORD_BYTES, SizeEstimate, estimate_size
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from raysc.sweepfile import read_probes
from raysc.sweepfile.threshold_search import Probes, Runs
from tests.conftest import MakeSweep

Estimate = Callable[..., SizeEstimate]


@pytest.fixture
def estimate(make_sweep: MakeSweep, tmp_path: Path) -> Estimate:
    """A function that estimates the size of a sweep from its text and overrides."""

    def make(text: str, *overrides: str) -> SizeEstimate:
        return estimate_size(make_plan(resolve(make_sweep(text, *overrides)), Objects.open(str(tmp_path))))

    return make


def test_closed_forms_store_records_alone(estimate: Estimate, gaussian_text: str) -> None:
    size = estimate(gaussian_text, "metrics=[trace_ratio]")
    record = RECORD_BYTES + NUMBER_BYTES
    lineages, generations, seeds, rows = 4, 5, 3, 20
    assert size.rows == lineages * generations * seeds * rows
    assert size.bytes == lineages * generations * seeds * record
    assert (size.max_rows, size.max_bytes) == (rows, record)


def test_trained_sweeps_store_models_and_rows_as_keep_says(estimate: Estimate, digits_text: str) -> None:
    sizes = {
        keep: estimate(digits_text, f"keep={{{keep}}}", "space={regime: replace, lambda: 1.0}", "control=false")
        for keep in ("models: all", "models: last", "rows: all", "training_state: none")
    }
    default = estimate(digits_text, "space={regime: replace, lambda: 1.0}", "control=false")
    assert sizes["models: last"].bytes <= default.bytes <= sizes["models: all"].bytes
    assert sizes["training_state: none"].bytes <= default.bytes <= sizes["rows: all"].bytes
    assert len({size.rows for size in sizes.values()}) == 1
    model_bytes = sizes["models: all"].bytes - sizes["models: last"].bytes
    assert model_bytes > 0
    assert model_bytes % FLOAT32_BYTES == 0


def test_generation_0_counts_once_for_the_cells_that_share_it(estimate: Estimate, digits_text: str) -> None:
    one, two = (
        estimate(digits_text, f"space={{regime: {regimes}, lambda: 1.0}}", "control=false")
        for regimes in ("replace", "[replace, mix]")
    )
    assert two.rows - one.rows == 2 * 2 * 24, "two generations of two seeds"


def test_generation_0_counts_with_its_own_seeds_in_a_search(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path
) -> None:
    sweep = make_sweep(
        digits_text,
        "space={regime: replace, train.lr: [0.001, 0.01]}",
        "search={threshold: lambda, range: [0.5, 2]}",
        "loop.generations=3",
        "seeds=3",
    )
    ends: Probes = dict.fromkeys((0.5, 2), Runs((0, 1, 2), sweep.generations))
    first: list[Probes] = [ends, ends]
    later: list[Probes] = [{**ends, 2: Runs((0, 1, 2, 3), sweep.generations)}, ends]
    before, after = (
        estimate_size(make_plan(resolve(read_probes(sweep, probes, registry)), Objects.open(str(tmp_path))))
        for probes in (first, later)
    )
    assert after.rows - before.rows == (1 + 3 + 3) * 24, "generation 0, and three of the probe and of its control"
