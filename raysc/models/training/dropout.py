"""Dropout whose masks depend neither on ranks and micro-batches nor on a global generator."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from raysc.rng import Streams, stream
from raysc.settings import Train


class WholeBatchDropout:
    """Drops values as ``nn.Dropout`` does in training: each with some probability, the others scaled up.

    The masks of the whole batch are drawn for each layer from a stream of its own, and of them those are kept that
    belong to the rows that are computed. They lie ready before the rows are: so activations may be computed again, and
    a compiler sees nothing but a product. The device draws them, as a processor would take longer than the step: on
    another model of GPU the same stream gives other masks.
    """

    def __init__(self, train: Train, rank: int, world: int, streams: Streams, device: torch.device) -> None:
        """Args are the settings of batches and dropout, whose slice, of how many, the streams of a seed, and where."""
        self._rate, self._batch, self._micro = train.dropout, train.batch, train.micro_batch or train.batch
        self._mine = range(train.batch // world * rank, train.batch // world * (rank + 1))
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._draws = torch.Generator(device)
        self._layers: list[Layer] = []

    def put_into(self, network: nn.Module, ask: Callable[[], Any]) -> None:
        """Let a network's residual blocks, which have a layer for it, drop values this way.

        ``ask`` gives the network a row, so that its layers learn the shapes of their values.
        """
        blocks = [module for module in network.modules() if isinstance(module._modules.get("dropout"), nn.Dropout)]
        for block in blocks:
            self._layers.append(Layer(self._rate))
            block.dropout = self._layers[-1]
        with torch.no_grad():
            ask()

    def begin(self, step: int, piece: int) -> None:
        """What follows is a micro-batch of a step."""
        rows = self._mine[piece * self._micro : (piece + 1) * self._micro]
        for number, layer in enumerate(self._layers):
            address = stream(self._seed, self._generation, "train", "dropout", step, number)
            self._draws.manual_seed(int(address.bit_generator.random_raw()) % 2**63)
            drawn = torch.rand((self._batch, *layer.shape), generator=self._draws, device=self._draws.device)
            layer.kept = drawn[rows.start : rows.stop] >= self._rate


class Layer(nn.Module):
    """One of a network's layers of dropout.

    Attributes:
        shape: of a row's values, once it has seen some.
        kept: which values of the coming rows stay, bool (rows, *shape); none: all of them, as they are.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate = rate
        self.shape: tuple[int, ...] = ()
        self.kept: Tensor | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Values (rows, *shape) with some set to 0, and the others scaled by 1 / (1 - rate)."""
        if self.kept is None:
            self.shape = tuple(values.shape[1:])
            return values
        return values * (self.kept / (1 - self._rate)).to(values.dtype)
