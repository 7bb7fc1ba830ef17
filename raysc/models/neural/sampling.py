"""Sampling in blocks: what every neural family shares."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from raysc.models.neural.augmentation_embedding import sampling_network
from raysc.models.neural.gpu import UNCOMPILED, compile_large, laid_out
from raysc.models.neural.state import State
from raysc.models.neural.value_range import to_rows
from raysc.progress import tell
from raysc.rng import Streams
from raysc.settings import Sample

BLOCK = 256
"""Rows per block, each with a stream of its own."""


def sample_rows(
    sampler: Callable[..., Tensor],
    state: State,
    first: int,
    count: int,
    sample: Sample,
    streams: Streams,
    noisy: bool = False,
) -> np.ndarray:
    """Rows ``first`` to ``first + count`` of the endless sequence that the EMA model draws; see ``Trained.sample``.

    Args:
        sampler: (network, latents) -> values, both float32 (block, *event); latents are standard normal.
        state: the model.
        first: >= 0.
        count: >= 1.
        sample: how rows are sampled; of it only ``latents`` plays a part here.
        streams: of one seed.
        noisy: the sampler draws noise on its way, and takes the block's ``generators`` as its third argument.

    Returns:
        uint8 for images, float32 for points, (1, count, *event).
    """
    network = laid_out(sampling_network(state), state.device)
    what = "sampling" if compile_large(network, state.device) else "sampling" + UNCOMPILED
    blocks = range(first // BLOCK, -(-(first + count) // BLOCK))
    drawn = []
    for block in blocks:
        tell(what, "blocks of rows", block - blocks.start, len(blocks))
        (generator,) = of_latents(sample, streams).each("sample", block)
        latents = generator.standard_normal((BLOCK, *state.event), dtype=np.float32)
        sources = [generators(sample, streams, block)] if noisy else []
        with torch.inference_mode():
            drawn.append(to_rows(sampler(network, torch.from_numpy(latents).to(state.device), *sources)))
    tell(what, "blocks of rows", len(blocks), len(blocks))
    skip = first - blocks.start * BLOCK
    return np.concatenate(drawn)[None, skip : skip + count]


def generators(sample: Sample, streams: Streams, block: int) -> list[torch.Generator]:
    """Where the noise comes from that is drawn on the way to a block's rows, one for each seed.

    They are the CPU's on every device, so that all of them give the same noise.
    """
    addresses = of_latents(sample, streams).each("sample", block, "noise")
    return [torch.Generator().manual_seed(int(one.bit_generator.random_raw()) % 2**63) for one in addresses]


def of_latents(sample: Sample, streams: Streams) -> Streams:
    """The streams that latents, and noise on the way, come from: the generation's own, or those of generation 0."""
    return Streams(streams.seeds, 0) if sample.latents == "repeated" else streams
