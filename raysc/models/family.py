"""Protocols of model families: closed-form families fit by a formula, trained families fit by gradient steps.

A family is a class whose constructor parameters are the keys under ``model`` in a sweep file. It implements
``ClosedFormFamily`` or ``TrainedFamily``, and those of the optional protocols that apply:

- ``SupportsDataBinding``: the family needs its data set, for example the noise of a target;
- ``SupportsWeights``: the rows of a training set may have weights;
- ``SupportsRandomFits``: the fits of a closed-form family draw random numbers;
- ``SupportsLazySampling``: a closed-form family draws statistics of rows, and the rows themselves on demand;
- ``SupportsBiasedSampling``: a closed-form family samples another distribution than the one it fitted;
- ``SupportsGuidance``: rows can be drawn from generation 0's model, extrapolated away from the newest one;
- ``packing.SupportsPacking``: a trained family trains several seeds as one batched network;
- ``packing.SupportsSingleSeeds``: a trained family that packs seeds trains them one by one, too;
- ``SupportsSettingsCheck``: a trained family accepts some settings only;
- ``SupportsText``: a trained family generates text.

Generation t of a loop calls ``fit`` on its training set, which gives a state, and ``sample`` on that state. A state
is opaque to the loop. Every array of rows has the shape (seeds, count, *event), where event is the shape of one row.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from raysc.pool.blocks import Block
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Guide, Sample, Train

TRAINING_STATE_PREFIX = "training_state"
"""Prefix of the names of files that only training reads: retention may delete them."""
TRAINING_STATE_JSON, STEPS_TAKEN = "training_state.json", "steps_taken"
"""File and key of the optimiser steps since the weights were random. ``--verify`` compares them with those of the
lineage, if a family writes them."""

Arrays = dict[str, np.ndarray]
"""State of a closed-form model of several seeds: named arrays, each with the seeds as leading axis."""


@dataclass(frozen=True)
class StateWithRows:
    """State of a closed-form model that consists of training rows and some arrays.

    Attributes:
        arrays: named arrays, each with the seeds as leading axis.
        training_set: the rows, in memory or in the store.
    """

    arrays: Arrays
    training_set: TrainingSet


def state_arrays(state: Arrays | StateWithRows) -> Arrays:
    """Return the arrays of a closed-form state, without its rows; a seed whose arrays are not finite has diverged."""
    return state.arrays if isinstance(state, StateWithRows) else state


def select_seeds(state: Arrays | StateWithRows, mask: np.ndarray) -> Arrays | StateWithRows:
    """Return the closed-form state of the seeds that a mask, bool (seeds,), selects."""
    if isinstance(state, StateWithRows):
        arrays = {name: array[mask] for name, array in state.arrays.items()}
        return StateWithRows(arrays, state.training_set.select_seeds(mask))
    return {name: array[mask] for name, array in state.items()}


class ClosedFormFamily(Protocol):
    """A family that is fitted by a formula, for all seeds of a unit at once.

    Metrics of the model itself call further methods, by name; a family implements those that it has a formula for:

    - ``moments(state)``: mean (seeds, dim) and covariance (seeds, dim, dim) of the density;
    - ``log_det(state)``: logarithm of the covariance's determinant, (seeds,);
    - ``log_prob(state, points)``: log density (seeds, count) at points (count, dim);
    - ``predict(state, x)``: targets (seeds, count) at x (count, dim);
    - ``total_variation(state, data)``: distance from the truth of a data set, (seeds,);
    - ``proportions(state)``: probabilities (seeds, outcomes) of the outcomes that at least one seed still has.

    Attributes:
        version: part of every lineage key; increase it when fits or samples change.
        trained: False.
        reads_rows_once: the family keeps the statistics of the parts of its last training set. Neither ``fit`` nor
            ``sample`` reads the rows of such a part again, so the loop may free them.
        block: rows per sampling block; each block of each seed has its own random stream.

    A family whose retraining map jumps, with equal random numbers, sets ``retraining_jumps = True``: its rows or labels
    are whole numbers, or its parameters have no fixed number or order, as in a mixture. Forks are refused then, since
    they measure the map's Jacobian.
    """

    version: ClassVar[int]
    trained: ClassVar[bool]
    reads_rows_once: ClassVar[bool]
    block: ClassVar[int]

    def check(self, event: tuple[int, ...]) -> None:
        """Raise InputError if the family cannot model rows of this shape."""
        ...

    def fit(self, training_set: TrainingSet, streams: Streams) -> Any:
        """Fit the training set.

        Returns:
            The state: ``Arrays`` or ``StateWithRows``. A seed whose arrays are not finite has diverged.
        """
        ...

    def sample(self, state: Any, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows ``first`` to ``first + count`` of the model's endless sequence, (seeds, count, *event).

        Row i depends on (state, seed, generation, i) alone. Draw whole blocks and cut them to achieve that.
        """
        ...


