import pandas as pd
import pytest

from raysc.results.table.work_hours import unit_hours, work_seconds


def test_work_has_no_waiting_and_shared_generations_count_once() -> None:
    rows = [("a", 0, 0), ("a", 0, 0), ("a", 1, 0), ("b", 0, 1)]
    table = pd.DataFrame(rows, columns=["lineage", "seed", "generation"])
    timed = table.assign(seconds_wait=1e6, seconds_fit=[900.0, 900.0, 900.0, float("nan")], seconds_store=900.0)
    assert list(work_seconds(timed)) == [1800, 1800, 1800, 900]
    assert unit_hours(timed) == pytest.approx(1.25)
    assert unit_hours(table) == 0
