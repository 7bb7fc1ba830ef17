"""How seeds are cut into units."""

from collections.abc import Callable
from pathlib import Path

from raysc.packing import MOST_SEEDS_TRAINED
from raysc.plan import InitialUnit, make_plan
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

POINTS = """\
name: points
data: eight_gaussians
model: ddpm
loop: {generations: 2, budget: {steps: 5}}
space: {regime: [replace, mix], lambda: 1.0, initial.steps: [5, 10]}
seeds: 70
metrics: [modes_covered]
"""


def test_seeds_of_points_train_in_packs_and_those_of_images_alone(make_sweep: MakeSweep, tmp_path: Path) -> None:
    assert MOST_SEEDS_TRAINED == 32
    plan = make_plan(make_sweep(POINTS), Objects.at(str(tmp_path)))
    packs = [tuple(range(0, 32)), tuple(range(32, 64)), tuple(range(64, 70))]
    assert [unit.seeds for unit in plan.initial] == packs, "both initial qualities are snapshots of one run"
    assert [unit.seeds for unit in plan.loop] == packs * 6
    names = [unit.name for unit in plan.units]
    assert len(set(names)) == len(names)
    images = make_sweep(POINTS.replace("modes_covered", "recall"), "data=digits", "seeds=3")
    plan = make_plan(images, Objects.at(str(tmp_path)))
    assert [unit.seeds for unit in plan.units if isinstance(unit, InitialUnit)] == [(0,), (1,), (2,)]
