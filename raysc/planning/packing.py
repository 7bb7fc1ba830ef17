"""How the seeds of a cell are cut into units: by memory, by what a family can batch, and as they were cut before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from raysc.datasets.dataset import DataSet
from raysc.loop import Rules, unread
from raysc.models.family import ClosedForm
from raysc.settings import Resources
from raysc.store.keys import Zero
from raysc.store.spans import Published

UNIT_BYTES = 512 * 2**20
"""Memory that the rows of one closed-form unit may take."""
MOST_SEEDS = 1000
"""Seeds of a closed-form unit at most: the arrays are long enough by then, and other cores want work too."""
SEEDS_PER_CORE, SEEDS_PER_GPU = 8, 64
"""Seeds of a pack of a trained family at most: more would take longer by as much, and other cores want work too."""

Pack = tuple[int, ...]


def seeds_per_unit(rules: Rules, data: DataSet, family: ClosedForm, generations: int) -> int:
    """How many seeds of a closed-form family fit in a unit's memory, as float64.

    At the last generation there live the rows that the fit reads or chooses among, beside the real ones (whatever the
    family remembers was let go), those that it samples, and two copies of either on the way.
    """
    takes = unread(rules, generations, family.remembers)
    read = sum(take.candidates for take in takes) + rules.rows * any(take.choose is not None for take in takes)
    rows = read + 2 * max(rules.sample_rows, rules.recipe(generations).subsample or 0)
    return int(max(1, min(MOST_SEEDS, UNIT_BYTES // (8 * rows * prod(data.event)))))


@dataclass(frozen=True)
class Loop:
    """What tells how a lineage of a trained family is cut.

    Attributes:
        lineage: its address.
        zero: those of its generation 0.
        together: whether its family trains several seeds at once.
    """

    lineage: str
    zero: Zero
    together: bool


def packs_of(
    loops: Mapping[int, Loop], seeds: Iterable[int], spans: Published, resources: Resources
) -> dict[int, tuple[Pack, ...]]:
    """Cell of a trained family -> how its seeds are cut into units.

    A loop goes on from generation 0, so both are cut alike. Packs that are published, of the loop or else of a
    generation 0 out of the same training run, stay as they are; the rest is cut anew.

    Args:
        loops: of a sweep, by cell.
        seeds: of the sweep.
        spans: what is published.
        resources: of a trial.
    """
    together = SEEDS_PER_GPU if resources.gpus else SEEDS_PER_CORE * max(1, int(resources.cpus))
    by_run: dict[str, list[Pack]] = {}
    for loop in loops.values():
        by_run.setdefault(loop.zero.run, []).extend(sorted(spans.get(loop.zero.model, {})))
    found = {}
    for cell, loop in loops.items():
        own = spans.get(loop.lineage, {})
        furthest = sorted(own, key=lambda pack: (-max(span.last for span in own[pack]), pack))
        found[cell] = _cut(seeds, [*furthest, *by_run[loop.zero.run]], together if loop.together else 1)
    return found


def _cut(seeds: Iterable[int], published: Iterable[Pack], size: int) -> tuple[Pack, ...]:
    """Packs that hold all of some seeds: published ones as far as they go, then new ones of at most ``size``."""
    remaining = dict.fromkeys(seeds)
    packs = []
    for pack in published:
        if remaining.keys() & set(pack):
            packs.append(pack)
            remaining = {seed: None for seed in remaining if seed not in pack}
    new = list(remaining)
    return (*packs, *(tuple(new[start : start + size]) for start in range(0, len(new), size)))
