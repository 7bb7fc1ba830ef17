"""Layouts of torchcfm's and ddpm-torch's checkpoints: archives of torch.save with state dicts of U-Nets.

Both networks have the layers of diffusers' UNet2DModel under other names. The files hold no settings: widths, levels
and attention are read off names and shapes. Neither file says how large the images are; they are CIFAR-10's, 32x32.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysc.models.checkpoint_files.checkpoint import (
    MAX_CHANNELS,
    MAX_LEVELS,
    MAX_RES_BLOCKS,
    Checkpoint,
    Part,
    convert,
    number,
    steps_taken,
    unchanged,
)
from raysc.models.checkpoint_files.inert import RefusedError, StoredTensor
from raysc.models.checkpoint_files.torch_files import check_size, read_archive
from raysc.models.diffusion.noise_schedule import LINEAR
from raysc.models.flows.ode import FLOW_SCHEDULER
from raysc.models.networks.cfm_unet import cfm_unet_config
from raysc.models.networks.network import Config, Tensors
from raysc.models.networks.unet import UNetSizes, unet_config

SIDE = 32
"""Height and width of the images of both programs' public files."""
CFM_HEAD_CHANNELS = 64
"""Channels of an attention head in torchcfm's example."""
MOMENTS = ("exp_avg", "exp_avg_sq")
FileContents = Mapping[str, Any]


@dataclass(frozen=True)
class Names:
    """Names of a layout's tensors.

    Attributes:
        top: layers outside the levels: raysc's name and the file's.
        residual: layers of a residual block.
        attention: layers of self-attention; queries, keys and values are one layer in the file.
        places: (configuration, half, level, kind, index) -> prefix of a layer; half is down, mid or up.
        separate: takes part 0, 1 or 2 (q, k, v) of the joint layer.
    """

    top: Mapping[str, str]
    residual: Mapping[str, str]
    attention: Mapping[str, str]
    places: Callable[[Config, str, int, str, int], str]
    separate: Callable[[Tensor, int], Tensor]


def _cfm_place(config: Config, half: str, level: int, kind: str, index: int) -> str:
    res_blocks = config["unet"]["layers_per_block"]
    if half == "mid":
        return f"middle_block.{2 * index if kind == 'resnets' else 1}"
    first = level * (res_blocks + 1) + (half == "down")
    blocks = "input_blocks" if half == "down" else "output_blocks"
    if kind == "downsamplers":
        return f"{blocks}.{first + res_blocks}.0.op"
    if kind == "upsamplers":
        attends = "Attn" in config["unet"]["up_block_types"][level]
        return f"{blocks}.{first + res_blocks}.{2 if attends else 1}.conv"
    return f"{blocks}.{first + index}.{0 if kind == 'resnets' else 1}"


def _ddpm_place(config: Config, half: str, level: int, kind: str, index: int) -> str:
    unet = config["unet"]
    if half == "mid":
        return f"middle.{2 * index if kind == 'resnets' else 1}"
    attends = "Attn" in unet[f"{half}_block_types"][level]
    number_of_level = level if half == "down" else len(unet["block_out_channels"]) - 1 - level
    prefix = f"{half}samples.level_{number_of_level}"
    if kind in ("downsamplers", "upsamplers"):
        return f"{prefix}.{unet['layers_per_block'] + (half == 'up')}.1"
    return f"{prefix}.{index}{'.0' if kind == 'resnets' and attends else '.1' if attends else ''}"


