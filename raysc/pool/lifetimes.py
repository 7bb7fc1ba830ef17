"""Lifetimes of sources: the generation after which the rows of a source can be freed or the source can be dropped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, Recipe, Source, Take


@dataclass(frozen=True)
class Lifetimes:
    """Sources that later generations need no more, by generation.

    Attributes:
        free_after: generation -> sources whose rows no later fit reads; later training sets still count them.
        drop_after: generation -> sources that no later recipe takes.
    """

    free_after: Mapping[int, Sequence[Source]]
    drop_after: Mapping[int, Sequence[Source]]

    @classmethod
    def of(cls, recipe: Callable[[int], Recipe], generations: range, reads_rows_once: bool) -> "Lifetimes":
        """Compute the lifetimes from the recipes of some generations, from the last to the first.

        Args:
            recipe: generation -> its recipe.
            generations: the generations of the loop.
            reads_rows_once: the family keeps sums of the parts of its last training set and does not read them again.
        """
        last_taken: dict[Source, int] = {}
        last_read: dict[Source, int] = {}
        current, following = recipe(generations.stop - 1), Recipe(())
        for t in reversed(generations):
            if current.takes != following.takes[: len(current.takes)]:
                for source in _sources_read(current.takes):
                    last_taken.setdefault(source, t)
            previous = recipe(t - 1) if t > 0 else None
            # The family has no sums yet at the first generation of the range.
            has_sums = reads_rows_once and t > generations.start
            for source in _sources_read(_takes_to_read(current, previous if has_sums else None)):
                last_read.setdefault(source, t)
            if previous is not None:
                current, following = previous, current
        free_after: dict[int, list[Source]] = {}
        drop_after: dict[int, list[Source]] = {}
        for source, last in last_taken.items():
            drop_after.setdefault(last, []).append(source)
            if last_read[source] < last:
                free_after.setdefault(last_read[source], []).append(source)
        return cls(free_after, drop_after)

    def release(self, sources: dict[Source, Rows], t: int) -> None:
        """Free and drop, in place, the sources that no generation after ``t`` needs."""
        for source in self.free_after.get(t, ()):
            sources[source] = sources[source].without_data()
        for source in self.drop_after.get(t, ()):
            sources.pop(source, None)


def takes_to_read(recipe: Callable[[int], Recipe], t: int, reads_rows_once: bool) -> tuple[Take, ...]:
    """Return the takes whose rows the fit of generation t reads: all of them, or only those appended since t - 1.

    Under accumulate a training set is the previous one and one more part. A family that reads rows once reads only
    that part.
    """
    return _takes_to_read(recipe(t), recipe(t - 1) if reads_rows_once and t > 0 else None)


def appended_takes(takes: tuple[Take, ...], previous: tuple[Take, ...]) -> tuple[Take, ...]:
    """Return the takes that follow ``previous``; all of them if ``takes`` does not begin with ``previous``."""
    return takes[len(previous) :] if takes[: len(previous)] == previous else takes


def _takes_to_read(recipe: Recipe, previous: Recipe | None) -> tuple[Take, ...]:
    """Return the takes that a fit reads; ``previous``: the recipe of which the family has sums, if any."""
    if previous is None or recipe.subsample is not None or previous.subsample is not None:
        return recipe.takes
    return appended_takes(recipe.takes, previous.takes)


def _sources_read(takes: tuple[Take, ...]) -> Iterator[Source]:
    """Yield the sources whose rows the takes read; their functions read the real rows, too."""
    for take in takes:
        yield take.source
        if take.reads_real_rows:
            yield REAL
