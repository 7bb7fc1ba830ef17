"""Dropout whose masks depend neither on the number of ranks nor on a global generator."""

import torch
from torch import Tensor, nn

from raysc.streams import Streams, stream


class WholeBatchDropout(nn.Module):
    """Drops values as ``nn.Dropout`` does in training: each with some probability, the others scaled up.

    Every rank draws the masks of the whole batch from the step's stream, in the order of the network's layers, and
    keeps its slice of them. One instance serves all layers of a network.
    """

    def __init__(self, rate: float, rank: int, world: int, streams: Streams, device: torch.device) -> None:
        """Args are the share of values that are dropped, whose slice, of how many, the streams of a seed, and where."""
        super().__init__()
        self._rate, self._rank, self._world = rate, rank, world
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._draws = torch.Generator(device)

    def put_into(self, network: nn.Module) -> None:
        """Let a network's residual blocks, which have a layer for it, drop values this way."""
        for module in list(network.modules()):
            if isinstance(module._modules.get("dropout"), nn.Dropout):
                module.dropout = self

    def begin(self, step: int) -> None:
        """The masks that follow are those of a step."""
        word = stream(self._seed, self._generation, "train", "dropout", step).bit_generator.random_raw()
        self._draws.manual_seed(int(word) % 2**63)

    def forward(self, values: Tensor) -> Tensor:
        """Values (batch of this rank, ...) with some set to 0."""
        own, *rest = values.shape
        drawn = torch.rand((own * self._world, *rest), generator=self._draws, device=values.device)
        kept = drawn[own * self._rank : own * (self._rank + 1)] >= self._rate
        return values * kept / (1 - self._rate)
