"""Sampling in blocks of rows, for every neural family."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from raysc.models.neural.augmentation_embedding import sampling_network
from raysc.models.neural.compiling import UNCOMPILED, compile_large, first_call
from raysc.models.neural.gpu import to_channels_last
from raysc.models.neural.sampling_precision import in_precision
from raysc.models.neural.state import State
from raysc.models.neural.value_range import to_rows
from raysc.progress import report
from raysc.rng import Streams
from raysc.settings import Sample

BLOCK = 256
"""Rows per block; each block has its own stream."""


def sample_rows(
    sampler: Callable[..., Tensor],
    state: State,
    first: int,
    count: int,
    sample: Sample,
    streams: Streams,
    stochastic: bool = False,
) -> np.ndarray:
    """Sample rows ``first`` to ``first + count`` of the EMA model's endless sequence; see ``TrainedFamily.sample``.

    Args:
        sampler: (network, latents) -> values, both float32 (block, *event); latents are standard normal.
        state: the model.
        first: >= 0.
        count: >= 1.
        sample: sampling settings; ``latents``, ``truncation`` and ``precision`` are read here.
        streams: of one seed.
        stochastic: the sampler adds noise in its steps and takes the block's ``noise_generators`` as third argument.

    Returns:
        uint8 for images, float32 for points, (1, count, *event).
    """
    module = to_channels_last(sampling_network(state), state.device)
    activity = "sampling" if compile_large(module, state.device) else "sampling" + UNCOMPILED
    network = in_precision(module, sample.precision, state.device)
    if (compiling := first_call(module, activity, state.config, sample.precision)) is not None:
        network = compiling.of(network)
    blocks = []
    for block in iter_blocks(first, count, BLOCK, activity):
        (generator,) = latent_streams(sample, streams).generators("sample", block)
        latents = draw_latents(generator, state.event, sample)
        noise = [noise_generators(sample, streams, block)] if stochastic else []
        with torch.inference_mode():
            blocks.append(to_rows(sampler(network, torch.from_numpy(latents).to(state.device), *noise)))
    skip = first % BLOCK
    return np.concatenate(blocks)[None, skip : skip + count]


def draw_latents(generator: np.random.Generator, event: tuple[int, ...], sample: Sample) -> np.ndarray:
    """Draw the latents of a block, float32 (block, *event): standard normal, or truncated by ``sample.truncation``.

    Numbers beyond the truncation are drawn again until none is (Brock et al. 2019, section 3.1). All others are those
    of the untruncated block.
    """
    latents = generator.standard_normal((BLOCK, *event), dtype=np.float32)
    if sample.truncation is not None:
        while (beyond := np.abs(latents) > sample.truncation).any():
            latents[beyond] = generator.standard_normal(np.count_nonzero(beyond), dtype=np.float32)
    return latents


def iter_blocks(first: int, count: int, size: int, activity: str = "sampling") -> Iterator[int]:
    """Yield the numbers of the blocks that hold rows ``first`` to ``first + count``, and report progress.

    Row ``first`` is row ``first % size`` of the first block.
    """
    blocks = range(first // size, -(-(first + count) // size))
    for block in blocks:
        report(activity, "blocks of rows", block - blocks.start, len(blocks))
        yield block
    report(activity, "blocks of rows", len(blocks), len(blocks))


def noise_generators(sample: Sample, streams: Streams, block: int) -> list[torch.Generator]:
    """Return one generator per seed for the noise that a stochastic sampler adds to a block.

    They are CPU generators on every device, so that all devices add the same noise.
    """
    sources = latent_streams(sample, streams).generators("sample", block, "noise")
    return [torch.Generator().manual_seed(int(source.bit_generator.random_raw()) % 2**63) for source in sources]


def latent_streams(sample: Sample, streams: Streams) -> Streams:
    """Return the streams of latents and sampler noise: the generation's, or generation 0's for repeated latents."""
    return Streams(streams.seeds, 0) if sample.latents == "repeated" else streams
