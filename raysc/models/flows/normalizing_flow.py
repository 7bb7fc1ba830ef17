"""Normalizing flow: an invertible network between rows and noise, trained by maximum likelihood."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, PositiveInt
from torch import Tensor

from raysc.errors import InputError
from raysc.models.family import FitResult
from raysc.models.networks.build import parameter_count
from raysc.models.networks.network import Config, Network
from raysc.models.neural import state_files
from raysc.models.neural.sampling import BLOCK
from raysc.models.neural.state import State, are_points, initial_state
from raysc.models.training import packs
from raysc.models.training.batches import Batch
from raysc.models.training.validation import check_train
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train


@dataclass(frozen=True)
class NormalizingFlow:
    """A neural spline flow (Durkan et al. 2019) of points: exact densities, so that ``nll`` can be measured.

    The network is an autoregressive affine transform, which learns the scale of the rows, followed by autoregressive
    rational-quadratic splines. Sampling is one pass through the inverse.

    Attributes:
        transforms: spline transforms.
        bins: bins of each spline.
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
    sample_settings: ClassVar[tuple[str, ...]] = ("latents", "truncation")

    def check(self, event: tuple[int, ...]) -> None:
        if not are_points(event):
            raise InputError(f"normalizing_flow models points, and these rows have the shape {event}")

    def can_pack(self, event: tuple[int, ...]) -> bool:
        return are_points(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        check_train(train, event, "spline_flow")

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(self.network_config(event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        pack_loss = packs.vectorized_loss(_loss, start.config)
        return packs.fit(pack_loss, training_set, start, steps, train, streams, total_steps)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return packs.sample_rows(_sample, state, first, count, sample, streams)

    def log_prob(self, state: State, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim) under each seed's EMA model, float64 (seeds, count)."""
        return packs.evaluate(_log_prob, state, points).astype(np.float64)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state)

    def load(self, folder: Path) -> State:
        return state_files.load(folder, "spline_flow")

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(self.network_config(event))

    def network_config(self, event: tuple[int, ...]) -> Config:
        """Return the configuration of the network for rows of a shape; InputError if they are not points."""
        self.check(event)
        return {
            "network": "spline_flow",
            "event": list(event),
            "transforms": self.transforms,
            "bins": self.bins,
            "width": self.width,
            "depth": self.depth,
        }


def _log_prob(network: Network, rows: Tensor) -> Tensor:
    log_densities: Tensor = network(rows)
    return log_densities


def _sample(network: Network, latents: Tensor) -> Tensor:
    rows: Tensor = network(latents, inverse=True)
    return rows


def _loss(network: Network, batch: Batch) -> Tensor:
    """Compute the mean negative log likelihood of the rows in nats; noise and times of the batch are not used."""
    return -_log_prob(network, batch.rows).mean()
