"""Normalizing flow: an invertible network between rows and noise, trained by the likelihood that it gives to rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, PositiveInt
from torch import Tensor

from raysc.errors import InputError
from raysc.models.family import Fitted
from raysc.models.networks.architectures import Config, Network, parameter_count
from raysc.models.neural import state_files
from raysc.models.neural.sampling import BLOCK
from raysc.models.neural.state import State, initial_state, packed
from raysc.models.training import loop, packs
from raysc.models.training.batches import Batch
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train


@dataclass(frozen=True)
class NormalizingFlow:
    """A neural spline flow (Durkan et al. 2019) of points: exact densities, so that ``nll`` can be measured.

    Its network is an autoregressive affine transform, which finds the scale of the rows, and then autoregressive
    rational-quadratic splines. It is trained by maximum likelihood and sampled by one pass backwards.

    Attributes:
        transforms: spline transforms.
        bins: of each spline.
        width: units of a hidden layer of each transform.
        depth: hidden layers of each transform.
    """

    transforms: PositiveInt = 2
    bins: Annotated[int, Field(ge=2)] = 8
    width: PositiveInt = 64
    depth: PositiveInt = 2

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    samples_by: ClassVar[tuple[str, ...]] = ("latents",)

    def check(self, event: tuple[int, ...]) -> None:
        if not packed(event):
            raise InputError(f"normalizing_flow models points, and these rows have the shape {event}")

    def packs(self, event: tuple[int, ...]) -> bool:
        return packed(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        loop.check_train(train, event, "spline_flow")

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(self._config(event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        return packs.fit(_loss, training_set, start, steps, train, streams, length)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return packs.sample_rows(_draw, state, first, count, sample, streams)

    def log_prob(self, state: State, points: np.ndarray) -> np.ndarray:
        """Log density at points (count, dim) under each seed's EMA model, float64 (seeds, count)."""
        return packs.call(_log_prob, state, points).astype(np.float64)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state)

    def load(self, folder: Path) -> State:
        return state_files.load(folder, "spline_flow")

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(self._config(event))

    def _config(self, event: tuple[int, ...]) -> Config:
        self.check(event)
        sizes: dict[str, Any] = {name: getattr(self, name) for name in ("transforms", "bins", "width", "depth")}
        return {"network": "spline_flow", "event": list(event), **sizes}


def _log_prob(network: Network, rows: Tensor) -> Tensor:
    densities: Tensor = network(rows)
    return densities


def _draw(network: Network, latents: Tensor) -> Tensor:
    rows: Tensor = network(latents, draw=True)
    return rows


def _loss(network: Network, batch: Batch) -> Tensor:
    """Mean negative log likelihood of the rows, in nats; noise and times of a batch play no part."""
    return -_log_prob(network, batch.rows).mean()
