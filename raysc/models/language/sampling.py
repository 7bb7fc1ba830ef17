"""Sampling of text: engines generate the candidates of the rows of a sample."""

from typing import Any, Protocol

from raysc.models.language import batch_generation, continuous_batching
from raysc.models.language.candidates import Candidates
from raysc.settings import Sample


class Engine(Protocol):
    """Generation of texts: takes candidates and puts back their complete texts, in any order, until all rows are."""

    def __call__(self, network: Any, candidates: Candidates, sample: Sample) -> None:
        """Generate candidates until ``candidates.finished``.

        A text depends on the network and its candidate alone, whatever texts are generated beside it.

        Args:
            network: in evaluation mode.
            candidates: the queue.
            sample: ``temperature``, ``top_k``, ``top_p`` and ``precision`` are read.

        Raises:
            RayscError: the acceptance rate is below the floor, or logits are not finite.
        """
        ...


def sampling_engine(network: Any, length: int) -> Engine:
    """Return the engine for a network and a length of rows: slots where it supports them, else batches."""
    if continuous_batching.supports_slots(network, length):
        return continuous_batching.generate
    return batch_generation.generate
