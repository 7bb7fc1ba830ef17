"""The protocol of curations: a ``Curation`` changes which samples a regime's take holds, never how many.

The loop hands every take of synthetic rows to the curation. ``top_alpha``, for example, returns the take with more
candidates and a function that selects among them:

    select(take, among=2 * take.count, choose=self.best)

The functions are those of ``raysc.regimes.recipe``. Equal takes select once, so later generations that take as many
rows of S_t train on the same ones. Where a regime takes fewer of them (proportions, counts), they are selected anew
among fewer candidates.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

import numpy as np

from raysc.errors import InputError
from raysc.regimes.recipe import Chooser, Need, Take, Transform


class Curation(Protocol):
    """A rule for the synthetic rows of training sets. A dataclass whose fields are the parameters in the sweep file.

    Attributes:
        version: class attribute; part of the lineage keys of curated cells; raise it when the rule changes.
    """

    version: ClassVar[int]

    def curate(self, take: Take) -> Take:
        """Return a take of the same source with the same ``count`` and ``redraw``; equal takes give equal takes.

        Args:
            take: a regime's take of synthetic rows.

        Raises:
            InputError: the take has a function that the curation would replace.
        """
        ...


def select(take: Take, among: int, choose: Chooser, needs: tuple[Need, ...] = ()) -> Take:
    """Return a take that selects its rows among the first ``among`` of its source.

    Raises:
        InputError: the regime selects rows itself.
    """
    if take.choose is not None:
        raise InputError("curation: the regime selects its samples itself; take a regime that does not")
    return replace(take, among=among, choose=choose, needs=needs)


def correct(take: Take, transform: Transform) -> Take:
    """Return a take whose rows are transformed.

    Raises:
        InputError: the regime transforms rows itself.
    """
    if take.transform is not None:
        raise InputError("curation: the regime transforms its samples itself; take a regime that does not")
    return replace(take, transform=transform)


def first_accepted(accepted: Sequence[bool] | np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the first ``count`` accepted candidates, int64 (count,); with fewer, they repeat in turn.

    Raises:
        InputError: no candidate is accepted.
    """
    indices = np.flatnonzero(accepted)
    if not len(indices):
        raise InputError(f"none of {len(accepted)} candidates is accepted; raise choices, or accept more")
    return np.resize(indices, count)
