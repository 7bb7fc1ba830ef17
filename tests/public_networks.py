"""The networks of the public checkpoints as plain functions of their tensors, from the papers' formulas.

They share no code with raysc's networks: group normalisation, attention, resampling and embeddings are written out, and
the tensors have the names of the public files.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod, sqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

Tensors = Mapping[str, Tensor]


def silu(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def normalise(x: Tensor, tensors: Tensors, name: str, groups: int, epsilon: float) -> Tensor:
    """Group normalisation: mean 0 and variance 1 over each group of channels and all pixels."""
    grouped = x.reshape(x.shape[0], groups, -1)
    mean = grouped.mean(2, keepdim=True)
    variance = ((grouped - mean) ** 2).mean(2, keepdim=True)
    normal = ((grouped - mean) / (variance + epsilon).sqrt()).reshape(x.shape)
    return normal * tensors[f"{name}.weight"][None, :, None, None] + tensors[f"{name}.bias"][None, :, None, None]


def convolve(x: Tensor, tensors: Tensors, name: str, stride: int = 1, padding: int | None = None) -> Tensor:
    weight = tensors[f"{name}.weight"]
    weight = weight if weight.ndim == 4 else weight[..., None]
    side = weight.shape[-1] // 2 if padding is None else padding
    return conv2d(x, weight, tensors[f"{name}.bias"], stride=stride, padding=side)


def project(x: Tensor, tensors: Tensors, name: str) -> Tensor:
    return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of one head, (batch, channels, pixels)."""
    scores = torch.einsum("ncq,nck->nqk", q, k) / sqrt(q.shape[1])
    weights = torch.exp(scores - scores.max(2, keepdim=True).values)
    return torch.einsum("nqk,nck->ncq", weights / weights.sum(2, keepdim=True), v)


