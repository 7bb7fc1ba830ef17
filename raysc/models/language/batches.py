"""Batches of text: input and target tokens of a language model, padded or packed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.neural.gpu import to_device
from raysc.models.training.batches import RowOrder, rank_slice
from raysc.pool.gather import Gather
from raysc.pool.tokens import PAD, lengths
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Train

IGNORE_INDEX = -100
"""Target that cross entropy ignores."""
ROUNDING = 0.01
"""Nats by which the losses of packed and padded rows may differ; if rows see each other, they differ far more."""


@dataclass(frozen=True)
class TokenBatch:
    """Token sequences of one forward pass.

    Attributes:
        input_ids: int64 (sequences, tokens); every row starts with the begin token.
        targets: the next token after each input, int64 (sequences, tokens); ``IGNORE_INDEX`` after a row's end.
        position_ids: position of each input in its row, int64 (sequences, tokens), which separates the rows of a packed
            sequence; None where a sequence is one row.
    """

    input_ids: Tensor
    targets: Tensor
    position_ids: Tensor | None

    def to(self, device: torch.device) -> "TokenBatch":
        """Return the batch on a device."""
        position_ids = None if self.position_ids is None else to_device(self.position_ids, device)
        return TokenBatch(to_device(self.input_ids, device), to_device(self.targets, device), position_ids)


def pad_rows(rows: np.ndarray, begin: int) -> TokenBatch:
    """Return one sequence per row, each as long as the longest row.

    Args:
        rows: int32 (count, length).
        begin: id of the begin token.
    """
    width = int(max(1, lengths(rows).max(initial=1)))
    targets = rows[:, :width].astype(np.int64)
    input_ids = np.concatenate([np.full((len(rows), 1), begin), np.maximum(targets[:, :-1], 0)], axis=1)
    targets = np.where(targets == PAD, IGNORE_INDEX, targets)
    return TokenBatch(torch.from_numpy(input_ids), torch.from_numpy(targets), None)


def pack_rows(rows: np.ndarray, begin: int) -> TokenBatch:
    """Return the rows joined end to end, in their order, in sequences of at most one row's length.

    No row attends to another, and positions count from 0 in each row, so the losses are those of ``pad_rows``. Short
    rows take less computation this way.

    Args:
        rows: int32 (count, length).
        begin: id of the begin token.
    """
    sequences = _split_into_sequences(rows)
    width = max(1, max(sum(map(len, sequence)) for sequence in sequences))
    input_ids = np.full((len(sequences), width), begin)
    targets = np.full((len(sequences), width), IGNORE_INDEX)
    position_ids = np.zeros((len(sequences), width), np.int64)  # padding: rows of one token without a target
    for index, sequence in enumerate(sequences):
        start = 0
        for row in sequence:
            stop = start + len(row)
            input_ids[index, start + 1 : stop] = row[:-1]
            targets[index, start:stop] = row
            position_ids[index, start:stop] = np.arange(len(row))
            start = stop
    return TokenBatch(torch.from_numpy(input_ids), torch.from_numpy(targets), torch.from_numpy(position_ids))


def _split_into_sequences(rows: np.ndarray) -> list[list[np.ndarray]]:
    """Split rows (count, length), without padding, into consecutive groups of at most ``length`` tokens."""
    sequences: list[list[np.ndarray]] = [[]]
    used = 0
    for row, count in zip(rows.astype(np.int64), lengths(rows), strict=True):
        if used + count > rows.shape[1]:
            sequences.append([])
            used = 0
        sequences[-1].append(row[:count])
        used += int(count)
    return sequences


def target_losses(network: nn.Module, batch: TokenBatch) -> Tensor:
    """Compute the cross entropy of every target in nats, 0 for ``IGNORE_INDEX``: float32 (sequences, tokens)."""
    logits = network(input_ids=batch.input_ids, position_ids=batch.position_ids).logits.float()
    losses: Tensor = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORE_INDEX, reduction="none"
    )
    return losses.view_as(batch.targets)


@torch.inference_mode()
def supports_sequence_packing(network: Any) -> bool:
    """Test whether a network separates the rows of a packed sequence by ``position_ids``; some ignore them."""
    rows = np.arange(8, dtype=np.int32).reshape(2, 4) % network.config.vocab_size
    rows = np.pad(rows, ((0, 0), (0, 4)), constant_values=PAD)
    losses = []
    for batch in (pad_rows(rows, 0), pack_rows(rows, 0)):
        token_losses = target_losses(network, batch.to(network.device))
        losses.append(token_losses[batch.targets.to(network.device) != IGNORE_INDEX])
    return bool((losses[0] - losses[1]).abs().max() < ROUNDING)


class TokenBatches:
    """One seed's batches of text by step; rows come in the order of ``Batches``.

    The loss of a step is the mean over all tokens of the global batch: a micro-batch counts by its tokens, so neither
    micro-batches nor ranks change the loss.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        train: Train,
        rank: int,
        world_size: int,
        streams: Streams,
        device: torch.device,
        begin: int,
        vocabulary: int,
        pack: bool,
    ) -> None:
        """Load the rows' blocks.

        Args:
            training_set: rows of one seed.
            train: ``batch`` and ``micro_batch`` are read.
            rank: 0 to world_size - 1.
            world_size: number of ranks.
            streams: of that seed.
            device: destination of the batches.
            begin: id of the begin token.
            vocabulary: number of tokens of the network; it may be more than the tokenizer has.
            pack: pack rows instead of padding them.

        Raises:
            InputError: the batch cannot be split evenly.
        """
        self._rank_slice = rank_slice(train.batch, rank, world_size)
        self._gather = Gather(training_set)
        self._order = RowOrder(self._gather.count, streams)
        self._batch, self._micro_batch = train.batch, train.micro_batch
        self._world_size, self._device = world_size, device
        self._begin, self._vocabulary, self._join = begin, vocabulary, pack_rows if pack else pad_rows

    def micro_batches(self, step: int) -> Sequence[tuple[TokenBatch, float]]:
        """Return this rank's micro-batches of a step, each with the weight of its summed loss.

        Raises:
            InputError: a row holds an id that the network does not know.
        """
        rows = self._gather(self._order(step * self._batch, (step + 1) * self._batch))
        low, high = int(rows.min(initial=PAD)), int(rows.max(initial=PAD))
        if low < PAD or high >= self._vocabulary:
            raise InputError(
                f"a training row holds the token {low if low < PAD else high}; data and transforms must return tokens "
                f"from 0 to {self._vocabulary - 1}, and {PAD} after the end of a text"
            )
        # Accelerate averages over ranks. Every rank counts the tokens of all ranks, without communication.
        weight = self._world_size / max(1, int(lengths(rows).sum()))
        micro_batches = self._split(rows[self._rank_slice])
        return [(self._join(micro_batch, self._begin).to(self._device), weight) for micro_batch in micro_batches]

    def _split(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        size = self._micro_batch or len(rows)
        return (rows[start : start + size] for start in range(0, len(rows), size))
