"""Layout of EDM's network pickles (Karras et al. 2022): a dict whose ``ema`` is a preconditioned SongUNet, DDPM++.

The objects are of classes of ``torch_utils.persistence``, which stores their source code beside their attributes. The
code is not run: attributes and tensors say all that raysc needs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysc.models.checkpoint_files.checkpoint import (
    MAX_CHANNELS,
    MAX_RES_BLOCKS,
    MAX_SIDE,
    Checkpoint,
    Part,
    convert,
    number,
    numbers,
    unchanged,
)
from raysc.models.checkpoint_files.inert import Record, RefusedError, StoredTensor
from raysc.models.checkpoint_files.names import EDM_CALLS
from raysc.models.checkpoint_files.pickle_machine import shown
from raysc.models.checkpoint_files.torch_files import check_size, read_pickle
from raysc.models.diffusion.noise_schedule import LINEAR
from raysc.models.diffusion.preconditioning import BETA_D, BETA_MIN, EDM_SCHEDULER, SIGMA_DATA, M
from raysc.models.networks.ddpmpp import block_plans, ddpmpp_config
from raysc.models.networks.network import AUGMENT_DIM, Config
from raysc.models.networks.unet import HEAD_CHANNELS, UNetSizes

MODULES = {"ModuleDict", "UNetBlock", "Conv2d", "Linear", "GroupNorm", "PositionalEmbedding"}
"""Classes of the parts of a SongUNet that is a DDPM++."""
MAX_DEPTH, MAX_MODULES, MAX_LABELS = 8, 10_000, 64
RESAMPLE_FILTER = "resample_filter"
PRECONDITIONINGS: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "EDMPrecond": ("edm", EDM_SCHEDULER, {"sigma_data": SIGMA_DATA}),
    "VPPrecond": ("vp", LINEAR, {"beta_d": BETA_D, "beta_min": BETA_MIN, "M": M}),
}
"""Class of the preconditioning: raysc's name, the prediction target, and the values of attributes that raysc has."""
FIXED: dict[str, Any] = {
    "label_dim": 0,
    "channel_mult_emb": 4,
    "embedding_type": "positional",
    "channel_mult_noise": 1,
    "encoder_type": "standard",
    "decoder_type": "standard",
    "resample_filter": [1, 1],
}
"""Settings of a SongUNet that make it an unconditional DDPM++; they are its defaults."""
BLOCK_NAMES = {
    "norm_1": "norm0", "conv_1": "conv0", "time": "affine", "norm_2": "norm1", "conv_2": "conv1", "skip": "skip",
    "attention.norm": "norm2", "attention.qkv": "qkv", "attention.proj": "proj",
}  # fmt: skip
"""Layers of a block: raysc's name and the file's."""


def read_edm(path: Path) -> Checkpoint:
    """Read a network pickle; RefusedError if it is none."""
    return edm_checkpoint(read_pickle(path, EDM_CALLS), check_size(path))


def edm_checkpoint(values: Any, limit: int) -> Checkpoint:
    """Convert the contents of a network pickle.

    Args:
        values: of the pickle.
        limit: bytes of the file.

    Raises:
        RefusedError: it is no unconditional DDPM++.
    """
    if not isinstance(values, dict) or not isinstance(values.get("ema"), Record):
        raise RefusedError("its pickle holds no network under the key ema")
    outer = values["ema"]
    if outer.kind not in PRECONDITIONINGS:
        known = " or ".join(PRECONDITIONINGS)
        raise RefusedError(f"its network is of the class {shown(outer.kind)}, and raysc knows {known}")
    name, scheduler, expected = PRECONDITIONINGS[outer.kind]
    for attribute, value in expected.items():
        if (actual := outer.state.get(attribute)) != value:
            raise RefusedError(f"its {attribute} is {shown(actual)}, and raysc has {value}")
    unet = _attribute(outer, "_modules").get("model")
    if not isinstance(unet, Record) or unet.kind != "SongUNet":
        kind = unet.kind if isinstance(unet, Record) else type(unet).__name__
        raise RefusedError(f"its model is of the class {shown(kind)}, and raysc knows SongUNet")
    config = _config(_attribute(unet, "_init_kwargs"))
    stored = _tensors(unet)
    filters = [key for key in stored if key.endswith(f".{RESAMPLE_FILTER}")]
    for key in filters:
        _check_filter(stored[key])
    weights = convert(config, stored, lambda parameter: _part(config, parameter), limit, filters)
    sizes = {key: config[key] for key in ("channels", "multipliers", "res_blocks", "attention")}
    preconditioning = {} if name == "edm" else {"preconditioning": name}
    model = {"name": "edm", **preconditioning, "network": "ddpmpp", **sizes}
    dropout = _attribute(unet, "_init_kwargs").get("dropout", 0.1)
    if type(dropout) not in (int, float):
        raise RefusedError(f"its dropout is {shown(dropout)}, no number")
    settings = {"preconditioning": outer.kind, "dropout": dropout}
    return Checkpoint("EDM", config, scheduler, model, weights, weights, settings=settings)


