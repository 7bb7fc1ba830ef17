"""Settings of a run: early end, resources, prices, retention."""

from typing import Literal

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from raysc.settings.base import Settings


class Until(Settings):
    """End of a seed before the last generation: the first generation at which a metric is at or beyond a level.

    The metric is judged at every generation, measured or not, of every cell and control. Later generations are not run.
    In a table they repeat the metrics of the last one, which is exact where the loop has come to rest, or are absent:
    then a claim about them is undecided. In a search for a threshold an ended seed makes a value unstable, as one that
    diverged does. The setting is part of no lineage key, since it changes no
    existing generation: a sweep without it continues ended seeds, and a sweep with it uses the generations of one
    without. Closed-form lineages store no rows and are run again in both cases.

    Attributes:
        metric: a column of a listed metric.
        below: values at or under it end the seed.
        above: values at or over it end the seed; exactly one of the two is set.
        later: later generations in tables: repeat, or absent.
    """

    metric: str
    below: float | None = None
    above: float | None = None
    later: Literal["repeat", "absent"] = "repeat"

    def __str__(self) -> str:
        side, level = ("below", self.below) if self.below is not None else ("above", self.above)
        return f"{self.metric} is at or {side} {level:g}"

    def reached(self, values: np.ndarray) -> np.ndarray:
        """Return True for values that end a seed, bool of the same shape; False for NaN."""
        return np.asarray(values <= self.below if self.below is not None else values >= self.above)


class Resources(Settings):
    """Resources of a trial.

    Attributes:
        workers: ranks of a crew.
        cpus: cores per rank, whole or fractional below 1.
        gpus: devices per rank; a fraction only with one worker.
        checkpoint_minutes: minutes between checkpoints within a generation of a trained family, from which a stopped
            unit resumes.
    """

    workers: PositiveInt = 1
    cpus: PositiveFloat = 1
    gpus: float = Field(default=0, ge=0)
    checkpoint_minutes: PositiveFloat = 15


class Price(Settings):
    """Price and size of a type of node, for the cost estimate of the plan.

    Attributes:
        hour: price of one node per hour, in any currency.
        cpus: cores of one node.
        gpus: devices of one node.
        most: maximum number of nodes at once.
    """

    hour: PositiveFloat
    cpus: PositiveFloat
    gpus: float = Field(default=0, ge=0)
    most: PositiveInt | None = None


class Keep(Settings):
    """Retention of a trained family's lineage from generation 1 on; generation 0 is always kept whole.

    Attributes:
        models: EMA models of all generations, or of the last one.
        training_state: raw weights and optimiser state of the last generation, from which a longer sweep continues, or
            none.
        rows: of all generations, or those that a further generation would train on. Other rows are drawn again from the
            models when needed.
    """

    models: Literal["all", "last"] = "all"
    training_state: Literal["last", "none"] = "last"
    rows: Literal["all", "needed"] = "needed"
