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
            values = 0.1 * values + (".norm" in name or "_norm" in name) * name.endswith("weight")
        tensors[name] = torch.from_numpy(values.astype(np.float32))
    return tensors