def _attribute(record: Record, name: str) -> Mapping[str, Any]:
    """Return a mapping among an object's attributes; RefusedError without it."""
    value = record.state.get(name)
    if not isinstance(value, dict):
        raise RefusedError(f"{shown(record.kind)} has no {name}")
    return value


def _config(settings: Mapping[str, Any]) -> Config:
    """Return the configuration of raysc's network for the arguments of a SongUNet."""
    for name, expected in FIXED.items():
        actual = settings.get(name, expected)
        if (list(actual) if isinstance(actual, tuple) else actual) != expected:
            raise RefusedError(f"its network has {name} {shown(actual)}, and raysc's has {expected}")
    side = number("img_resolution", settings.get("img_resolution"), MAX_SIDE)
    image_channels = number("in_channels", settings.get("in_channels"), MAX_CHANNELS)
    if settings.get("out_channels") != image_channels:
        raise RefusedError("its network has another number of channels at the output than at the input")
    multipliers = numbers("channel_mult", settings.get("channel_mult", [1, 2, 2, 2]), MAX_CHANNELS)
    heights = numbers("attn_resolutions", settings.get("attn_resolutions", [16]), MAX_SIDE)
    sizes = UNetSizes(
        channels=number("model_channels", settings.get("model_channels", 128), MAX_CHANNELS),
        multipliers=multipliers,
        res_blocks=number("num_blocks", settings.get("num_blocks", 4), MAX_RES_BLOCKS),
        attention=tuple(height for height in heights if height in [side >> level for level in range(len(multipliers))]),
        head_channels=HEAD_CHANNELS,
    )
    config = ddpmpp_config((image_channels, side, side), sizes)
    labels = settings.get("augment_dim", 0)
    return config | {AUGMENT_DIM: number("augment_dim", labels, MAX_LABELS)} if labels else config


def _tensors(unet: Record) -> dict[str, StoredTensor]:
    """Collect the parameters and buffers of a network by name."""
    tensors: dict[str, StoredTensor] = {}
    modules, visited = [("", unet, 0)], 0
    while modules:
        prefix, module, depth = modules.pop()
        visited += 1
        if depth > MAX_DEPTH or visited > MAX_MODULES:
            raise RefusedError("its network has more parts than a SongUNet")
        for group in ("_parameters", "_buffers"):
            for name, value in _attribute(module, group).items():
                if isinstance(value, StoredTensor):
                    tensors[f"{prefix}{name}"] = value
                elif value is not None:
                    raise RefusedError(f"{shown(f'{prefix}{name}')} is no tensor")
        for name, child in _attribute(module, "_modules").items():
            if child is None:
                continue
            if not isinstance(child, Record) or child.kind not in MODULES:
                kind = child.kind if isinstance(child, Record) else type(child).__name__
                raise RefusedError(f"its network has a part of the class {shown(kind)}, which no DDPM++ has")
            modules.append((f"{prefix}{name}.", child, depth + 1))
    return tensors


def _check_filter(stored: StoredTensor) -> None:
    """The filter of a change of resolution must be the average of 2 x 2 pixels."""
    small = stored.shape == (1, 1, 2, 2) and stored.storage.values == 4
    if not small or not torch.equal(stored.load(), torch.full((1, 1, 2, 2), 0.25)):
        raise RefusedError("its network changes the resolution by another filter than [1, 1]")


def _part(config: Config, parameter: str) -> Part:
    """Return the file's tensor for a parameter, and its conversion."""
    height, width = config["event"][1:]
    top = {
        "augmentation": "map_augment", "time_1": "map_layer0", "time_2": "map_layer1",
        "conv_in": f"enc.{height}x{width}_conv", "norm_out": f"dec.{height}x{width}_aux_norm",
        "conv_out": f"dec.{height}x{width}_aux_conv",
    }  # fmt: skip
    layer, _, kind = parameter.rpartition(".")
    if layer in top:
        return f"{top[layer]}.{kind}", unchanged
    half, index, inner = layer.split(".", 2)
    encoder, decoder = block_plans(config)
    plan = (encoder if half == "encoder" else decoder)[int(index)]
    size = f"{height >> plan.level}x{width >> plan.level}"
    name = f"{half[:3]}.{size}_{plan.label}.{BLOCK_NAMES[inner]}.{kind}"
    return name, _separated if inner == "attention.qkv" else unchanged


def _separated(qkv: Tensor) -> Tensor:
    """Reorder the outputs from (q, k, v) of each channel to all queries, keys and values."""
    return qkv.reshape(-1, 3, *qkv.shape[1:]).transpose(0, 1).reshape(qkv.shape)
