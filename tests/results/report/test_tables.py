import re
from math import inf, nan

import pytest
from scipy import stats

from raysc.planning.resolved import resolve
from raysc.results.report.page import Report
from raysc.results.report.tables import TableEntry, interval_entry, number_entry, text_entry
from raysc.results.statistics.averages import Mean
from raysc.results.table.columns import quality_column
from raysc.results.table.stability import cell_stabilities
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.results.report.conftest import ReadPage


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (text_entry("mix"), TableEntry(None, "mix")),
        (text_entry(None), TableEntry(None, "")),
        (text_entry([1, 2]), TableEntry(None, "[1, 2]")),
        (number_entry(1 / 3), TableEntry(1 / 3, "0.3333")),
        (number_entry(inf), TableEntry(inf, "inf")),
        (interval_entry(Mean(0.28, 0.21, 0.35, 9), 9), TableEntry(0.28, "0.28 [0.21, 0.35]")),
        (interval_entry(Mean(0.28, 0.21, 0.35, 9), 10), TableEntry(0.28, "0.28 [0.21, 0.35] (9 of 10)")),
        (interval_entry(Mean(inf, nan, nan, 9), 9), TableEntry(inf, "inf")),
        (interval_entry(Mean(nan, nan, nan, 0), 9), TableEntry(None, "")),
    ],
)
def test_an_entry_has_its_number_and_its_text(entry: TableEntry, expected: TableEntry) -> None:
    assert entry == expected


def test_the_last_generation_has_the_numbers_of_the_tidy_table(
    gaussian_report: Report, gaussian_store: tuple[Sweep, Objects], read_page: ReadPage
) -> None:
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects)
    last = table[table["generation"] == 4]
    rows = read_page(gaussian_report.html).tables["last-table"][1:]
    assert [[text for _, text in row[:4]] for row in rows] == [
        ["replace", "1", "3/3", "4"],
        ["mix", "0.5", "3/3", "4"],
        ["mix", "2", "3/3", "4"],
        ["real_only", "", "3/3", "4"],
    ]
    for cell, row in enumerate(rows):
        for index, name in ((4, "frechet_distance"), (5, "feature_variance")):
            values = last.loc[last["cell"] == cell, name]
            number, text = row[index]
            assert number == pytest.approx(stats.gmean(values), rel=1e-14)
            mean, low, high = (float(part) for part in re.split(r" \[|, |\]", text)[:3])
            assert 0 < low < mean < high
            assert mean == pytest.approx(stats.gmean(values), rel=0.06)
    stabilities = cell_stabilities(resolve(sweep).cells, table, quality_column(sweep))
    for stability, row in zip(stabilities, rows, strict=False):
        number, text = row[6]
        excess = stability.excess
        assert number == excess.mean
        assert float(text.split()[0]) == pytest.approx(excess.mean, abs=0.06 * (excess.high - excess.low))
    assert rows[3][6] == (None, "control")


def test_claims_come_first_with_their_verdicts_and_values(gaussian_report: Report, read_page: ReadPage) -> None:
    page = read_page(gaussian_report.html)
    rows = page.tables["claims-table"][1:]
    assert len(rows) == 2
    assert rows[0][0][1] in ("holds", "fails", "undecided")
    assert "somewhere, section 1" in rows[0][1][1]
    assert re.search(r"[\d.]+, 95 % interval [\d.]+ to [\d.]+, 3 seeds", rows[0][2][1])
    assert "expected to fail: three seeds are too few" in rows[1][1][1]
    assert page.text.index("Claims") < page.text.index("Last generation") < page.text.index("Curves over generations")
    frame = gaussian_report.tables["claims"]
    assert frame["says"].tolist() == ["replace loses to the control", "mixing does no harm"]
    assert frame["verdict"].tolist() == [row[0][1].split("not as")[0] for row in rows]
