"""Cells with equal components share the objects: a sweep of 10,000 cells builds each component once."""

from raysc.planning.resolved import resolve
from tests.conftest import MakeSweep

GRID = """\
name: grid
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: [mix, accumulate], lambda: [0.5, 1, 2], data.rows: [20, 30]}
seeds: 2
metrics: [frechet_distance]
control: false
"""


def test_equal_components_are_built_once(make_sweep: MakeSweep) -> None:
    cells = resolve(make_sweep(GRID)).cells
    assert len({cell.keys.lineage for cell in cells}) == len(cells) == 12
    assert len({id(cell.data) for cell in cells}) == 2
    assert len({id(cell.family) for cell in cells}) == 12  # they keep statistics of the rows of their run
    assert len({id(cell.rules.regime) for cell in cells}) == 2
    assert len({id(cell.rules.curation) for cell in cells}) == 1
    assert {type(cell.rules.regime).__name__ for cell in cells if cell.settings.regime.name == "mix"} == {"Mix"}
