from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.planning.resolved import resolve
from raysc.planning.retention_rules import retention_rules
from raysc.settings import Keep
from raysc.store.retention import needed_rows
from raysc.store.sweep_record import SweepRecord
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]


@pytest.fixture
def record(make_sweep: MakeSweep, digits_text: str) -> Callable[..., SweepRecord]:
    def make(*overrides: str) -> SweepRecord:
        sweep = make_sweep(digits_text, *overrides)
        return SweepRecord(sweep.name, sweep.resolved, resolve(sweep).keys)

    return make


def test_each_trained_lineage_of_a_sweep_has_its_rule(
    record: Callable[..., SweepRecord], make_sweep: MakeSweep, digits_text: str
) -> None:
    messages: list[str] = []
    rules = retention_rules([record("keep={models: last}")], messages.append)
    resolved = resolve(make_sweep(digits_text))
    assert set(rules) == {cell.keys.lineage for cell in resolved.cells}
    for cell in resolved.cells:
        rule = rules[cell.keys.lineage]
        assert (rule.keep, rule.generations) == (Keep(models="last"), 2)
        assert needed_rows(rule.recipes, 1, 2) == needed_rows([cell.rules.recipe], 1, 2)
    assert messages == []


def test_a_lineage_of_two_sweeps_has_the_most_generous_rule_and_the_largest_t(
    record: Callable[..., SweepRecord],
) -> None:
    records = [record("keep={models: last}", "loop.generations=3"), record("keep={training_state: none}")]
    for ordered in (records, records[::-1]):
        rules = retention_rules(ordered, pytest.fail)
        assert {(rule.keep, rule.generations) for rule in rules.values()} == {(Keep(), 3)}


def test_closed_form_lineages_have_no_rule(make_sweep: MakeSweep, gaussian_text: str) -> None:
    sweep = make_sweep(gaussian_text)
    assert retention_rules([SweepRecord(sweep.name, sweep.resolved, frozenset())], pytest.fail) == {}


def test_an_unreadable_sweep_is_reported_and_the_lineages_that_it_names_have_no_rule(
    record: Callable[..., SweepRecord],
) -> None:
    readable = record()
    lineage = next(iter(retention_rules([readable], pytest.fail)))
    unreadable = SweepRecord("elsewhere", {**readable.resolved, "model": "not_here:Family"}, frozenset({lineage}))
    messages: list[str] = []
    rules = retention_rules([unreadable, readable], messages.append)
    assert len(messages) == 1
    assert "sweep elsewhere cannot be read here" in messages[0]
    assert "not_here" in messages[0]
    assert set(rules) == set(retention_rules([readable], pytest.fail)) - {lineage}


def test_no_file_is_written(
    record: Callable[..., SweepRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded sweeps are read from their mapping; without a writable folder for temporary files too."""
    sweep_record = record()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert retention_rules([sweep_record], pytest.fail)


def test_a_lineage_that_only_a_record_names_has_no_rule(record: Callable[..., SweepRecord]) -> None:
    """An inner probe of a search is no cell of its sweep file; the rule of another sweep must not drop it."""
    other = record("keep={models: last}")
    lineage = next(iter(retention_rules([other], pytest.fail)))
    grid = record("space={regime: accumulate}")
    search = SweepRecord("search", grid.resolved, grid.keys | {lineage})
    rules = retention_rules([search, other], pytest.fail)
    assert set(rules) == set(retention_rules([grid, other], pytest.fail)) - {lineage}


def test_the_inner_probes_of_a_search_have_the_rule_of_their_sweep(
    record: Callable[..., SweepRecord], make_sweep: MakeSweep, digits_text: str
) -> None:
    whole = record("space={regime: [replace, accumulate]}", "keep={models: last}")
    outer = make_sweep(digits_text, "space={regime: accumulate}", "keep={models: last}")
    search = SweepRecord("search", outer.resolved, whole.keys)
    probes = resolve(make_sweep(digits_text, "space={regime: [replace, accumulate]}", "keep={models: last}"))
    rules = retention_rules([search], pytest.fail, lambda sweep: probes)
    assert set(rules) == {cell.keys.lineage for cell in probes.cells}
    assert {rule.keep for rule in rules.values()} == {Keep(models="last")}
