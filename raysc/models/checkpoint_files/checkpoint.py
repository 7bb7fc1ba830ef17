"""Contents of a checkpoint file, converted to raysc's networks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from raysc.models.checkpoint_files.inert import RefusedError, Storage, StoredTensor
from raysc.models.checkpoint_files.pickle_machine import shown
from raysc.models.networks.build import build_network
from raysc.models.networks.network import Config, Tensors

MAX_CHANNELS, MAX_LEVELS, MAX_RES_BLOCKS, MAX_SIDE = 2048, 8, 16, 1024
"""Limits of a network's sizes, far above those of known files."""
MAX_STEPS = 2**40
"""Limit of a number of optimiser steps."""


@dataclass(frozen=True)
class Checkpoint:
    """A model in a file.

    Attributes:
        layout: the program whose files look like this.
        config: configuration of the network.
        scheduler: prediction target of the network, as in a configuration of diffusers' schedulers.
        model: the setting ``model`` of a sweep that starts from the file.
        ema: the EMA weights, or the raw weights if there are no others.
        weights: the raw weights, or the EMA weights if there are no others.
        moments: AdamW's state as in ``State.moments``; empty without it.
        steps: optimiser steps taken; 0 if the file does not say.
        settings: further settings that the file holds, for display.
    """

    layout: str
    config: Config
    scheduler: Mapping[str, Any]
    model: Mapping[str, Any]
    ema: Tensors
    weights: Tensors
    moments: Tensors = field(default_factory=dict)
    steps: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


Part = tuple[str, Callable[[Tensor], Tensor]]
"""Name of a tensor in the file, and the function from it to a parameter."""


def unchanged(tensor: Tensor) -> Tensor:
    """Return a tensor as it is."""
    return tensor


def convert(
    config: Config, stored: Mapping[str, Any], part_of: Callable[[str], Part], limit: int, ignored: Iterable[str] = ()
) -> Tensors:
    """Load the parameters of a network from a file's tensors.

    Args:
        config: of the network.
        stored: tensors of the file by name.
        part_of: parameter's name -> its tensor and conversion.
        limit: bytes of the file; the parameters have no more, and neither have their storages.
        ignored: tensors that are no parameters.

    Raises:
        RefusedError: a tensor is missing, unknown or of another shape.
    """
    parameters = {name: tuple(value.shape) for name, value in build_network(config).named_parameters()}
    parts = {name: part_of(name) for name in parameters}
    needed = {part for part, _ in parts.values()}
    if missing := needed - stored.keys():
        raise RefusedError(f"it lacks the tensor {min(missing)} of its network")
    if unknown := stored.keys() - needed - set(ignored):
        raise RefusedError(f"its network has no tensor {shown(min(unknown))}")
    for part in needed:
        if not isinstance(stored[part], StoredTensor) or not stored[part].storage.dtype.is_floating_point:
            raise RefusedError(f"{part} is no tensor of floating-point numbers")
    by_storage: dict[Storage, list[str]] = {}
    for name, (part, _) in parts.items():
        by_storage.setdefault(stored[part].storage, []).append(name)
    # A storage is read as a whole, however small its tensors are, and small storages may have many large tensors.
    if limit < max(sum(storage.bytes for storage in by_storage), sum(stored[part].bytes for part in needed)):
        raise RefusedError("its tensors share values, and are larger than the file")
    weights = {}
    for storage, names in by_storage.items():
        values = storage.load()
        for name in names:
            part, change = parts[name]
            weights[name] = _parameter(stored[part], values, change, parameters[name], part)
    return {name: weights[name] for name in parameters}


def _parameter(
    stored: StoredTensor, values: Tensor, change: Callable[[Tensor], Tensor], shape: tuple[int, ...], name: str
) -> Tensor:
    """Load and convert a tensor; RefusedError unless the result has the shape."""
    try:
        value = change(stored.load(values)).contiguous()
    except (RuntimeError, ValueError) as error:
        raise RefusedError(f"the tensor {name} of the shape {stored.shape} does not fit its network") from error
    if tuple(value.shape) != shape:
        raise RefusedError(f"the tensor {name} has the shape {stored.shape}, which does not fit its network")
    return value


def number(name: str, value: Any, limit: int) -> int:
    """Return a size if it is a whole number from 1 to a limit; else RefusedError."""
    if type(value) is not int or not 1 <= value <= limit:
        raise RefusedError(f"its {name} is {shown(value)}, no number from 1 to {limit}")
    return value


def steps_taken(name: str, value: Any) -> int:
    """Return a number of steps, 0 if it is missing; else RefusedError."""
    return 0 if value is None or (type(value) is int and value == 0) else number(name, value, MAX_STEPS)


def numbers(name: str, values: Any, limit: int) -> tuple[int, ...]:
    """Return sizes, at most ``MAX_LEVELS`` of them; else RefusedError."""
    if not isinstance(values, list | tuple) or len(values) > MAX_LEVELS:
        raise RefusedError(f"its {name} is no list of at most {MAX_LEVELS} numbers")
    return tuple(number(name, value, limit) for value in values)
