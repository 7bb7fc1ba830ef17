"""Packs: trained families that train the seeds of a unit together, as one batched network."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from raysc.settings import Train


@runtime_checkable
class SupportsPacking(Protocol):
    """A trained family that trains the seeds of a unit together, on one rank: states have a leading seed axis.

    The result of a seed is the same in every pack, up to rounding.
    """

    def can_pack(self, event: tuple[int, ...]) -> bool:
        """Return True if the family packs seeds whose rows have this shape."""
        ...


@runtime_checkable
class SupportsSingleSeeds(Protocol):
    """A family that packs seeds, and that trains one seed on several ranks or with settings that packs do not support.

    States have a seed axis in either case. Of several ranks, each trains the whole of a pack with several seeds.
    """

    def trains_single_seeds(self, event: tuple[int, ...]) -> bool:
        """Return True if seeds whose rows have this shape need no pack."""
        ...

    def packs_settings(self, event: tuple[int, ...], train: Train) -> bool:
        """Return True if seeds train in packs with these settings."""
        ...


def supports_packing(family: object, event: tuple[int, ...]) -> bool:
    """Return True if a trained family can train seeds of rows of this shape together."""
    return isinstance(family, SupportsPacking) and family.can_pack(event)


def needs_packs(family: object, event: tuple[int, ...]) -> bool:
    """Return True if a trained family trains seeds of rows of this shape together only, on one rank."""
    single = isinstance(family, SupportsSingleSeeds) and family.trains_single_seeds(event)
    return supports_packing(family, event) and not single


def packs_seeds(family: object, event: tuple[int, ...], trains: Iterable[Train], workers: int) -> bool:
    """Return True if a trained family trains several seeds together.

    Args:
        family: the family.
        event: shape of a row.
        trains: training settings of generation 0 and of the retrainings.
        workers: ranks of a trial.
    """
    if not isinstance(family, SupportsSingleSeeds) or needs_packs(family, event):
        return supports_packing(family, event)
    supported = all(family.packs_settings(event, train) for train in trains)
    return workers == 1 and supports_packing(family, event) and supported
