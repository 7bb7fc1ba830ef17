import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.tune.search.basic_variant import BasicVariantGenerator
from ray.tune.search.sample import Categorical, Float

from raysc import registry
from raysc.cluster.search_space import UnitGenerator, point, search_space
from raysc.cluster.trial import bundles
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import StoredRows
from raysc.store.objects import Objects
from raysc.sweepfile import Resources, Sweep, read_sweep

TEXT = """
data: {name: gaussian, rows: 10}
model: gaussian
loop: {generations: 2}
space: {regime: mix, lambda: {uniform: [0.1, 2.0]}}
search: {random: 3}
control: false
metrics: [frechet_distance]
"""


def test_a_domain_of_the_sweep_file_is_a_domain_of_tunes_search_space(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(TEXT)
    sweep = read_sweep(str(tmp_path / "grid.yaml"), (), registry)
    points = [point(unit) for unit in make_plan(resolve(sweep), Objects.open(str(tmp_path / "store"))).units]
    space = search_space(sweep, points)
    assert isinstance(space["lambda"], Float)
    assert (space["lambda"].lower, space["lambda"].upper) == (0.1, 2.0)
    assert isinstance(space["regime"], Categorical)
    assert len({values["lambda"] for values in points}) == 3
    assert all(space["lambda"].is_valid(values["lambda"]) for values in points)


def test_one_rank_is_the_trial_itself_and_several_have_bundles_of_their_own() -> None:
    assert bundles(Resources(cpus=2, gpus=0.25)) == [{"CPU": 2.0, "GPU": 0.25}]
    assert bundles(Resources(workers=2)) == [{}, {"CPU": 1.0}, {"CPU": 1.0}]


def test_a_loop_starts_once_its_generation_0_is_published(
    make_sweep: Callable[..., Sweep], digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(resolve(make_sweep(digits_text)), Objects.open(str(tmp_path)))
    initial = plan.initial[0]
    loops = [unit for unit in plan.loop if unit.seeds == initial.seeds]
    published: set[StoredRows] = set()
    generator = UnitGenerator([initial, *loops], published.__contains__)
    names = [initial.name, *(unit.name for unit in loops)]
    trials = (SimpleNamespace(trial_id=name, config={"unit": name}) for name in names)
    monkeypatch.setattr(BasicVariantGenerator, "next_trial", lambda self: next(trials, None) or self.set_finished())

    def started() -> list[str]:
        return [trial.config["unit"] for trial in iter(generator.next_trial, None)]

    assert started() == [initial.name]
    assert not generator.is_finished()

    first, *later = sorted(initial.produced_rows)
    assert later, "the training run has two snapshots"
    published.add(first)
    assert not started(), "the store is read when the trial of generation 0 reports"
    generator.on_trial_result(initial.name, {})
    assert started() == [unit.name for unit in loops if first in unit.initial_rows]
    assert not generator.is_finished()

    generator.on_trial_complete(initial.name, error=True)
    assert not started()
    assert generator.is_finished(), "loops without a generation 0 do not start"
    assert not isinstance(pickle.loads(pickle.dumps(generator)), UnitGenerator), "it refers to the store"
