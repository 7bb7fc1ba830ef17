"""Packing: seeds of a cell are cut into units by memory, by what a family can batch, and as they were cut before."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from raysc.datasets.dataset import DataSet
from raysc.loop import Rules
from raysc.models.family import ClosedFormFamily
from raysc.pool.lifetimes import takes_to_read
from raysc.seeds import are_crossed, generation_zero_seed
from raysc.settings import Resources
from raysc.store.keys import GenerationZeroKeys
from raysc.store.spans import PublishedSpans, pack_name

UNIT_BYTES = 512 * 2**20
"""Upper limit for the rows of one closed-form unit in memory, bytes."""
MOST_SEEDS = 1000
"""Upper limit for the seeds of a closed-form unit: longer arrays gain nothing, and idle cores need units too."""
SEEDS_PER_CORE, SEEDS_PER_GPU = 8, 64
"""Upper limits for the seeds of a trained pack: beyond them time grows with the seeds, and idle cores need work."""
MAX_NAME = 200
"""Upper limit for the name of a new pack, in characters; a file's name has at most 255, an extension included."""

Pack = tuple[int, ...]


def seeds_per_unit(rules: Rules, data: DataSet, family: ClosedFormFamily, generations: int) -> int:
    """Return the number of seeds of a closed-form family that fit in a unit's memory, as float64.

    The last generation holds most: the rows that its fit reads or selects from, the real rows where rows are selected,
    the rows that it samples, and two copies of either. Rows whose statistics the family remembers are freed by then.
    """
    takes = takes_to_read(rules.recipe, generations, family.reads_rows_once)
    fit_rows = sum(take.source_rows for take in takes) + rules.rows * any(take.choose is not None for take in takes)
    rows = fit_rows + 2 * max(rules.sample_rows, rules.recipe(generations).subsample or 0)
    return int(max(1, min(MOST_SEEDS, UNIT_BYTES // (8 * rows * prod(data.event)))))


@dataclass(frozen=True)
class LoopKeys:
    """Keys of a trained loop, by which its seeds are cut into packs.

    Attributes:
        lineages: lineage key; of coupled models, which have packs in common, the keys of all of them.
        generation_zeros: keys of the generation 0 of each.
        packed: their families train several seeds at once.
    """

    lineages: tuple[str, ...]
    generation_zeros: tuple[GenerationZeroKeys, ...]
    packed: bool


def cut_packs(
    loops: Mapping[int, LoopKeys], seeds: Mapping[str, Iterable[int]], spans: PublishedSpans, resources: Resources
) -> dict[int, tuple[Pack, ...]]:
    """Cut the seeds of every trained cell into packs.

    A loop continues from generation 0, so both have the same packs. Published packs, of the loop or else of a
    generation 0 of the same training run, keep their cut; other seeds are cut anew. A pack of a generation 0 that
    shares seeds with another pack of the loop is not used: these seeds would run twice. Seeds that share a generation
    0 (``raysc.seeds``) are in different packs, so that each pack has one generation 0 for each seed.

    Args:
        loops: cell number -> keys.
        seeds: lineage key -> its seeds.
        spans: published spans.
        resources: of a trial.

    Returns:
        Cell number -> packs.
    """
    size = SEEDS_PER_GPU if resources.gpus else SEEDS_PER_CORE * max(1, int(resources.cpus))
    by_run: dict[str, list[Pack]] = {}
    for loop in loops.values():
        for keys in loop.generation_zeros:
            by_run.setdefault(keys.run, []).extend(sorted(spans.get(keys.model, {})))
    # All loops of a run have one cut.
    single = {keys.run for loop in loops.values() if not loop.packed for keys in loop.generation_zeros}
    packs = {}
    for number, loop in loops.items():
        of_runs = [pack for keys in loop.generation_zeros for pack in by_run[keys.run]]
        furthest = sorted(_last_published(loop.lineages, spans).items(), key=lambda item: (-item[1], item[0]))
        of_loop, packed = [pack for pack, _ in furthest], single.isdisjoint(keys.run for keys in loop.generation_zeros)
        packs[number] = _cut(seeds[loop.lineages[0]], of_loop, of_runs, size if packed else 1)
    return packs


def _last_published(lineages: Iterable[str], spans: PublishedSpans) -> dict[Pack, int]:
    """Map each published pack of some lineages to the last generation that one of them has."""
    last: dict[Pack, int] = {}
    for lineage in lineages:
        for pack, of_pack in spans.get(lineage, {}).items():
            last[pack] = max(last.get(pack, 0), *(span.last for span in of_pack))
    return last


def _cut(seeds: Iterable[int], of_loop: Collection[Pack], of_run: Iterable[Pack], size: int) -> tuple[Pack, ...]:
    """Cover seeds with packs: published ones first, then new ones of at most ``size`` seeds.

    Args:
        seeds: the seeds.
        of_loop: published packs of the loop, in order of use.
        of_run: published packs of generation 0s; those that cover the most seeds, and no others, are used first.
        size: of new packs.
    """
    remaining = dict.fromkeys(seeds)
    packs = []
    for pack in of_loop:
        if remaining.keys() & set(pack):
            packs.append(pack)
            remaining = {seed: None for seed in remaining if seed not in pack}
    taken, initial_packs = set().union(*of_loop), list(of_run)
    for layer in _layers(remaining):
        packs += _cut_layer(layer, taken, initial_packs, size)
    return tuple(packs)


def _layers(seeds: Iterable[int]) -> list[dict[int, int]]:
    """Divide seeds so that those of one layer have different generation 0s; map these to the seeds."""
    layers: list[dict[int, int]] = []
    uses: Counter[int] = Counter()
    for seed in seeds:
        initial = generation_zero_seed(seed)
        if uses[initial] == len(layers):
            layers.append({})
        layers[uses[initial]][initial] = seed
        uses[initial] += 1
    return layers


def _cut_layer(seeds: Mapping[int, int], taken: Collection[int], of_run: Iterable[Pack], size: int) -> Iterator[Pack]:
    """Cover the seeds of one layer.

    Args:
        seeds: seed of generation 0 -> seed of the loop.
        taken: seeds of published packs of the loop.
        of_run: as for ``_cut``.
        size: of new packs.
    """
    remaining, used, crossed = dict(seeds), set(taken), are_crossed(seeds.values())
    for pack in sorted(of_run, key=lambda pack: (-len(remaining.keys() & set(pack)), len(pack), pack)):
        # A published pack may have more seeds than the sweep. They would run too; seeds by purpose have no loop then.
        loop_pack = tuple(seeds.get(initial, initial) for initial in pack)
        fits = remaining.keys() >= set(pack) if crossed else remaining.keys() & set(pack)
        if fits and used.isdisjoint(loop_pack):
            yield loop_pack
            used |= set(loop_pack)
            remaining = {initial: seed for initial, seed in remaining.items() if initial not in pack}
    yield from new_packs(remaining.values(), size)


def new_packs(seeds: Iterable[int], size: int) -> Iterator[Pack]:
    """Cut seeds into packs of at most ``size`` whose names fit in a file's name, which seeds with gaps make long."""
    remaining = list(seeds)
    while remaining:
        count = min(size, len(remaining))
        while count > 1 and len(pack_name(remaining[:count])) > MAX_NAME:
            count = count * MAX_NAME // len(pack_name(remaining[:count])) or 1
        yield tuple(remaining[:count])
        remaining = remaining[count:]
