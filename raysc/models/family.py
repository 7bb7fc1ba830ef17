"""What a model family is: fitted by a formula, for all seeds at once; or trained, one seed or a pack of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from raysc.pool.rows import Block, TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

TRAINING_STATE = "training_state"
"""How the names of those files begin that only training needs: retention may drop them."""

Arrays = dict[str, np.ndarray]
"""A closed-form model of a pack of seeds: named arrays, each with the seeds as leading axis."""


@dataclass(frozen=True)
class WithRows:
    """A closed-form model that is its training rows, with some arrays beside them.

    Attributes:
        arrays: each with the seeds as leading axis.
        training_set: the rows, wherever they lie.
    """

    arrays: Arrays
    training_set: TrainingSet


def arrays_of(state: Arrays | WithRows) -> Arrays:
    """The arrays of a closed-form model, by which a divergence is told; not its training rows, if it has some."""
    return state.arrays if isinstance(state, WithRows) else state


def state_of(state: Arrays | WithRows, kept: np.ndarray) -> Arrays | WithRows:
    """A closed-form model of some of its seeds, bool (seeds,)."""
    if isinstance(state, WithRows):
        return WithRows({name: array[kept] for name, array in state.arrays.items()}, state.training_set.of(kept))
    return {name: array[kept] for name, array in state.items()}


class ClosedForm(Protocol):
    """A family that is fitted by a formula, for all seeds of a unit at once.

    Attributes:
        version: part of every lineage key; raise it when fits or samples change.
        trained: False.
        remembers: rows that were a whole part of the last training set are not read again, neither by a fit nor to
            sample: their statistics are kept, and the loop may let the rows go.
        block: rows per sampling block; each block of each seed has a stream of its own.

    A family offers what metrics of its models ask for: ``moments(state)``, the mean (seeds, dim) and covariance
    (seeds, dim, dim) of the density; ``log_det(state)``, the logarithm of that covariance's determinant (seeds,);
    ``log_prob(state, points)``, its logarithm (seeds, count) at points (count, dim); ``predict(state, x)``, the targets
    (seeds, count) at x (count, dim); ``proportions(state)``, those of all outcomes that some seed still has (seeds,
    outcomes).
    """

    version: ClassVar[int]
    trained: ClassVar[bool]
    remembers: ClassVar[bool]
    block: ClassVar[int]

    def check(self, event: tuple[int, ...]) -> None:
        """Refuse rows of a shape that the family cannot model; InputError."""
        ...

    def fit(self, training_set: TrainingSet, streams: Streams) -> Any:
        """The model of the training set: ``Arrays``, or ``WithRows``. A seed whose arrays are not finite diverged."""
        ...

    def sample(self, state: Any, first: int, count: int, streams: Streams) -> np.ndarray:
        """Rows ``first`` to ``first + count`` of the endless sequence that the model draws, (seeds, count, *event).

        Row i depends on (state, seed, generation, i) alone: blocks are drawn whole and cut.
        """
        ...


@runtime_checkable
class ForData(Protocol):
    """A family that must know something of its data that rows do not tell, such as the noise in a target."""

    def for_data(self, data: Any) -> "Family":
        """The family for a data set; ``check`` refuses data that do not have what it needs."""
        ...


@runtime_checkable
class DrawsBlocks(Protocol):
    """A closed-form family whose fits need less of rows than the rows: it draws that, and rows only for who reads."""

    def draw(self, state: Any, first: int, count: int, streams: Streams) -> Block:
        """What ``sample`` gives for the same arguments, as a block whose rows are made when they are loaded."""
        ...


@dataclass(frozen=True)
class Fitted:
    """What a training run gives.

    Attributes:
        state: the model with everything that training needs to go on.
        diverged: a loss or parameter stopped being finite; training ended there. Of a pack: bool (seeds,).
        loss: mean training loss of the run, for the log. Of a pack: float64 (seeds,).
    """

    state: Any
    diverged: bool | np.ndarray
    loss: float | np.ndarray


class Trained(Protocol):
    """A family that is trained by gradient steps: one seed at a time, on one rank or several, or in ``Packing``.

    The same calls are made on every rank of a crew (world size and rank come from Accelerate's state); what they
    give does not depend on the number of ranks beyond rounding. States live on the rank's device.

    Attributes:
        version: part of every lineage key; raise it when fits or samples change.
        trained: True.
        block: rows per sampling block; blocks are always computed whole, so that a row's bits do not depend on what
            else was asked for.

    A family may have ``samples_by``, a tuple of those settings of ``sample`` that it takes beside ``rows``; without it
    that is ``steps``. Others are refused.
    """

    version: ClassVar[int]
    trained: ClassVar[bool]
    block: ClassVar[int]

    def check(self, event: tuple[int, ...]) -> None:
        """Refuse rows of a shape that the family cannot model; InputError."""
        ...

    def initial(self, event: tuple[int, ...], streams: Streams) -> Any:
        """An untrained state: random weights from role "init", EMA equal to them, no optimiser state.

        Args:
            event: shape of a row, (channels, height, width) for images.
            streams: of one seed, or of a pack.
        """
        ...

    def fit(
        self, training_set: TrainingSet, start: Any, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        """Train from ``start`` over the given optimiser steps.

        Everything random in step s comes from role "train" and s, so fit(range(0, 300)) followed by
        fit(range(300, 1200)) equals fit(range(0, 1200)) bit for bit on one machine.

        Args:
            training_set: rows of one seed, or of a pack.
            start: a state; it is not changed.
            steps: the optimiser steps of this generation to run; ``steps.start`` > 0 goes on with a run.
            train: batch (global), lr, clip, ema, precision, schedule, ...
            streams: of one seed, or of a pack.
            length: optimiser steps of the whole generation, of which ``steps`` may be a part: schedules go by it. None:
                there are no others.
        """
        ...

    def sample(self, state: Any, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        """Rows ``first`` to ``first + count`` of the endless sequence that the EMA model draws, (seeds, count, *event).

        Called on one rank for that rank's rows alone. Row i depends on (state, seed, generation, i) alone.
        """
        ...

    def save(self, state: Any, folder: Path, training_state: bool) -> None:
        """Write the state: the EMA network, and, if asked, raw weights and optimiser state beside it.

        Only safetensors and JSON. For U-Nets the folder is a diffusers pipeline folder. Files that only training needs
        lie at its top, and their names begin with ``TRAINING_STATE``.
        """
        ...

    def load(self, folder: Path) -> Any:
        """Read what ``save`` wrote; without training state, the EMA weights serve as raw weights."""
        ...

    def parameter_count(self, event: tuple[int, ...]) -> int:
        """How many numbers the network has, for estimates of what a sweep will take in the store."""
        ...


@runtime_checkable
class Packing(Protocol):
    """A trained family that can train the seeds of a unit together, on one rank: states have a leading seed axis.

    What it gives for a seed is the same in every pack, beyond rounding.
    """

    def packs(self, event: tuple[int, ...]) -> bool:
        """Whether it does so for rows of this shape."""
        ...


@runtime_checkable
class ChecksSettings(Protocol):
    """A trained family that does not go by all settings, or by all values of them, for rows of all shapes."""

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        """Refuse what it does not go by; InputError. What ``samples_by`` leaves out was refused before."""
        ...


def in_packs(family: object, event: tuple[int, ...]) -> bool:
    """Whether a trained family trains seeds of such rows together."""
    return isinstance(family, Packing) and family.packs(event)


@runtime_checkable
class OfText(Protocol):
    """A trained family whose rows are text; ``for_data`` tells it their tokenizer."""

    def draw_accepted(
        self, state: Any, first: int, count: int, sample: Sample, streams: Streams
    ) -> tuple[np.ndarray, float | None]:
        """As ``sample``, and the share of candidates that ``sample.accept`` let pass; None if there is no such rule."""
        ...

    def texts(self, rows: np.ndarray) -> list[str]:
        """What rows (count, length) say."""
        ...

    def token_losses(self, state: Any, rows: np.ndarray) -> np.ndarray:
        """Of rows (count, length): cross entropy in nats, summed over a row's tokens, and their number; (count, 2)."""
        ...


BY_ROWS = ("token_losses",)
"""What metrics ask of a model and some rows, row by row: of several ranks each answers for its share."""

Family = ClosedForm | Trained
