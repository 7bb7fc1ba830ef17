"""Files of neural states: safetensors and JSON; diffusers opens the folder of a U-Net."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from accelerate.state import PartialState
from safetensors.torch import load_file, save_file
from torch import nn

from raysc.errors import InputError, RayscError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.family import STEPS_TAKEN, TRAINING_STATE_JSON
from raysc.models.networks.build import check_weights
from raysc.models.networks.network import AUGMENT_DIM, IMAGE_NETWORKS, Config, Tensors
from raysc.models.neural.augmentation_embedding import LAYER, sampling_network
from raysc.models.neural.state import State, has_seed_axis

CONFIG, MODEL, AUGMENTATION = "config.json", "model.safetensors", "augmentation.safetensors"
PIPELINE = "model_index.json"
TRAINING = "training_state.safetensors"
PIPELINES = ("DDPMPipeline", "DDIMPipeline")
"""Classes of the pipelines that families write."""
SCHEDULERS = ("DDPMScheduler", "DDIMScheduler", "EDMEulerScheduler", "FlowMatchEulerDiscreteScheduler")
"""Classes of their schedulers."""

MAX_REASON = 300
"""Maximum number of characters of a library's message within raysc's message."""

NetworkKind = Literal["mlp", "unet", "ddpmpp", "cfm_unet", "spline_flow", "vae"]
"""Kind of a network."""
SchedulerConfig = Mapping[str, Any]
"""Prediction target and noise schedule of a network, as in a configuration of diffusers' schedulers."""


def save(
    state: State,
    folder: Path,
    training_state: bool,
    scheduler: SchedulerConfig = MappingProxyType({}),
    pipeline: Callable[[nn.Module], Any] | None = None,
) -> None:
    """Write a state; see ``TrainedFamily.save``.

    A U-Net (unet) becomes a pipeline folder of diffusers, any other network model.safetensors and config.json. Each
    holds the EMA weights, of a pack those of all seeds. A U-Net's augmentation embedding, which diffusers and sampling
    do not use, goes into augmentation.safetensors. The raw weights and the optimiser's state go into
    training_state.safetensors beside them.

    Args:
        state: the state.
        folder: destination; created if it does not exist.
        training_state: write the raw weights and the optimiser's state too.
        scheduler: prediction target of the family's networks, written beside networks other than U-Nets; empty for a
            family with a single possible target.
        pipeline: makes a diffusers pipeline, with its scheduler, of a U-Net; required by families that have U-Nets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ema = tensors_to_device(state.ema, torch.device("cpu"))
    if state.config["network"] == "unet":
        assert pipeline is not None, "a family with U-Nets has a pipeline"
        pipeline(sampling_network(replace(state, ema=ema))).save_pretrained(folder)
        if LAYER in ema:
            save_file({LAYER: ema[LAYER]}, folder / AUGMENTATION)
    else:
        save_file(ema, folder / MODEL)
        seeds = {"seeds": state.seeds} if state.is_pack else {}
        _write_json(folder / CONFIG, state.config | {"scheduler": dict(scheduler)} | seeds)
    if training_state:
        save_training_state(state, folder)


def save_training_state(state: State, folder: Path) -> None:
    """Write the raw weights, an EMA that is not the model that samples, and the optimiser's state of any network."""
    groups = {"weights": state.weights, "moments": state.moments, "average": state.average}
    flat = {f"{group}/{name}": tensor for group, tensors in groups.items() for name, tensor in tensors.items()}
    save_file(tensors_to_device(flat, torch.device("cpu")), folder / TRAINING)
    _write_json(folder / TRAINING_STATE_JSON, {**state.scaler, STEPS_TAKEN: state.steps})


def load(folder: Path, network: NetworkKind, scheduler: SchedulerConfig = MappingProxyType({})) -> State:
    """Read a state onto Accelerate's device; see ``TrainedFamily.load``.

    Args:
        folder: written by ``save``, or for a U-Net any diffusers pipeline folder with one.
        network: the expected kind of network.
        scheduler: the prediction target that the network must have been trained with.

    Raises:
        InputError: the folder holds another kind of network, one with another prediction target, or damaged files.
    """
    try:
        config, ema = (
            _load_unet(folder, scheduler) if network == "unet" else _load_safetensors(folder, network, scheduler)
        )
    except RayscError:
        raise
    except Exception as error:  # diffusers and safetensors raise errors of many classes about damaged files
        reason = " ".join(str(error).split())[:MAX_REASON]
        raise InputError(f"{folder} cannot be read as a saved model: {type(error).__name__}: {reason}") from error
    # A folder from before networks of this kind were packs: one seed, without a seed axis.
    add_seed_axis = has_seed_axis(config) and "seeds" not in config
    config.pop("seeds", None)
    ema = tensors_to_device(_with_seed_axis(ema) if add_seed_axis else ema, PartialState().device)
    return load_training_state(config, ema, folder, add_seed_axis)


def load_training_state(config: Config, ema: Tensors, folder: Path, add_seed_axis: bool = False) -> State:
    """Return the state of an EMA model with the training state in a folder, if there is one, on the model's device.

    Args:
        config: of the network, of any kind.
        ema: weights of the EMA model.
        folder: written by ``save_training_state``; without its files the EMA weights serve as raw weights.
        add_seed_axis: the tensors in the folder have no seed axis, and those of the model have one.
    """
    if not (folder / TRAINING).exists():
        return State(config, ema, ema)
    flat = _load_tensors(folder / TRAINING)
    flat = tensors_to_device(_with_seed_axis(flat) if add_seed_axis else flat, next(iter(ema.values())).device)
    groups: dict[str, Tensors] = {"weights": {}, "moments": {}, "average": {}}
    for key, tensor in flat.items():
        group, _, name = key.partition("/")
        groups[group][name] = tensor
    scaler = _read_json(folder / TRAINING_STATE_JSON)
    steps = int(scaler.pop(STEPS_TAKEN, 0))  # older folders do not have this key
    return State(config, groups["weights"], ema, groups["moments"], scaler, steps, groups["average"])


