"""Settings of a search: of domains, or for a threshold."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from raysc.settings.base import Settings


class Tolerance(Settings):
    """The criterion of tolerance.

    Attributes:
        tolerance: largest mean excess over the control at the last generation, in the metric's units.
    """

    tolerance: PositiveFloat


class Search(Settings):
    """Search of the domains of ``space``, or for a threshold; exactly one of ``random`` and ``threshold`` is set.

    Attributes:
        random: number of points that are drawn from the domains of ``space``.
        threshold: axis whose largest stable value is searched for, at each point of ``space``.
        range: lower and upper end of the search.
        scale: scale of the axis; default: log, or linear if the range begins at 0 or below.
        criterion: contraction: the loop is stable if rho, the ratio of successive increments of the metric's difference
            from the control, is below 1; {tolerance: d}: if the excess at the last generation is at most d.
        metric: column of a listed metric that is judged; default: the first one.
        width: width of the interval at which a search ends: relative to the threshold on a log scale, else in units of
            the axis.
        runs: most runs of each search; a run is one seed of one cell, controls included.
        hours: hours of units after which a search proposes no more runs, for each search, controls included; the round
            that reaches it is finished. They are wall time without waiting: GPU hours if a unit has one GPU. Default:
            no limit.
        generations: most retrainings of a value that is undecided, by contraction. All values begin with
            loop.generations; one that is undecided goes on to twice as many, up to this number, where that should pay
            more than new seeds. Default: loop.generations.
    """

    random: PositiveInt | None = None
    threshold: str | None = None
    range: tuple[int | float, int | float] | None = None
    scale: Literal["log", "linear"] | None = None
    criterion: Literal["contraction"] | Tolerance = "contraction"
    metric: str | None = None
    width: PositiveFloat = Field(default=0.15, lt=10)
    runs: PositiveInt = 400
    hours: PositiveFloat | None = None
    generations: PositiveInt | None = None
