"""Neural states as files: safetensors and JSON, for U-Nets a folder that diffusers opens."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from accelerate.state import PartialState
from safetensors.torch import load_file, save_file
from torch import nn

from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.networks.architectures import CONDITIONS, Config, Tensors
from raysc.models.neural.augmentation_embedding import LAYER, sampling_network
from raysc.models.neural.state import State, packed

CONFIG, MODEL, AUGMENTATION = "config.json", "model.safetensors", "augmentation.safetensors"
PIPELINE = "model_index.json"
TRAINING, SCALER = "training_state.safetensors", "training_state.json"
STEPS = "steps_taken"


Network = Literal["mlp", "unet", "spline_flow"]
Scheduler = Mapping[str, Any]
"""What a network was trained to predict, in the words of diffusers' scheduler configurations."""


def save(
    state: State,
    folder: Path,
    training_state: bool,
    scheduler: Scheduler = MappingProxyType({}),
    pipeline: Callable[[nn.Module], Any] | None = None,
) -> None:
    """Write a state; see ``Trained.save``.

    A U-Net becomes a pipeline folder of diffusers, other networks model.safetensors and config.json; each holds the EMA
    weights, of a pack those of all seeds. The layer of a U-Net that is told of augmentation, which diffusers and
    sampling do without, goes into augmentation.safetensors. The raw weights and the optimiser's state go into
    training_state.safetensors beside them.

    Args:
        state: what to write.
        folder: where to; made if it does not exist.
        training_state: whether to write what training needs to go on.
        scheduler: what the family's networks predict; written beside all but U-Nets; empty if there is but one thing
            that they could.
        pipeline: makes a diffusers pipeline of a U-Net, its scheduler included; for families that have such networks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ema = on_device(torch.device("cpu"), state.ema)
    if state.config["network"] == "unet":
        assert pipeline is not None, "a family with U-Nets says how they sample"
        pipeline(sampling_network(replace(state, ema=ema))).save_pretrained(folder)
        if LAYER in ema:
            save_file({LAYER: ema[LAYER]}, folder / AUGMENTATION)
    else:
        save_file(ema, folder / MODEL)
        pack = {"seeds": state.seeds} if state.packed else {}
        _write_json(folder / CONFIG, state.config | {"scheduler": dict(scheduler)} | pack)
    if training_state:
        save_training_state(state, folder)


def save_training_state(state: State, folder: Path) -> None:
    """Write raw weights and the optimiser's state, of any network."""
    groups = {"weights": state.weights, "moments": state.moments}
    flat = {f"{group}/{name}": tensor for group, tensors in groups.items() for name, tensor in tensors.items()}
    save_file(on_device(torch.device("cpu"), flat), folder / TRAINING)
    _write_json(folder / SCALER, {**state.scaler, STEPS: state.steps})


def load(folder: Path, network: Network, scheduler: Scheduler = MappingProxyType({})) -> State:
    """Read a state onto Accelerate's device; see ``Trained.load``.

    Args:
        folder: what ``save`` wrote, or for a U-Net any diffusers pipeline folder with one.
        network: the kind of network that is expected.
        scheduler: what the network must have been trained to predict.

    Raises:
        InputError: the folder holds something else.
    """
    config, ema = _load_unet(folder, scheduler) if network == "unet" else _load_plain(folder, network, scheduler)
    # Written before there were packs: one seed of points without an axis for it.
    alone = packed(tuple(config["event"])) and "seeds" not in config
    config.pop("seeds", None)
    ema = on_device(PartialState().device, _as_pack(ema) if alone else ema)
    return load_training_state(config, ema, folder, alone)


def load_training_state(config: Config, ema: Tensors, folder: Path, alone: bool = False) -> State:
    """The state of an EMA model, of any network, with what ``save_training_state`` wrote, on the model's device.

    ``alone``: what was written has no seed axis, and the model does.
    """
    if not (folder / TRAINING).exists():
        return State(config, ema, ema)
    flat = load_file(folder / TRAINING)
    flat = on_device(next(iter(ema.values())).device, _as_pack(flat) if alone else flat)
    groups: dict[str, Tensors] = {"weights": {}, "moments": {}}
    for name, tensor in flat.items():
        group, _, rest = name.partition("/")
        groups[group][rest] = tensor
    scaler = _read_json(folder / SCALER)
    taken = int(scaler.pop(STEPS, 0))  # folders of before do not tell
    return State(config, groups["weights"], ema, groups["moments"], scaler, taken)


def _as_pack(tensors: Tensors) -> Tensors:
    """A seed's tensors with an axis for it; AdamW's count of steps has none."""
    return {name: tensor if name.endswith("/step") else tensor[None] for name, tensor in tensors.items()}


def _load_plain(folder: Path, network: Network, scheduler: Scheduler) -> tuple[Config, Tensors]:
    config = _read_json(folder / CONFIG) if (folder / CONFIG).exists() else {}
    if config.get("network") != network:
        raise InputError(f"{folder}: no {CONFIG} here that says so: this is no saved model with network: {network}")
    _check_scheduler(folder, config.pop("scheduler", {}), scheduler)
    return config, load_file(folder / MODEL)


def _load_unet(folder: Path, scheduler: Scheduler) -> tuple[Config, Tensors]:
    if not (folder / PIPELINE).exists():
        raise InputError(f"{folder}: no {PIPELINE} here: this is no diffusers pipeline folder")
    # older folders on the hub have everything at their top
    inside = (folder / "unet").is_dir()
    found = _read_json((folder / "scheduler" if inside else folder) / "scheduler_config.json")
    # old folders do not say what they predict, and diffusers then takes it to be the noise
    _check_scheduler(folder, {"prediction_type": "epsilon"} | found, scheduler)
    declare_missing_schemas()
    from diffusers import UNet2DModel

    unet = UNet2DModel.from_pretrained(
        folder, subfolder="unet" if inside else None, use_safetensors=True, torch_dtype=torch.float32
    )
    if unet.class_embedding is not None:
        raise InputError(f"{folder}: its U-Net wants to be told classes, and families here tell it none")
    size, channels = unet.config["sample_size"], unet.config["in_channels"]
    sides = [size, size] if isinstance(size, int) else list(size)
    # its own dropout would draw from the global generator: ``train.dropout`` says what is dropped
    arguments = {name: value for name, value in unet.config.items() if not name.startswith("_")} | {"dropout": 0.0}
    config, ema = {"network": "unet", "event": [channels, *sides], "unet": arguments}, unet.state_dict()
    if not (folder / AUGMENTATION).exists():
        return config, ema
    layer = load_file(folder / AUGMENTATION)
    return config | {CONDITIONS: layer[LAYER].shape[1]}, ema | layer


def _check_scheduler(folder: Path, found: Scheduler, expected: Scheduler) -> None:
    for name, value in expected.items():
        if found.get(name) != value:
            raise InputError(f"{folder}: its scheduler has {name}: {found.get(name)}, but this family needs {value}")


def on_device(device: torch.device, tensors: Tensors) -> Tensors:
    """Tensors on a device: copies, if they were on another."""
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
