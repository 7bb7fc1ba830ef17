import pandas as pd
import pytest

from raysc.results.report.usage import usage_text
from tests.conftest import MakeSweep

PRICES = "prices={a100: {hour: 4.0, cpus: 32, gpus: 8}, laptop: {hour: 0.5, cpus: 4}}"


@pytest.fixture
def table() -> pd.DataFrame:
    """Two seeds of two cells that share a generation 0, an hour each; and the wait, which does not count."""
    rows = [(0, "a", seed, 0) for seed in (0, 1)] + [(1, "a", seed, 0) for seed in (0, 1)]
    table = pd.DataFrame(rows, columns=["cell", "lineage", "seed", "generation"])
    return table.assign(seconds_wait=1e6, seconds_fit=3000.0, seconds_sample=600.0)


def test_shared_generations_count_once_and_waiting_does_not(
    make_sweep: MakeSweep, gaussian_text: str, table: pd.DataFrame
) -> None:
    assert usage_text(make_sweep(gaussian_text), table) == "2 core hours"
    assert usage_text(make_sweep(gaussian_text), table.assign(seconds_fit=0.0, seconds_sample=0.0)) == ""


def test_gpus_and_prices_are_counted_by_rank(make_sweep: MakeSweep, digits_text: str, table: pd.DataFrame) -> None:
    sweep = make_sweep(digits_text, "resources={cpus: 4, gpus: 1}", PRICES)
    assert usage_text(sweep, table) == (
        "8 core hours, 2 GPU hours; on a100 0.25 node hours, at a cost of 1 by `prices:`"
    )
    assert "on laptop 0.5 node hours, at a cost of 0.25" in usage_text(
        make_sweep(digits_text, "resources={cpus: 1}", PRICES), table
    )
