"""Network of the variational autoencoder: an encoder and a decoder of flattened rows."""

from math import prod

import torch
from torch import Tensor, nn

from raysc.models.networks.network import Config


def vae_config(event: tuple[int, ...], latent_dim: int, width: int, depth: int) -> Config:
    """Return the configuration of an autoencoder for rows of a shape; see ``Vae``."""
    return {"network": "vae", "event": list(event), "latent_dim": latent_dim, "width": width, "depth": depth}


class Vae(nn.Module):
    """Two perceptrons: the encoder maps a row to a normal distribution of latents, the decoder latents to a row."""

    def __init__(self, event: tuple[int, ...], latent_dim: int, width: int, depth: int) -> None:
        """Build the layers.

        Args:
            event: shape of a row.
            latent_dim: dimension of the latents.
            width: units of a hidden layer.
            depth: hidden layers of each perceptron.
        """
        super().__init__()
        self.event = event
        self.encoder = _perceptron(prod(event), width, depth, 2 * latent_dim)
        self.decoder = _perceptron(latent_dim, width, depth, prod(event))

    def forward(self, values: Tensor, noise: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Decode latents, or encode rows and decode latents drawn from their posterior.

        Args:
            values: latents (batch, latent_dim); with ``noise`` rows (batch, *event).
            noise: standard normal, (batch, latent_dim).

        Returns:
            Rows (batch, *event); with ``noise`` also mean and log variance of the posterior, (batch, latent_dim) each.
        """
        if noise is None:
            return self._decode(values)
        mean, log_variance = self.encoder(values.flatten(1)).chunk(2, dim=1)
        return self._decode(mean + torch.exp(log_variance / 2) * noise), mean, log_variance

    def _decode(self, latents: Tensor) -> Tensor:
        rows: Tensor = self.decoder(latents).view(-1, *self.event)
        return rows


def _perceptron(inputs: int, width: int, depth: int, outputs: int) -> nn.Sequential:
    """Build hidden layers with SiLU and a linear output layer."""
    layers: list[nn.Module] = []
    for size in [inputs] + [width] * (depth - 1):
        layers += [nn.Linear(size, width), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))
