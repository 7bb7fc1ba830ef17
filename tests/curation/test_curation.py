"""Curations in a sweep: cells, controls, keys, plug-ins and messages."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.results.table.table import load_table
from raysc.settings import UNCURATED
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

TEXT = """\
name: curations
data: {name: gaussian, rows: 50, dim: 2}
model: gaussian
loop: {generations: 3}
space:
  regime: [mix, accumulate, real_only]
  lambda: 1
  curation: [none, {name: luce, choices: 4}, {name: top_alpha, alpha: 0.5}]
seeds: 4
metrics: [trace_ratio]
"""

PLUGIN = """\
from dataclasses import dataclass, replace
from typing import ClassVar
import numpy as np
from raysc.plugins import Take

@dataclass(frozen=True)
class Smallest:
    factor: int = 2
    version: ClassVar[int] = 1

    def curate(self, take: Take) -> Take:
        return replace(take, among=self.factor * take.count, choose=self.smallest)

    def smallest(self, candidates, real, count, generator):
        return np.argsort(np.linalg.norm(candidates, axis=1))[:count]
"""


def test_every_regime_is_curated_and_real_rows_alone_are_one_cell(make_sweep: MakeSweep) -> None:
    cells = make_sweep(TEXT).cells
    named = [(cell.regime.name, cell.axes["curation.name"], cell.axes["curation.choices"]) for cell in cells]
    curations = [("none", None), ("luce", 4), ("top_alpha", None)]
    assert named == [*(("mix", *curation) for curation in curations), *(("accumulate", *c) for c in curations),
                     ("real_only", "none", None)]  # fmt: skip
    assert {cell.compared_with for cell in cells} == {6}


def test_a_curation_has_a_key_of_its_own_and_none_has_that_of_a_sweep_without(make_sweep: MakeSweep) -> None:
    cells = resolve(make_sweep(TEXT)).cells
    assert len({cell.keys.lineage for cell in cells}) == 7
    plain = resolve(make_sweep(TEXT.replace("  curation:", "  # curation:"))).cells
    assert [cell.keys for cell in plain] == [cell.keys for cell in cells if cell.settings.curation.name == UNCURATED]
    assert "curation" not in plain[0].keys.settings
    at_top = resolve(make_sweep(TEXT.replace("  curation:", "  # curation:") + "curation: {name: luce, choices: 4}\n"))
    assert [cell.keys for cell in at_top.cells] == [cells[1].keys, cells[4].keys, cells[6].keys]


@pytest.mark.slow
def test_selection_shrinks_the_spread_under_every_regime(
    make_sweep: MakeSweep, run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path
) -> None:
    sweep, objects = make_sweep(TEXT), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects).query("generation == 3")
    for _, group in table[table["regime"] != "real_only"].groupby("regime"):
        means = np.log(group.set_index("curation.name")["trace_ratio"]).groupby("curation.name").mean()
        assert means["none"] > means["luce"] > means["top_alpha"]


def test_a_plug_in_is_named_by_its_import_path_and_known_by_its_source(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smallest_curation.py").write_text(PLUGIN)
    sweep = make_sweep(TEXT, "space.curation=smallest_curation:Smallest", "space.regime=[accumulate]")
    resolved = resolve(sweep)
    validate(resolved)
    take = resolved.cells[0].rules.recipe(3).takes[2]
    assert (take.count, take.among) == (50, 100)
    curation = resolved.cells[0].keys.settings["curation"]
    assert curation["name"] == "smallest_curation:Smallest"
    assert len(curation["version"]) == 64
    run_sweep(sweep, Objects.open(str(tmp_path / "store")))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("space.curation=lucee", "curation: unknown curation 'lucee'; did you mean 'luce'?"),
        ("space.curation={name: luce, choices: 0}", "curation.choices: choices must be at least 1, not 0"),
        (
            "space.curation={name: luce, reward: words, target: 3}",
            "curation.reward: words scores rows of text",
        ),
        ("space.curation={name: luce, target: [1, 2, 3]}", "curation.target: 3 coordinates, but rows of shape (2,)"),
        (
            "space.curation={name: luce, reward: category}",
            "curation: luce needs labels of candidates, and gaussian",
        ),
        ("space.regime=curated", "curation: the regime selects its samples itself; take a regime that does not"),
        ("space.curation=mix", "unknown curation 'mix'"),
    ],
)
def test_a_curation_that_cannot_work_is_refused(make_sweep: MakeSweep, change: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        validate(resolve(make_sweep(TEXT, change)))
    assert problem in str(error.value)
