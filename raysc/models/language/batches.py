"""Batches of text: what a language model reads and what it is to predict, padded or packed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from raysc.models.neural.gpu import sent
from raysc.models.training.batches import Order, rank_rows
from raysc.pool.gather import Gather
from raysc.pool.rows import TrainingSet
from raysc.pool.tokens import PAD, lengths
from raysc.rng import Streams
from raysc.settings import Train

NOT_A_TARGET = -100
"""What cross entropy passes over."""
ROUNDING = 0.01
"""Nats by which the losses of packed and padded rows may differ, and by far more where rows see each other."""


@dataclass(frozen=True)
class TokenBatch:
    """Sequences that are read at once.

    Attributes:
        inputs: int64 (sequences, tokens); every row begins with the begin token.
        targets: the token after each input, int64 (sequences, tokens); ``NOT_A_TARGET`` after a row's end.
        places: where in its own row each input stands, int64 (sequences, tokens), which tells rows of one sequence
            apart; None where a sequence is one row.
    """

    inputs: Tensor
    targets: Tensor
    places: Tensor | None

    def to(self, device: torch.device) -> "TokenBatch":
        """The same on a device."""
        places = None if self.places is None else sent(self.places, device)
        return TokenBatch(sent(self.inputs, device), sent(self.targets, device), places)


def padded(rows: np.ndarray, begin: int) -> TokenBatch:
    """One sequence per row, as long as the longest: rows int32 (count, length)."""
    width = int(max(1, lengths(rows).max(initial=1)))
    targets = rows[:, :width].astype(np.int64)
    inputs = np.concatenate([np.full((len(rows), 1), begin), np.maximum(targets[:, :-1], 0)], axis=1)
    return TokenBatch(torch.from_numpy(inputs), torch.from_numpy(np.where(targets == PAD, NOT_A_TARGET, targets)), None)


def packed(rows: np.ndarray, begin: int) -> TokenBatch:
    """Rows put end to end, in their order, in sequences of at most one row's length.

    No row sees another, and each counts its places from 0, so that losses are those of ``padded``; there is less to
    compute where rows are short.
    """
    length = rows.shape[1]
    sequences: list[list[np.ndarray]] = [[]]
    used = 0
    for row, count in zip(rows.astype(np.int64), lengths(rows), strict=True):
        if used + count > length:
            sequences.append([])
            used = 0
        sequences[-1].append(row[:count])
        used += int(count)
    width = max(1, max(sum(map(len, sequence)) for sequence in sequences))
    inputs = np.full((len(sequences), width), begin)
    targets = np.full((len(sequences), width), NOT_A_TARGET)
    places = np.zeros((len(sequences), width), np.int64)  # what is left over: rows of one token that count for nothing
    for number, sequence in enumerate(sequences):
        at = 0
        for row in sequence:
            here = slice(at, at + len(row))
            inputs[number, at + 1 : at + len(row)] = row[:-1]
            targets[number, here] = row
            places[number, here] = np.arange(len(row))
            at += len(row)
    return TokenBatch(torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(places))


def target_losses(network: nn.Module, batch: TokenBatch) -> Tensor:
    """Cross entropy of every target in nats, 0 where there is none: float32 (sequences, tokens)."""
    logits = network(input_ids=batch.inputs, position_ids=batch.places).logits.float()
    losses: Tensor = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.targets.flatten(), ignore_index=NOT_A_TARGET, reduction="none"
    )
    return losses.view_as(batch.targets)


@torch.inference_mode()
def keeps_rows_apart(network: Any) -> bool:
    """Whether a network tells rows of one sequence apart by their places, as ``packed`` needs; some look at none."""
    rows = np.arange(8, dtype=np.int32).reshape(2, 4) % network.config.vocab_size
    rows = np.pad(rows, ((0, 0), (0, 4)), constant_values=PAD)
    losses = []
    for batch in (padded(rows, 0), packed(rows, 0)):
        found = target_losses(network, batch.to(network.device))
        losses.append(found[batch.targets.to(network.device) != NOT_A_TARGET])
    return bool((losses[0] - losses[1]).abs().max() < ROUNDING)


class TokenBatches:
    """One seed's batches of text by step; rows in the order of ``Batches``.

    The loss of a step is the mean over all tokens of the global batch: pieces weigh by their tokens, so that neither
    micro-batches nor ranks change it.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        train: Train,
        rank: int,
        world: int,
        streams: Streams,
        device: torch.device,
        begin: int,
        pack: bool,
    ) -> None:
        """As ``Batches`` takes them; ``begin``: the token before every row; ``pack``: packed, not padded."""
        self._mine = rank_rows(train.batch, rank, world)
        self._gather = Gather(training_set)
        self._order = Order(self._gather.count, streams)
        self._batch, self._micro, self._world, self._device = train.batch, train.micro_batch, world, device
        self._begin, self._lay_out = begin, packed if pack else padded

    def pieces(self, step: int) -> Sequence[tuple[TokenBatch, float]]:
        """This rank's micro-batches of a step, each with the factor of its summed loss."""
        rows = self._gather(self._order(step * self._batch, (step + 1) * self._batch))
        # Accelerate averages over ranks; every rank counts all ranks' tokens, which costs it nothing.
        weight = self._world / max(1, int(lengths(rows).sum()))
        return [(self._lay_out(micro, self._begin).to(self._device), weight) for micro in self._cut(rows[self._mine])]

    def _cut(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        size = self._micro or len(rows)
        return (rows[start : start + size] for start in range(0, len(rows), size))