def _load_tensors(file: Path) -> Tensors:
    """Read a safetensors file into tensors of their own memory.

    Those of the library lie anywhere in one buffer, and on a CPU the last bit of a small matrix product depends on
    where its operands begin: a resumed run would differ from an uninterrupted one.
    """
    return {name: tensor.clone() for name, tensor in load_file(file).items()}


def _with_seed_axis(tensors: Tensors) -> Tensors:
    """Add a seed axis of size 1 to every tensor except AdamW's step counts, which have none."""
    return {name: tensor if name.endswith("/step") else tensor[None] for name, tensor in tensors.items()}


def _load_safetensors(folder: Path, network: NetworkKind, scheduler: SchedulerConfig) -> tuple[Config, Tensors]:
    """Read configuration and EMA weights of a network that is no U-Net."""
    config = _read_json(folder / CONFIG) if (folder / CONFIG).exists() else {}
    if config.get("network") != network:
        raise InputError(f"{folder}: no {CONFIG} with network: {network}; this is no saved model of that kind")
    check_scheduler(folder, config.pop("scheduler", {}), scheduler)
    ema = _load_tensors(folder / MODEL)
    if network in IMAGE_NETWORKS:
        check_weights(config, ema)
    return config, ema


def _load_unet(folder: Path, scheduler: SchedulerConfig) -> tuple[Config, Tensors]:
    """Read configuration and EMA weights of a U-Net from a diffusers pipeline folder."""
    if not (folder / PIPELINE).exists():
        raise InputError(f"{folder}: no {PIPELINE}; this is no diffusers pipeline folder")
    # older folders on the hub have no subfolders
    subfolders = (folder / "unet").is_dir()
    stored = _read_json((folder / "scheduler" if subfolders else folder) / "scheduler_config.json")
    # old folders do not give the prediction type, and diffusers then assumes epsilon
    check_scheduler(folder, {"prediction_type": "epsilon"} | stored, scheduler)
    declare_missing_schemas()
    from diffusers import UNet2DModel

    unet = UNet2DModel.from_pretrained(
        folder, subfolder="unet" if subfolders else None, use_safetensors=True, torch_dtype=torch.float32
    )
    if unet.class_embedding is not None:
        raise InputError(f"{folder}: its U-Net is class-conditional, and families need an unconditional one")
    size, channels = unet.config["sample_size"], unet.config["in_channels"]
    sides = [size, size] if isinstance(size, int) else list(size)
    # the U-Net's dropout would draw from the global generator; ``train.dropout`` sets dropout instead
    arguments = _unet_arguments(unet.config) | {"dropout": 0.0}
    config, ema = {"network": "unet", "event": [channels, *sides], "unet": arguments}, unet.state_dict()
    if missing := [name for name, tensor in ema.items() if tensor.is_meta]:
        raise InputError(f"{folder} lacks {len(missing)} weights of its network, such as {missing[0]}")
    if not (folder / AUGMENTATION).exists():
        return config, ema
    layer = _load_tensors(folder / AUGMENTATION)
    return config | {AUGMENT_DIM: layer[LAYER].shape[1]}, ema | layer


def _unet_arguments(config: Mapping[str, Any]) -> Config:
    """Return the arguments of a U-Net in its stored configuration, in which diffusers keeps unknown names, too.

    Raises:
        ValueError: a number is none; diffusers would notice it in the first forward pass.
    """
    from diffusers import UNet2DModel

    parameters = signature(UNet2DModel.__init__).parameters
    arguments = {name: value for name, value in config.items() if name in parameters and not name.startswith("_")}
    for name, value in arguments.items():
        default = type(parameters[name].default)
        if default in (int, float) and value is not None and type(value) not in {int, default}:
            raise ValueError(f"{name} is {value!r}, not of type {default.__name__}")
    return arguments


def load_pipeline(folder: Path) -> Any:
    """Read a diffusers pipeline folder that ``save`` wrote.

    diffusers would load any class that model_index.json names, also from a .py file in the folder. A store may come
    from somebody else, so the pipeline is built from the classes that raysc writes and from no others.

    Raises:
        InputError: the folder names another class.
    """
    declare_missing_schemas()
    import diffusers

    index = _read_json(folder / PIPELINE)
    scheduler = index.get("scheduler")
    names = (index.get("_class_name"), index.get("unet"), scheduler)
    if (
        names[0] not in PIPELINES
        or names[1] != ["diffusers", "UNet2DModel"]
        or not isinstance(scheduler, list)
        or scheduler[:1] != ["diffusers"]
        or scheduler[1:] not in [[name] for name in SCHEDULERS]
    ):
        raise InputError(f"{folder}: {PIPELINE} names classes that raysc does not write: {names}")
    unet = diffusers.UNet2DModel.from_pretrained(folder / "unet", use_safetensors=True)
    schedule = getattr(diffusers, scheduler[1]).from_pretrained(folder / "scheduler")
    return getattr(diffusers, names[0])(unet=unet, scheduler=schedule)


def check_scheduler(source: Path, stored: SchedulerConfig, expected: SchedulerConfig) -> None:
    """Raise InputError if a stored scheduler configuration lacks an expected value."""
    for name, value in expected.items():
        if stored.get(name) != value:
            raise InputError(f"{source}: its scheduler has {name}: {stored.get(name)}, but this family needs {value}")


def tensors_to_device(tensors: Tensors, device: torch.device) -> Tensors:
    """Return tensors on a device; a tensor that is on another one is copied."""
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
