"""Packing: seeds are cut into units."""

from collections.abc import Callable
from pathlib import Path

from raysc.planning.packing import MAX_NAME, new_packs
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import InitialUnit
from raysc.store.objects import Objects
from raysc.store.spans import Span, pack_name, read_pack
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

POINTS = """\
name: points
data: eight_gaussians
model: ddpm
loop: {generations: 2, budget: {steps: 5}}
space: {regime: [replace, mix], lambda: 1.0, initial.steps: [5, 10]}
seeds: 20
metrics: [modes_covered]
"""


def test_seeds_of_small_networks_train_in_packs_and_others_alone(make_sweep: MakeSweep, tmp_path: Path) -> None:
    plan = make_plan(resolve(make_sweep(POINTS)), Objects.open(str(tmp_path)))
    packs = [tuple(range(0, 8)), tuple(range(8, 16)), tuple(range(16, 20))]
    assert [unit.seeds for unit in plan.initial] == packs, "both initial qualities are snapshots of one run"
    assert [unit.seeds for unit in plan.loop] == packs * 6
    names = [unit.name for unit in plan.units]
    assert len(set(names)) == len(names)
    more_cores = make_plan(resolve(make_sweep(POINTS, "resources.cpus=2")), Objects.open(str(tmp_path)))
    assert [unit.seeds for unit in more_cores.initial] == [tuple(range(0, 16)), tuple(range(16, 20))]
    images = POINTS.replace("modes_covered", "recall")
    for changes, of_initial in (
        ([], [(0, 1, 2)]),
        (["model.network=unet"], [(0,), (1,), (2,)]),
        (["resources.workers=2"], [(0,), (1,), (2,)]),
        # One of the two loops trains seed by seed, so all that share its generation 0 do.
        (["space.loop.train.flips=[true, false]"], [(0,), (1,), (2,)]),
    ):
        sweep = make_sweep(images, "data=digits", "seeds=3", *changes)
        plan = make_plan(resolve(sweep), Objects.open(str(tmp_path)))
        assert [unit.seeds for unit in plan.units if isinstance(unit, InitialUnit)] == of_initial


def test_candidates_take_room_too(make_sweep: MakeSweep, tmp_path: Path) -> None:
    wide = ("data={name: gaussian, dim: 100, rows: 10000}", "model=gaussian", "seeds=1000", "metrics=[mean_error]")
    text = POINTS.replace(", budget: {steps: 5}", "").replace(", initial.steps: [5, 10]", "")
    sizes = []
    for regime in ("replace", "{name: curated, real: false}", "{name: curated, real: false, choices: 5}"):
        sweep = make_sweep(text, *wide, f"space.regime={regime}", "control=false")
        sizes.append(max(len(unit.seeds) for unit in make_plan(resolve(sweep), Objects.open(str(tmp_path))).units))
    # n rows are read and 2 n are on the way; or 2 n candidates and n real ones; or 5 n and n.
    assert sizes == [2**29 // (8 * 100 * 10_000 * times) for times in (3, 5, 8)]


def test_packs_of_seeds_with_gaps_have_names_that_fit_in_a_file_name() -> None:
    for seeds in (range(0, 200, 2), range(0, 2000, 2), [7**number for number in range(40)], range(1000)):
        packs = list(new_packs(seeds, 1000))
        assert [seed for pack in packs for seed in pack] == list(seeds)
        assert all(len(pack_name(pack)) <= MAX_NAME for pack in packs)
        assert all(read_pack(pack_name(pack)) == pack for pack in packs)
    assert list(new_packs(range(1000), 1000)) == [tuple(range(1000))], "seeds without gaps have a short name"
    assert list(new_packs([3, 1], 1)) == [(3,), (1,)]


def test_a_seed_runs_in_one_pack_though_generation_0_was_published_in_two(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    """Both packs ran before: the loop's pack 0-3, and 0-7 of a generation 0 for the sake of 4 to 7."""
    sweep, objects = make_sweep(POINTS, "seeds=8", "space.lambda=1.0"), Objects.open(str(tmp_path))
    half, whole = tuple(range(4)), tuple(range(8))
    cells = resolve(sweep).cells
    first = next(cell for cell in cells if cell.settings.initial.steps == 5)
    last = next(cell for cell in cells if cell.settings.initial.steps == 10)
    assert first.keys.generation_zero is not None
    assert last.keys.generation_zero is not None
    for keys, pack in ((first.keys.generation_zero, half), (last.keys.generation_zero, whole)):
        for key in (keys.model, keys.rows):
            objects.put(Span(0, 0, key, pack).name, b"")
    objects.put(Span(1, 1, first.keys.lineage, half).name, b"")
    plan = make_plan(resolve(sweep), objects)
    packs: dict[str, list[tuple[int, ...]]] = {unit.cell.keys.lineage: [] for unit in plan.loop}
    for unit in plan.loop:
        packs[unit.cell.keys.lineage].append(unit.seeds)
    assert packs.pop(first.keys.lineage) == [half, (4, 5, 6, 7)]
    assert packs
    assert set(map(tuple, packs.values())) == {(whole,)}, "the pack that covers all seeds"
    made = {(unit.seeds, snapshot.steps) for unit in plan.initial for snapshot in unit.snapshots}
    assert ((4, 5, 6, 7), 10) not in made, "no cell begins with it"
    assert ((4, 5, 6, 7), 5) in made