@runtime_checkable
class SupportsDataBinding(Protocol):
    """A family that needs information from its data set, such as the noise of a target or a tokenizer."""

    def for_data(self, data: Any) -> "Family":
        """Return the family for a data set; ``check`` refuses a data set that lacks the information."""
        ...


@runtime_checkable
class SupportsWeights(Protocol):
    """A family whose fit honours the weights of rows, ``TrainingSet.weights``; all others refuse them.

    Attributes:
        honours_weights: True.
    """

    honours_weights: ClassVar[bool]


@runtime_checkable
class SupportsRandomFits(Protocol):
    """A closed-form family whose fits draw random numbers, such as starts of an iteration, all from role "train".

    Attributes:
        random_fits: True.
    """

    random_fits: ClassVar[bool]


@runtime_checkable
class SupportsLazySampling(Protocol):
    """A closed-form family whose fits need statistics of rows only: rows are computed when a reader loads them."""

    def sample_block(self, state: Any, first: int, count: int, streams: Streams) -> Block:
        """Return the rows of ``sample`` with the same arguments as a block that computes them on ``load``."""
        ...


@runtime_checkable
class SupportsBiasedSampling(Protocol):
    """A closed-form family that takes settings under ``sample``, such as a temperature; all others refuse them.

    Attributes:
        sample_settings: the settings that it takes, apart from ``rows``.
    """

    sample_settings: ClassVar[tuple[str, ...]]

    def sampling_state(self, state: Any, sample: Sample) -> Any:
        """Return the state of the distribution from which rows are sampled; ``state`` itself at the defaults.

        It is a state of the same family: ``sample``, ``sample_block`` and the methods for metrics take it.
        """
        ...


@runtime_checkable
class SupportsGuidance(Protocol):
    """A family of either kind that takes ``sample.guide``; its ``sample_settings`` have the name ``guide``."""

    def guided_state(self, base: Any, state: Any, guide: Guide) -> Any:
        """Return a state that samples (1 + w) base - w state; see ``Guide``. Neither state is changed.

        Args:
            base: the state of generation 0.
            state: the state of the newest generation.
            guide: weight w, and what is extrapolated.
        """
        ...


@dataclass(frozen=True)
class FitResult:
    """Result of a training run.

    Attributes:
        state: the model and everything that training needs to continue.
        diverged: a loss or parameter was not finite, and training ended there. For a pack: bool (seeds,).
        loss: mean training loss of the run, for the log. For a pack: float64 (seeds,).
        weights_moved: False if all weights are those of the start, although steps with a learning rate above 0 were
            taken. For a pack: bool (seeds,).
        skipped_steps: steps that loss scaling (fp16) skipped, since their gradients were not finite.
    """

    state: Any
    diverged: bool | np.ndarray
    loss: float | np.ndarray
    weights_moved: bool | np.ndarray = True
    skipped_steps: int = 0


