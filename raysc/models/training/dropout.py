"""Dropout with masks that do not depend on ranks, micro-batches or a global generator."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from raysc.rng import Streams, stream
from raysc.settings import Train


class WholeBatchDropout:
    """Dropout with one mask per layer for the whole batch; each layer has its own stream.

    Each value is set to 0 with the dropout probability, and the rest is scaled up, as in ``nn.Dropout``. The masks of a
    micro-batch are its rows of the whole batch's masks. They are drawn before the forward pass, so gradient
    checkpointing can run that pass again and a compiler sees only a product. They are drawn on the device, because a
    CPU would take longer than the step; another model of GPU draws other masks from the same stream.
    """

    def __init__(self, train: Train, rank: int, world_size: int, streams: Streams, device: torch.device) -> None:
        """Prepare dropout for one rank.

        Args:
            train: ``dropout``, ``batch`` and ``micro_batch`` are read.
            rank: 0 to world_size - 1.
            world_size: number of ranks; it divides the batch.
            streams: of one seed.
            device: where masks are drawn and used.
        """
        self._rate, self._batch, self._micro_batch = train.dropout, train.batch, train.micro_batch or train.batch
        self._rank_rows = range(train.batch // world_size * rank, train.batch // world_size * (rank + 1))
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._generator = torch.Generator(device)
        self._layers: list[MaskedDropout] = []

    def install(self, network: nn.Module, forward: Callable[[], Any]) -> None:
        """Replace the dropout layer of every residual block that has one.

        Args:
            network: the network, changed in place.
            forward: runs the network on any row, so that the layers record the shape of their values.
        """
        for module in list(network.modules()):
            # not getattr, which diffusers answers with a setting of the same name
            if isinstance(dict(module.named_children()).get("dropout"), nn.Dropout):
                layer = module.dropout = MaskedDropout(self._rate)
                self._layers.append(layer)
        with torch.no_grad():
            forward()

    def set_masks(self, step: int, index: int) -> None:
        """Draw the masks of a micro-batch of a step, by its index in the step."""
        rows = self._rank_rows[index * self._micro_batch : (index + 1) * self._micro_batch]
        for number, layer in enumerate(self._layers):
            source = stream(self._seed, self._generation, "train", "dropout", step, number)
            self._generator.manual_seed(int(source.bit_generator.random_raw()) % 2**63)
            uniforms = torch.rand((self._batch, *layer.shape), generator=self._generator, device=self._generator.device)
            layer.mask = uniforms[rows.start : rows.stop] >= self._rate


class MaskedDropout(nn.Module):
    """A dropout layer with a mask from outside.

    Attributes:
        shape: shape of a row's values, recorded by a forward pass without a mask.
        mask: values to keep, bool (rows, *shape); None: all values pass unscaled.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate = rate
        self.shape: tuple[int, ...] = ()
        self.mask: Tensor | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Set masked-out values (rows, *shape) to 0 and scale the rest by 1 / (1 - rate)."""
        if self.mask is None:
            self.shape = tuple(values.shape[1:])
            return values
        return values * (self.mask / (1 - self._rate)).to(values.dtype)
