"""The protocol of regimes, the rules for the training set of each generation.

A regime is one class in one file of this folder; ``REGIMES`` in ``raysc/regimes/__init__.py`` has its name. It returns
the ``Recipe`` of each generation (``raysc/regimes/recipe.py``).
"""

from fractions import Fraction
from typing import ClassVar, Literal, Protocol, runtime_checkable

from raysc.regimes.recipe import Recipe


class Regime(Protocol):
    """The rule for the training set of G_t. A dataclass whose fields are the parameters in the sweep file.

    Attributes:
        version: class attribute; part of every lineage key; raise it when the rule changes.
        default_lambda: class attribute; lambda if the sweep file sets none; ``None``: the sweep file must set it;
            ``"not taken"``: the rule has no lambda, its column stays empty, and a lambda in the sweep file is ignored.
    """

    version: ClassVar[int]

    @property
    def default_lambda(self) -> float | Literal["not taken"] | None: ...

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return the recipe of one generation.

        Args:
            generation: t >= 1, the generation to be trained; generation 0 trains on real rows under every regime.
            rows: n >= 1, the number of initial real rows.
            lambda_: synthetic rows per real row, >= 0, exact; 0 if the regime takes none.

        Returns:
            Exact counts; sources of generations < t only.
        """
        ...


@runtime_checkable
class SupportsRowCheck(Protocol):
    """A regime whose functions need rows of a certain kind or shape."""

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError if the regime cannot handle rows of this kind (points, images, text) and shape."""
        ...
