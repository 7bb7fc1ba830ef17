"""Archives of the layouts of torchcfm's and ddpm-torch's checkpoints, of small networks with random tensors."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.public_networks import random_tensors

CHANNELS, MULTIPLIERS, RES_BLOCKS, ATTENTION = 32, (1, 4), 1, (1,)
"""Attention at level 1, 16 pixels high, in two heads of 64 channels."""


class Shapes(dict[str, tuple[int, ...]]):
    """Shapes of a network's tensors, layer by layer."""

    def layer(self, name: str, outputs: int, inputs: int, *kernel: int) -> None:
        self[f"{name}.weight"], self[f"{name}.bias"] = (outputs, inputs, *kernel), (outputs,)

    def norm(self, name: str, channels: int) -> None:
        self[f"{name}.weight"] = self[f"{name}.bias"] = (channels,)

    def residual(self, name: str, inputs: int, outputs: int, names: tuple[str, str, str, str, str, str]) -> None:
        norm_1, conv_1, time, norm_2, conv_2, skip = names
        self.norm(f"{name}.{norm_1}", inputs)
        self.layer(f"{name}.{conv_1}", outputs, inputs, 3, 3)
        self.layer(f"{name}.{time}", outputs, 4 * CHANNELS)
        self.norm(f"{name}.{norm_2}", outputs)
        self.layer(f"{name}.{conv_2}", outputs, outputs, 3, 3)
        if inputs != outputs:
            self.layer(f"{name}.{skip}", outputs, inputs, 1, 1)

    def attention(self, name: str, width: int, names: tuple[str, str], *kernel: int) -> None:
        self.norm(f"{name}.norm", width)
        self.layer(f"{name}.{names[0]}", 3 * width, width, *kernel)
        self.layer(f"{name}.{names[1]}", width, width, *kernel)


def guided_tensors() -> dict[str, Tensor]:
    shapes, width, skips, number = Shapes(), CHANNELS, [CHANNELS], 1
    names = ("in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3", "skip_connection")
    shapes.layer("time_embed.0", 4 * CHANNELS, CHANNELS)
    shapes.layer("time_embed.2", 4 * CHANNELS, 4 * CHANNELS)
    shapes.layer("input_blocks.0.0", CHANNELS, 3, 3, 3)
    for level, multiplier in enumerate(MULTIPLIERS):
        for _ in range(RES_BLOCKS):
            shapes.residual(f"input_blocks.{number}.0", width, CHANNELS * multiplier, names)
            width = CHANNELS * multiplier
            if level in ATTENTION:
                shapes.attention(f"input_blocks.{number}.1", width, ("qkv", "proj_out"), 1)
            skips.append(width)
            number += 1
        if level < len(MULTIPLIERS) - 1:
            shapes.layer(f"input_blocks.{number}.0.op", width, width, 3, 3)
            skips.append(width)
            number += 1
    shapes.residual("middle_block.0", width, width, names)
    shapes.attention("middle_block.1", width, ("qkv", "proj_out"), 1)
    shapes.residual("middle_block.2", width, width, names)
    number = 0
    for level in reversed(range(len(MULTIPLIERS))):
        for index in range(RES_BLOCKS + 1):
            block = f"output_blocks.{number}"
            shapes.residual(f"{block}.0", width + skips.pop(), CHANNELS * MULTIPLIERS[level], names)
            width = CHANNELS * MULTIPLIERS[level]
            if level in ATTENTION:
                shapes.attention(f"{block}.1", width, ("qkv", "proj_out"), 1)
            if level and index == RES_BLOCKS:
                shapes.layer(f"{block}.{2 if level in ATTENTION else 1}.conv", width, width, 3, 3)
            number += 1
    shapes.norm("out.0", width)
    shapes.layer("out.2", 3, CHANNELS, 3, 3)
    return random_tensors(shapes)


def ho_tensors() -> dict[str, Tensor]:
    shapes, width, skips = Shapes(), CHANNELS, [CHANNELS]
    names = ("norm1", "conv1", "fc", "norm2", "conv2", "skip")
    shapes.layer("embed.0", 4 * CHANNELS, CHANNELS)
    shapes.layer("embed.2", 4 * CHANNELS, 4 * CHANNELS)
    shapes.layer("in_conv", CHANNELS, 3, 3, 3)

    def block(name: str, inputs: int, level: int) -> int:
        outputs = CHANNELS * MULTIPLIERS[level]
        shapes.residual(f"{name}.0" if level in ATTENTION else name, inputs, outputs, names)
        if level in ATTENTION:
            shapes.attention(f"{name}.1", outputs, ("project_in", "project_out"), 1, 1)
        return outputs

    for level in range(len(MULTIPLIERS)):
        for index in range(RES_BLOCKS):
            width = block(f"downsamples.level_{level}.{index}", width, level)
            skips.append(width)
        if level < len(MULTIPLIERS) - 1:
            shapes.layer(f"downsamples.level_{level}.{RES_BLOCKS}.1", width, width, 3, 3)
            skips.append(width)
    shapes.residual("middle.0", width, width, names)
    shapes.attention("middle.1", width, ("project_in", "project_out"), 1, 1)
    shapes.residual("middle.2", width, width, names)
    for level in reversed(range(len(MULTIPLIERS))):
        for index in range(RES_BLOCKS + 1):
            width = block(f"upsamples.level_{level}.{index}", width + skips.pop(), level)
        if level:
            shapes.layer(f"upsamples.level_{level}.{RES_BLOCKS + 1}.1", width, width, 3, 3)
    shapes.norm("out_conv.0", width)
    shapes.layer("out_conv.2", 3, CHANNELS, 3, 3)
    return random_tensors(shapes)


def optimiser(tensors: dict[str, Tensor], scale: float) -> dict[str, Any]:
    """State of an Adam whose first moments are the weights, scaled."""
    state = {
        index: {"step": torch.tensor(7.0), "exp_avg": scale * tensor, "exp_avg_sq": tensor.square()}
        for index, tensor in enumerate(tensors.values())
    }
    return {"state": state, "param_groups": [{"lr": 2e-4, "betas": (0.9, 0.999), "params": list(state)}]}


def halved(tensors: dict[str, Tensor]) -> OrderedDict[str, Tensor]:
    return OrderedDict((name, tensor / 2) for name, tensor in tensors.items())


GUIDED, HO = guided_tensors(), ho_tensors()
CFM_FILE = {
    "net_model": halved(GUIDED), "ema_model": OrderedDict(GUIDED), "optim": optimiser(GUIDED, 2), "step": 400_000,
    "sched": {"base_lrs": [2e-4], "last_epoch": 400_000, "lr_lambdas": [None]},
}  # fmt: skip
DDPM_FILE = {
    "model": {f"module.{name}": tensor for name, tensor in halved(HO).items()}, "optimizer": optimiser(HO, 2),
    "ema": {"decay": 0.9999, "shadow": HO, "num_updates": 390_000}, "scheduler": {"last_epoch": 390_000},
    "epoch": 1000, "loss": 0.03,
}  # fmt: skip


def saved(values: Any, path: Path) -> Path:
    torch.save(values, path)
    return path
