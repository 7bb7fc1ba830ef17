"""Pickles of the layout of EDM's public networks, made of objects of local classes with random tensors.

The objects reduce as those of ``torch_utils.persistence``: to a call of a function of that module, with the source code
of the class. The source code here ends the process, so a reader that ran it would not pass a test.
"""

import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.public_networks import random_tensors

SOURCE = "import os\nos._exit(99)  # the code of a file never runs\n"


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("nothing in a file is called")


class Persistent(nn.Module):
    """A module that records the arguments of its construction and reduces as a persistent object."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._init_args, self._init_kwargs = (), settings

    def __reduce__(self) -> Any:
        meta = {
            "type": "class", "version": 6, "module_src": SOURCE, "class_name": type(self).__name__,
            "state": self.__dict__,
        }  # fmt: skip
        return _reconstruct_persistent_obj, (meta,)


class Linear(Persistent):
    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(in_features=inputs, out_features=outputs, init_mode="xavier_uniform")
        self.weight = nn.Parameter(torch.empty(outputs, inputs), requires_grad=False)
        self.bias = nn.Parameter(torch.empty(outputs), requires_grad=False) if bias else None


class Conv2d(Persistent):
    def __init__(self, inputs: int, outputs: int, kernel: int, resampled: bool = False) -> None:
        super().__init__(in_channels=inputs, out_channels=outputs, kernel=kernel, init_weight=np.sqrt(0.2))
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel), requires_grad=False)
        self.bias = nn.Parameter(torch.empty(outputs), requires_grad=False)
        self.register_buffer("resample_filter", torch.full((1, 1, 2, 2), 0.25) if resampled else None)


class GroupNorm(Persistent):
    def __init__(self, channels: int) -> None:
        super().__init__(num_channels=channels)
        self.num_groups, self.eps = min(32, channels // 4), 1e-6
        self.weight = nn.Parameter(torch.empty(channels), requires_grad=False)
        self.bias = nn.Parameter(torch.empty(channels), requires_grad=False)


class PositionalEmbedding(Persistent):
    pass


class UNetBlock(Persistent):
    def __init__(self, inputs: int, outputs: int, embedding: int, attention: bool, resampled: bool) -> None:
        super().__init__(in_channels=inputs, out_channels=outputs, skip_scale=np.sqrt(0.5))
        self.skip_scale, self.out_channels = np.sqrt(0.5), outputs
        self.norm0, self.conv0 = GroupNorm(inputs), Conv2d(inputs, outputs, 3, resampled)
        self.affine = Linear(embedding, outputs)
        self.norm1, self.conv1 = GroupNorm(outputs), Conv2d(outputs, outputs, 3)
        self.skip = Conv2d(inputs, outputs, 1, resampled) if inputs != outputs or resampled else None
        if attention:
            self.norm2 = GroupNorm(outputs)
            self.qkv, self.proj = Conv2d(outputs, 3 * outputs, 1), Conv2d(outputs, outputs, 1)


class SongUNet(Persistent):
    def __init__(self, side: int, channels: int, multipliers: Sequence[int], res_blocks: int, heights: Sequence[int]):
        super().__init__(
            img_resolution=side, in_channels=3, out_channels=3, label_dim=0, augment_dim=9, model_channels=channels,
            channel_mult=list(multipliers), num_blocks=res_blocks, attn_resolutions=list(heights), dropout=0.13,
            channel_mult_noise=1, resample_filter=[1, 1], embedding_type="positional", encoder_type="standard",
        )  # fmt: skip
        self.label_dropout, self.channels = 0, channels
        self.map_noise, self.map_label = PositionalEmbedding(), None
        self.map_augment = Linear(9, channels, bias=False)
        self.map_layer0, self.map_layer1 = Linear(channels, 4 * channels), Linear(4 * channels, 4 * channels)
        self.enc, self.dec, width = nn.ModuleDict(), nn.ModuleDict(), channels
        self.enc[f"{side}x{side}_conv"], skips = Conv2d(3, channels, 3), [channels]
        for level, multiplier in enumerate(multipliers):
            height = side >> level
            if level:
                width = self._add(self.enc, f"{height}x{height}_down", width, width, resampled=True)
                skips.append(width)
            for index in range(res_blocks):
                name = f"{height}x{height}_block{index}"
                width = self._add(self.enc, name, width, channels * multiplier, height in heights)
                skips.append(width)
        for level in reversed(range(len(multipliers))):
            height = side >> level
            if level == len(multipliers) - 1:
                self._add(self.dec, f"{height}x{height}_in0", width, width, attention=True)
                self._add(self.dec, f"{height}x{height}_in1", width, width)
            else:
                self._add(self.dec, f"{height}x{height}_up", width, width, resampled=True)
            for index in range(res_blocks + 1):
                attention = index == res_blocks and height in heights
                inputs, name = width + skips.pop(), f"{height}x{height}_block{index}"
                width = self._add(self.dec, name, inputs, channels * multipliers[level], attention)
        self.dec[f"{side}x{side}_aux_norm"] = GroupNorm(width)
        self.dec[f"{side}x{side}_aux_conv"] = Conv2d(width, 3, 3)

    def _add(
        self, blocks: nn.ModuleDict, name: str, inputs: int, outputs: int, attention: bool = False,
        resampled: bool = False,
    ) -> int:  # fmt: skip
        blocks[name] = UNetBlock(inputs, outputs, 4 * self.channels, attention, resampled)
        return outputs


class EDMPrecond(Persistent):
    def __init__(self, model: SongUNet) -> None:
        super().__init__(img_resolution=model._init_kwargs["img_resolution"], model_type="SongUNet")
        self.label_dim, self.use_fp16, self.sigma_data = 0, False, 0.5
        self.sigma_min, self.sigma_max = 0, float("inf")
        self.model = model


class VPPrecond(EDMPrecond):
    def __init__(self, model: SongUNet) -> None:
        super().__init__(model)
        self.beta_d, self.beta_min, self.M, self.epsilon_t = 19.9, 0.1, 1000, 1e-5


class EDMLoss(Persistent):
    pass


def song_unet(
    side: int = 8, channels: int = 12, multipliers: Sequence[int] = (1, 2), res_blocks: int = 1,
    heights: Sequence[int] = (4,),
) -> SongUNet:  # fmt: skip
    """A small network with random tensors, none of them 0."""
    unet = SongUNet(side, channels, multipliers, res_blocks, heights)
    tensors: dict[str, Tensor] = dict(unet.named_parameters())
    drawn = random_tensors({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    for name, tensor in tensors.items():
        tensor.copy_(drawn[name])
    return unet


def contents(network: nn.Module) -> dict[str, Any]:
    """What a network pickle holds."""
    return {
        "ema": network.eval(),
        "loss_fn": EDMLoss(),
        "augment_pipe": None,
        "dataset_kwargs": {"path": "cifar10.zip"},
    }


@contextmanager
def persistence() -> Iterator[None]:
    """Let pickle write the function as one of ``torch_utils.persistence``."""
    names = ["torch_utils", "torch_utils.persistence"]
    modules = [ModuleType(name) for name in names]
    vars(modules[1])["_reconstruct_persistent_obj"] = _reconstruct_persistent_obj
    before = _reconstruct_persistent_obj.__module__
    sys.modules.update(zip(names, modules, strict=True))
    _reconstruct_persistent_obj.__module__ = names[1]
    try:
        yield
    finally:
        _reconstruct_persistent_obj.__module__ = before
        for name in names:
            del sys.modules[name]


def write_pickle(value: Any, path: Path) -> Path:
    """Write a pickle as EDM's training loop does."""
    with persistence(), path.open("wb") as stream:
        pickle.dump(value, stream)
    return path
