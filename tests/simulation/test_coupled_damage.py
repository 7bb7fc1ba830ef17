"""Damaged and lost files of coupled models: the command makes what depends on them again, with the same results."""

from collections.abc import Callable

import pytest

from raysc.runner import RunOptions
from tests.simulation.contents import Contents
from tests.simulation.recovery import check_results
from tests.simulation.scenario import MakeScenario
from tests.simulation.sweeps import COUPLED_VARIANTS, run_command

pytestmark = pytest.mark.slow

Damage = Callable[[Contents, str], None]
DAMAGES: tuple[tuple[int, str, Damage], ...] = (
    (0, "records.parquet", Contents.remove_silently),
    (1, "model/model.safetensors", Contents.flip_byte),
    (1, "model/training_state.safetensors", Contents.remove_silently),
    (0, "model/model.safetensors", Contents.remove_silently),
)
"""Model, file and damage: of model 0 in the generation before the last one, of model 1 in the last one."""
KEPT = {"coupled, keep little": DAMAGES[:2]}
"""The damages of what a sweep keeps, where that is not all."""


@pytest.mark.parametrize(
    ("name", "model", "file", "damage"),
    [(name, *damage) for name in COUPLED_VARIANTS for damage in KEPT.get(name, DAMAGES)],
)
def test_a_damaged_or_lost_file_of_one_model_is_made_again(
    scenario: MakeScenario, name: str, model: int, file: str, damage: Damage
) -> None:
    play = scenario(name)
    run_command(play.world, play.swept.sweep)
    play.watch.tolerates_removal = True
    lineage = play.swept.resolved.cells[0].models[model].keys.lineage
    generation = play.swept.sweep.generations - 1 + model
    damage(play.world.contents, play.file(f"spans/{lineage}/0/{generation}-{generation}", file))
    again = run_command(play.world, play.swept.sweep, RunOptions("", verify=True, remake=True))
    check_results(play.world, again, play.swept.expected, "made again")
    longer = run_command(play.world, play.swept.longer.sweep, RunOptions("", remake=True))
    check_results(play.world, longer, play.swept.expected_longer, "grown")
    assert play.world.violations == []
