"""Variational autoencoder: rows decoded from normal latents, trained by the evidence lower bound."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, PositiveInt
from torch import Tensor

from raysc.errors import InputError
from raysc.models.family import FitResult
from raysc.models.networks.build import parameter_count
from raysc.models.networks.network import Config, Network
from raysc.models.networks.vae import vae_config
from raysc.models.neural import state_files
from raysc.models.neural.sampling import BLOCK, sample_rows
from raysc.models.neural.state import State, are_points, initial_state
from raysc.models.training import loop, packs
from raysc.models.training.batches import Batch
from raysc.models.training.validation import check_train
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train


@dataclass(frozen=True)
class Vae:
    """A variational autoencoder (Kingma and Welling 2014) of images or points, of perceptrons.

    Latents z are standard normal, the decoder is a normal distribution around d(z), and the encoder e(x) gives mean and
    variance of a normal posterior of z. The loss of a row is |x - d(z)|^2 + beta KL(e(x) || N(0, I)), z drawn from
    e(x): for beta = 1 the negative evidence lower bound of a decoder with variance 1/2, up to a constant.

    A sampled row is d(z), the mean of the decoder, with z standard normal; ``sample.temperature`` tau multiplies z, and
    ``sample.truncation`` bounds it before. Variational autoencoders of images are among the models that Gerstgrasser et
    al. 2024 train on their own samples.

    Attributes:
        latent_dim: dimension of z, at most the number of values of a row.
        beta: weight of the KL divergence (Higgins et al. 2017).
        width: units of a hidden layer of encoder and decoder.
        depth: hidden layers of each.
    """

    latent_dim: PositiveInt = 8
    beta: Annotated[float, Field(gt=0)] = 1.0
    width: PositiveInt = 128
    depth: PositiveInt = 2

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    sample_settings: ClassVar[tuple[str, ...]] = ("latents", "truncation", "temperature")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) not in (1, 3):
            raise InputError(f"vae models images and points, and these rows have the shape {event}")
        if self.latent_dim > prod(event):
            raise InputError(
                f"vae: latent_dim must be at most {prod(event)}, the values of a row, not {self.latent_dim}"
            )

    def can_pack(self, event: tuple[int, ...]) -> bool:
        return are_points(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        check_train(train, event, "vae")

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(self.network_config(event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        if start.is_pack:
            pack_loss = packs.vectorized_loss(self.loss, start.config)
            return packs.fit(pack_loss, training_set, start, steps, train, streams, total_steps)
        return loop.fit(self.loss, training_set, start, steps, train, streams, total_steps)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Compute the mean of the negative evidence lower bound over the rows, in nats up to a constant."""
        noise = batch.noise.flatten(1)[:, : self.latent_dim]
        decoded, mean, log_variance = network(batch.rows, noise)
        squared_error = (decoded - batch.rows).square().flatten(1).sum(dim=1)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        loss: Tensor = (squared_error + self.beta * divergence).mean()
        return loss

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        run = packs.sample_rows if state.is_pack else sample_rows
        return run(self.sampler(sample), state, first, count, sample, streams)

    def sampler(self, sample: Sample) -> Callable[..., Tensor]:
        """Return the sampler, (network, latents) -> values; the first ``latent_dim`` numbers of each row are z."""

        def decode(network: Network, latents: Tensor) -> Tensor:
            rows: Tensor = network(sample.temperature * latents.flatten(1)[:, : self.latent_dim])
            return rows

        return decode

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state)

    def load(self, folder: Path) -> State:
        return state_files.load(folder, "vae")

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(self.network_config(event))

    def network_config(self, event: tuple[int, ...]) -> Config:
        """Return the configuration of the network for rows of a shape; InputError if it cannot model them."""
        self.check(event)
        return vae_config(event, self.latent_dim, self.width, self.depth)