def repeat_pixels(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def average_pixels(x: Tensor) -> Tensor:
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


class SongUNet:
    """DDPM++ with the names of EDM's pickles (Song et al. 2021, appendix H; Karras et al. 2022, table 7)."""

    def __init__(
        self, tensors: Tensors, side: int, multipliers: Sequence[int], res_blocks: int, attention: Sequence[int]
    ) -> None:
        self.tensors, self.side, self.levels = tensors, side, len(multipliers)
        self.res_blocks, self.attention = res_blocks, attention

    def __call__(self, x: Tensor, noise_labels: Tensor, augment_labels: Tensor | None = None) -> Tensor:
        tensors, channels = self.tensors, len(self.tensors["map_layer0.weight"][0])
        half = channels // 2
        frequencies = torch.tensor([10_000 ** (-index / (half - 1)) for index in range(half)])
        angles = noise_labels[:, None] * frequencies
        embedding = torch.cat([torch.sin(angles), torch.cos(angles)], 1)
        if augment_labels is not None:
            embedding = embedding + augment_labels @ tensors["map_augment.weight"].T
        embedding = silu(project(embedding, tensors, "map_layer0"))
        embedding = silu(project(embedding, tensors, "map_layer1"))
        x = convolve(x, tensors, f"enc.{self.side}x{self.side}_conv")
        skips = [x]
        for level in range(self.levels):
            size = f"enc.{self.side >> level}x{self.side >> level}"
            names = [f"{size}_down"] if level else []
            for name in [*names, *(f"{size}_block{index}" for index in range(self.res_blocks))]:
                x = self.block(x, embedding, name, average_pixels if name.endswith("down") else None)
                skips.append(x)
        for level in reversed(range(self.levels)):
            size = f"dec.{self.side >> level}x{self.side >> level}"
            for name in [f"{size}_in0", f"{size}_in1"] if level == self.levels - 1 else [f"{size}_up"]:
                x = self.block(x, embedding, name, repeat_pixels if name.endswith("up") else None)
            for index in range(self.res_blocks + 1):
                x = self.block(torch.cat([x, skips.pop()], 1), embedding, f"{size}_block{index}", None)
        size = f"dec.{self.side}x{self.side}"
        return convolve(silu(self.norm(x, f"{size}_aux_norm")), tensors, f"{size}_aux_conv")

    def norm(self, x: Tensor, name: str) -> Tensor:
        return normalise(x, self.tensors, name, min(32, x.shape[1] // 4), 1e-6)

    def block(self, x: Tensor, embedding: Tensor, name: str, resample: Callable[[Tensor], Tensor] | None) -> Tensor:
        tensors = self.tensors
        change = resample or (lambda values: values)
        h = convolve(change(silu(self.norm(x, f"{name}.norm0"))), tensors, f"{name}.conv0")
        h = h + project(embedding, tensors, f"{name}.affine")[:, :, None, None]
        h = convolve(silu(self.norm(h, f"{name}.norm1")), tensors, f"{name}.conv1")
        skip = change(x)
        if f"{name}.skip.weight" in tensors:
            skip = convolve(skip, tensors, f"{name}.skip")
        x = (h + skip) * sqrt(0.5)
        if f"{name}.qkv.weight" not in tensors:
            return x
        qkv = convolve(self.norm(x, f"{name}.norm2"), tensors, f"{name}.qkv")
        q, k, v = qkv.reshape(len(x), x.shape[1], 3, -1).unbind(2)  # channel c has its q, k and v side by side
        return (convolve(attend(q, k, v).reshape(x.shape), tensors, f"{name}.proj") + x) * sqrt(0.5)


def random_tensors(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Draw tensors of some shapes, of a size that keeps activations near 1; norms are near the identity."""
    generator = np.random.default_rng(0)
    tensors = {}
    for name, shape in shapes.items():
        values = generator.standard_normal(shape) / sqrt(prod(shape[1:]) or 1)
        if len(shape) == 1:
            values = 0.1 * values + name.endswith("weight")
        tensors[name] = torch.from_numpy(values.astype(np.float32))
    return tensors


def embed_times(times: Tensor, tensors: Tensors, names: tuple[str, str], last: int, sines_first: bool) -> Tensor:
    """Embedding of times by a network of two layers.

    Args:
        times: (batch,).
        tensors: of the network.
        names: of the two layers.
        last: number of intervals between the shortest period, 2 pi, and 10^4 2 pi.
        sines_first: sines, then cosines; else the reverse.
    """
    half = tensors[f"{names[0]}.weight"].shape[1] // 2
    angles = times[:, None] * torch.tensor([10_000 ** (-index / (half - last)) for index in range(half)])
    waves = [torch.sin(angles), torch.cos(angles)]
    embedding = torch.cat(waves if sines_first else waves[::-1], 1)
    return project(silu(project(embedding, tensors, names[0])), tensors, names[1])


class GuidedUNet:
    """torchcfm's network with the names of its files (Dhariwal and Nichol 2021), at times in [0, 1]."""

    def __init__(self, tensors: Tensors, multipliers: Sequence[int], res_blocks: int) -> None:
        self.tensors, self.levels, self.res_blocks = tensors, len(multipliers), res_blocks

    def __call__(self, x: Tensor, times: Tensor) -> Tensor:
        tensors = self.tensors
        embedding = silu(embed_times(times, tensors, ("time_embed.0", "time_embed.2"), 0, False))
        x = convolve(x, tensors, "input_blocks.0.0")
        skips, number = [x], 1
        for level in range(self.levels):
            for _ in range(self.res_blocks):
                x = self.attended(self.residual(x, embedding, f"input_blocks.{number}.0"), f"input_blocks.{number}.1")
                skips.append(x)
                number += 1
            if level < self.levels - 1:
                x = convolve(x, tensors, f"input_blocks.{number}.0.op", stride=2)
                skips.append(x)
                number += 1
        x = self.residual(x, embedding, "middle_block.0")
        x = self.residual(self.attended(x, "middle_block.1"), embedding, "middle_block.2")
        for number in range(self.levels * (self.res_blocks + 1)):
            name = f"output_blocks.{number}"
            x = self.attended(self.residual(torch.cat([x, skips.pop()], 1), embedding, f"{name}.0"), f"{name}.1")
            for part in (1, 2):
                if f"{name}.{part}.conv.weight" in tensors:
                    x = convolve(repeat_pixels(x), tensors, f"{name}.{part}.conv")
        return convolve(silu(normalise(x, tensors, "out.0", 32, 1e-5)), tensors, "out.2")

    def residual(self, x: Tensor, embedding: Tensor, name: str) -> Tensor:
        tensors = self.tensors
        h = convolve(silu(normalise(x, tensors, f"{name}.in_layers.0", 32, 1e-5)), tensors, f"{name}.in_layers.2")
        h = h + project(embedding, tensors, f"{name}.emb_layers.1")[:, :, None, None]
        h = convolve(silu(normalise(h, tensors, f"{name}.out_layers.0", 32, 1e-5)), tensors, f"{name}.out_layers.3")
        skip = f"{name}.skip_connection"
        return h + (convolve(x, tensors, skip) if f"{skip}.weight" in tensors else x)

    def attended(self, x: Tensor, name: str) -> Tensor:
        if f"{name}.qkv.weight" not in self.tensors:
            return x
        qkv = convolve(normalise(x, self.tensors, f"{name}.norm", 32, 1e-5), self.tensors, f"{name}.qkv").flatten(2)
        heads = [attend(*head.chunk(3, 1)) for head in qkv.split(3 * 64, 1)]
        return x + convolve(torch.cat(heads, 1).reshape(x.shape), self.tensors, f"{name}.proj_out")


class HoUNet:
    """ddpm-torch's network with the names of its files (Ho et al. 2020), at timesteps."""

    def __init__(self, tensors: Tensors, multipliers: Sequence[int], res_blocks: int) -> None:
        self.tensors, self.levels, self.res_blocks = tensors, len(multipliers), res_blocks

    def __call__(self, x: Tensor, times: Tensor) -> Tensor:
        tensors = self.tensors
        embedding = silu(embed_times(times, tensors, ("embed.0", "embed.2"), 1, True))
        x = convolve(x, tensors, "in_conv")
        skips = [x]
        for level in range(self.levels):
            for index in range(self.res_blocks):
                x = self.block(x, embedding, f"downsamples.level_{level}.{index}")
                skips.append(x)
            if level < self.levels - 1:
                padded = torch.cat([x, torch.zeros_like(x[:, :, :1])], 2)
                padded = torch.cat([padded, torch.zeros_like(padded[..., :1])], 3)
                x = convolve(padded, tensors, f"downsamples.level_{level}.{self.res_blocks}.1", 2, 0)
                skips.append(x)
        x = self.residual(x, embedding, "middle.0")
        x = self.residual(self.attended(x, "middle.1"), embedding, "middle.2")
        for level in reversed(range(self.levels)):
            for index in range(self.res_blocks + 1):
                x = self.block(torch.cat([x, skips.pop()], 1), embedding, f"upsamples.level_{level}.{index}")
            if level:
                x = convolve(repeat_pixels(x), tensors, f"upsamples.level_{level}.{self.res_blocks + 1}.1")
        return convolve(silu(normalise(x, tensors, "out_conv.0", 32, 1e-5)), tensors, "out_conv.2")

    def block(self, x: Tensor, embedding: Tensor, name: str) -> Tensor:
        if f"{name}.conv1.weight" in self.tensors:
            return self.residual(x, embedding, name)
        return self.attended(self.residual(x, embedding, f"{name}.0"), f"{name}.1")

    def residual(self, x: Tensor, embedding: Tensor, name: str) -> Tensor:
        tensors = self.tensors
        h = convolve(silu(normalise(x, tensors, f"{name}.norm1", 32, 1e-5)), tensors, f"{name}.conv1")
        h = h + project(embedding, tensors, f"{name}.fc")[:, :, None, None]
        h = convolve(silu(normalise(h, tensors, f"{name}.norm2", 32, 1e-5)), tensors, f"{name}.conv2")
        return h + (convolve(x, tensors, f"{name}.skip") if f"{name}.skip.weight" in tensors else x)

    def attended(self, x: Tensor, name: str) -> Tensor:
        normal = normalise(x, self.tensors, f"{name}.norm", 32, 1e-5)
        q, k, v = convolve(normal, self.tensors, f"{name}.project_in").flatten(2).chunk(3, 1)
        return x + convolve(attend(q, k, v).reshape(x.shape), self.tensors, f"{name}.project_out")