class TrainedFamily(Protocol):
    """A family that is trained by gradient steps, one seed at a time on one rank or several.

    With ``SupportsPacking`` it trains a pack of seeds on one rank instead. Every rank makes the same calls; world size
    and rank come from Accelerate's state. Results depend on the number of ranks by rounding only. States lie on the
    rank's device.

    A family may have an attribute ``sample_settings``: a tuple of the settings under ``sample`` that it accepts, apart
    from ``rows``; all others are refused. The default is ``("steps",)``.

    Attributes:
        version: part of every lineage key; increase it when fits or samples change.
        trained: True.
        block: rows per sampling block. Blocks are always computed whole, so that the bits of a row do not depend on
            which other rows are sampled.
    """

    version: ClassVar[int]
    trained: ClassVar[bool]
    block: ClassVar[int]

    def check(self, event: tuple[int, ...]) -> None:
        """Raise InputError if the family cannot model rows of this shape."""
        ...

    def initial(self, event: tuple[int, ...], streams: Streams) -> Any:
        """Return an untrained state: random weights from role "init", EMA equal to them, no optimiser state.

        Args:
            event: shape of a row, (channels, height, width) for images.
            streams: of one seed, or of a pack.
        """
        ...

    def fit(
        self, training_set: TrainingSet, start: Any, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        """Train from ``start`` over the given optimiser steps.

        All random numbers of step s come from role "train" and s, so fit(range(0, 300)) followed by
        fit(range(300, 1200)) equals fit(range(0, 1200)) bit for bit on one machine.

        Args:
            training_set: rows of one seed, or of a pack.
            start: a state; it is not changed.
            steps: optimiser steps of this generation to run; ``steps.start`` > 0 continues a run.
            train: batch (global), lr, clip, ema, precision, schedule, ...
            streams: of one seed, or of a pack.
            total_steps: optimiser steps of the whole generation, which schedules depend on; None: ``steps.stop``.
        """
        ...

    def sample(self, state: Any, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        """Sample rows ``first`` to ``first + count`` of the EMA model's endless sequence, (seeds, count, *event).

        Each rank calls this for its own share of the rows. Row i depends on (state, seed, generation, i) alone.
        """
        ...

    def save(self, state: Any, folder: Path, training_state: bool) -> None:
        """Write the EMA network and, if ``training_state``, raw weights and optimiser state.

        Files are safetensors and JSON only. A U-Net's folder is a diffusers pipeline folder. Files that only training
        reads lie at the top of the folder, and their names begin with ``TRAINING_STATE_PREFIX``.
        """
        ...

    def load(self, folder: Path) -> Any:
        """Read what ``save`` wrote; without training state, the EMA weights are the raw weights too."""
        ...

    def parameter_count(self, event: tuple[int, ...]) -> int:
        """Return the number of parameters of the network, for estimates of storage."""
        ...


@runtime_checkable
class SupportsSettingsCheck(Protocol):
    """A trained family that does not support all settings, or all their values, for rows of every shape."""

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        """Raise InputError at a setting without effect. Settings outside ``sample_settings`` were refused before."""
        ...


@runtime_checkable
class SupportsText(Protocol):
    """A trained family whose rows are text; ``for_data`` binds it to the data set's tokenizer."""

    def sample_with_acceptance(
        self, state: Any, first: int, count: int, sample: Sample, streams: Streams
    ) -> tuple[np.ndarray, float | None]:
        """Sample as ``sample`` does.

        Returns:
            The rows, and the share of candidates that ``sample.accept`` accepted; None without such a rule.
        """
        ...

    def texts(self, rows: np.ndarray) -> list[str]:
        """Decode rows (count, length)."""
        ...

    def token_losses(self, state: Any, rows: np.ndarray) -> np.ndarray:
        """Compute losses of rows (count, length): (count, 2).

        Column 0 is the cross entropy in nats summed over a row's tokens, column 1 the number of tokens.
        """
        ...


ROWWISE_METHODS = ("token_losses",)
"""Methods of a model that metrics call with rows and that work row by row: each rank computes its share."""

Family = ClosedFormFamily | TrainedFamily
