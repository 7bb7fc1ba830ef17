"""Dropout whose masks depend neither on ranks and micro-batches nor on a global generator."""

import torch
from torch import Tensor, nn

from raysc.streams import Streams, stream
from raysc.sweepfile.settings import Train


class WholeBatchDropout:
    """Drops values as ``nn.Dropout`` does in training: each with some probability, the others scaled up.

    The masks of the whole batch are drawn for each layer from a stream of its own, and of them those are kept that
    belong to the rows that are computed. So activations may be computed again, too.
    """

    def __init__(self, train: Train, rank: int, world: int, streams: Streams, device: torch.device) -> None:
        """Args are the settings of batches and dropout, whose slice, of how many, the streams of a seed, and where."""
        self._rate, self._batch, self._micro = train.dropout, train.batch, train.micro_batch or train.batch
        self._mine = train.batch // world * rank
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._draws = torch.Generator(device)
        self._step = self._first = 0

    def put_into(self, network: nn.Module) -> None:
        """Let a network's residual blocks, which have a layer for it, drop values this way."""
        blocks = [module for module in network.modules() if isinstance(module._modules.get("dropout"), nn.Dropout)]
        for number, block in enumerate(blocks):
            block.dropout = Layer(self, number)

    def begin(self, step: int, piece: int) -> None:
        """What follows is a micro-batch of a step."""
        self._step, self._first = step, self._mine + piece * self._micro

    def scale(self, values: Tensor, layer: int) -> Tensor:
        """What a layer's values (rows, ...) are multiplied by: 0, or 1 / (1 - rate)."""
        address = stream(self._seed, self._generation, "train", "dropout", self._step, layer)
        self._draws.manual_seed(int(address.bit_generator.random_raw()) % 2**63)
        drawn = torch.rand((self._batch, *values.shape[1:]), generator=self._draws, device=values.device)
        kept = drawn[self._first : self._first + len(values)] >= self._rate
        return kept / (1 - self._rate)


class Layer(nn.Module):
    """One of a network's layers of dropout."""

    def __init__(self, dropout: WholeBatchDropout, number: int) -> None:
        super().__init__()
        self._dropout, self._number = dropout, number

    def forward(self, values: Tensor) -> Tensor:
        """Values (rows, ...) with some set to 0."""
        return values * self._dropout.scale(values, self._number).to(values.dtype)