def _cfm_separate(qkv: Tensor, part: int) -> Tensor:
    """Heads come first in torchcfm's layer: each head's queries, keys and values are neighbours."""
    width = len(qkv) // 3
    heads = qkv.reshape(width // min(CFM_HEAD_CHANNELS, width), 3, -1, *qkv.shape[1:])
    return heads[:, part].reshape(width, *qkv.shape[1:])


def _ddpm_separate(qkv: Tensor, part: int) -> Tensor:
    return qkv.chunk(3)[part]


CFM = Names(
    {
        "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0", "conv_out": "out.2",
    },
    {
        "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
        "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
    },
    {"group_norm": "norm", "qkv": "qkv", "to_out.0": "proj_out"},
    _cfm_place,
    _cfm_separate,
)  # fmt: skip
DDPM = Names(
    {
        "conv_in": "in_conv", "time_embedding.linear_1": "embed.0", "time_embedding.linear_2": "embed.2",
        "conv_norm_out": "out_conv.0", "conv_out": "out_conv.2",
    },
    {
        "norm1": "norm1", "conv1": "conv1", "time_emb_proj": "fc", "norm2": "norm2", "conv2": "conv2",
        "conv_shortcut": "skip",
    },
    {"group_norm": "norm", "qkv": "project_in", "to_out.0": "project_out"},
    _ddpm_place,
    _ddpm_separate,
)  # fmt: skip


def read_unet(path: Path) -> Checkpoint:
    """Read an archive with a state dict of torchcfm's or ddpm-torch's U-Net; RefusedError if it has none."""
    return unet_checkpoint(read_archive(path), check_size(path))


def unet_checkpoint(values: Any, limit: int) -> Checkpoint:
    """Convert the contents of an archive.

    Args:
        values: of the archive.
        limit: bytes of the file.

    Raises:
        RefusedError: it holds another network, or a damaged one.
    """
    if isinstance(values, dict) and isinstance(values.get("net_model"), dict):
        return _cfm_checkpoint(values, limit)
    if isinstance(values, dict) and isinstance(values.get("model"), dict):
        return _ddpm_checkpoint(values, limit)
    raise RefusedError("it holds neither net_model, as torchcfm's files do, nor model, as ddpm-torch's do")


def _cfm_checkpoint(values: FileContents, limit: int) -> Checkpoint:
    raw = _state_dict(values["net_model"])
    levels = _cfm_levels(raw)
    sizes = _sizes(raw, "time_embed.0.weight", levels, CFM_HEAD_CHANNELS)
    config = cfm_unet_config((_width(raw, "input_blocks.0.0.weight", 1), SIDE, SIDE), sizes)
    model = {"name": "flow_matching", "network": "cfm_unet", **_settings(sizes), "head_channels": CFM_HEAD_CHANNELS}
    weights, ema, moments = _tensors(config, CFM, raw, values.get("ema_model"), values.get("optim"), limit)
    return Checkpoint(
        "torchcfm", config, FLOW_SCHEDULER, model, ema, weights, moments, steps_taken("step", values.get("step"))
    )


def _ddpm_checkpoint(values: FileContents, limit: int) -> Checkpoint:
    raw = _state_dict(values["model"])
    sizes = _sizes(raw, "embed.0.weight", _ddpm_levels(raw), 8)
    config = unet_config((_width(raw, "in_conv.weight", 1), SIDE, SIDE), sizes)
    # convolutions that halve the image pad below and to the right; the embedding's last period is the longest
    config["unet"] |= {
        "attention_head_dim": None,
        "downsample_padding": 0,
        "flip_sin_to_cos": False,
        "freq_shift": 1,
    }
    average = values.get("ema")
    shadow = average.get("shadow") if isinstance(average, dict) else None
    schedule = values.get("scheduler")
    taken = schedule.get("last_epoch") if isinstance(schedule, dict) else None
    weights, ema, moments = _tensors(config, DDPM, raw, shadow, values.get("optimizer"), limit)
    model = {"name": "ddpm", "network": "unet", **_settings(sizes)}
    settings = {key: values[key] for key in ("epoch",) if type(values.get(key)) is int}
    return Checkpoint(
        "ddpm-torch", config, LINEAR, model, ema, weights, moments, steps_taken("last_epoch", taken), settings
    )


def _state_dict(values: Any) -> dict[str, Any]:
    """Return a state dict without the prefix of data-parallel training."""
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise RefusedError("its network is no mapping from names to tensors")
    return {name.removeprefix("module."): value for name, value in values.items()}


def _tensors(
    config: Config, names: Names, raw: FileContents, average: Any, optimiser: Any, limit: int
) -> tuple[Tensors, Tensors, Tensors]:
    """Return raw weights, EMA weights and AdamW's moments, which follow the weights' names and shapes."""
    part_of = partial(_part, config, names)
    weights = convert(config, raw, part_of, limit)
    ema = weights if average is None else convert(config, _state_dict(average), part_of, limit)
    state = optimiser.get("state") if isinstance(optimiser, dict) else None
    if not isinstance(state, dict) or len(state) != len(raw):
        return weights, ema, {}
    moments: Tensors = {}
    entries = [entry for index in range(len(raw)) if isinstance(entry := state.get(index), dict)]
    if len(entries) != len(raw):
        return weights, ema, {}
    for kind in MOMENTS:
        stored = {name: entry.get(kind) for name, entry in zip(raw, entries, strict=True)}
        converted = convert(config, stored, part_of, limit)
        moments |= {f"{name}/{kind}": tensor for name, tensor in converted.items()}
    steps = {name: _steps(entry.get("step")) for name, entry in zip(raw, entries, strict=True)}
    moments |= {f"{name}/step": steps[part_of(name)[0]] for name in weights}
    return weights, ema, moments


def _steps(value: Any) -> Tensor:
    """Return the number of steps of a parameter, which old files hold as a plain number.

    Its storage is read for it alone, so it holds nothing else.
    """
    if isinstance(value, StoredTensor) and value.shape == () and value.storage.values == 1:
        return value.load()
    if type(value) is not int:
        raise RefusedError("its optimiser has no number of steps")
    return torch.tensor(float(value))


def _cfm_levels(raw: FileContents) -> list[tuple[list[int], bool]]:
    """Return the widths of the residual blocks of each level, and whether the level has attention."""
    levels: list[tuple[list[int], bool]] = [([], False)]
    for index in range(1, MAX_LEVELS * (MAX_RES_BLOCKS + 1)):
        block = f"input_blocks.{index}"
        if f"{block}.0.op.weight" in raw:
            levels.append(([], False))
        elif f"{block}.0.in_layers.2.weight" in raw:
            widths, _ = levels[-1]
            width = _width(raw, f"{block}.0.in_layers.2.weight", 0)
            levels[-1] = ([*widths, width], f"{block}.1.qkv.weight" in raw)
        else:
            break
    return levels


def _ddpm_levels(raw: FileContents) -> list[tuple[list[int], bool]]:
    levels: list[tuple[list[int], bool]] = []
    pattern = re.compile(r"downsamples\.level_(\d{1,3})\.(\d{1,3})(\.0)?\.conv1\.weight", re.ASCII)
    matches = [match for name in raw if (match := pattern.fullmatch(name))]
    for level in range(MAX_LEVELS):
        blocks = {int(match[2]): match for match in matches if int(match[1]) == level}
        if not blocks:
            break
        widths = [_width(raw, blocks[index][0], 0) for index in sorted(blocks)]
        levels.append((widths, any(match[3] for match in blocks.values())))
    return levels


def _sizes(raw: FileContents, time: str, levels: list[tuple[list[int], bool]], head_channels: int) -> UNetSizes:
    """Return the sizes of a network; RefusedError if its levels differ in more than their widths."""
    channels = _width(raw, time, 1)
    counts = {len(widths) for widths, _ in levels}
    first = [widths[0] for widths, _ in levels if widths]
    if len(counts) != 1 or not first or any(width % channels for width in first):
        raise RefusedError("its network's levels are not those of a U-Net of this layout")
    return UNetSizes(
        channels=channels,
        multipliers=tuple(width // channels for width in first),
        res_blocks=number("number of residual blocks", counts.pop(), MAX_RES_BLOCKS),
        attention=tuple(SIDE >> level for level, (_, attends) in enumerate(levels) if attends),
        head_channels=head_channels,
    )


def _settings(sizes: UNetSizes) -> dict[str, Any]:
    return {
        "channels": sizes.channels,
        "multipliers": list(sizes.multipliers),
        "res_blocks": sizes.res_blocks,
        "attention": list(sizes.attention),
    }


def _width(raw: FileContents, name: str, axis: int) -> int:
    """Return the size of a tensor along an axis; RefusedError without the tensor."""
    value = raw.get(name)
    if not isinstance(value, StoredTensor) or len(value.shape) <= axis:
        raise RefusedError(f"it lacks the tensor {name} of its network")
    return number(f"size of {name}", value.shape[axis], MAX_CHANNELS)


def _part(config: Config, names: Names, parameter: str) -> Part:
    """Return the file's tensor for a parameter, and its conversion."""
    layer, _, kind = parameter.removeprefix("unet.").rpartition(".")
    if layer in names.top:
        return f"{names.top[layer]}.{kind}", unchanged
    match = re.fullmatch(r"(down|mid|up)_blocks?\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.+)", layer)
    assert match is not None, f"{layer} is no layer of a U-Net"
    half, level, group, index, inner = match.groups()
    prefix = names.places(config, half, int(level or 0), group, int(index))
    if group == "resnets":
        return f"{prefix}.{names.residual[inner]}.{kind}", unchanged
    if group != "attentions":
        return f"{prefix}.{kind}", unchanged
    if inner in ("to_q", "to_k", "to_v"):
        part = ("to_q", "to_k", "to_v").index(inner)
        return f"{prefix}.{names.attention['qkv']}.{kind}", partial(_linear, names, part)
    return f"{prefix}.{names.attention[inner]}.{kind}", partial(_linear, names, None)


def _linear(names: Names, part: int | None, tensor: Tensor) -> Tensor:
    """Turn a convolution of one pixel into a linear layer, of one part of queries, keys and values."""
    values = tensor if part is None else names.separate(tensor, part)
    return values.flatten(1) if values.ndim > 1 else values
