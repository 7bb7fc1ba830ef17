"""The layer of a U-Net that is told how images were augmented: it is there in training, and gone when it samples."""

from dataclasses import replace

import torch
from torch import nn

from raysc.models.networks.architectures import CONDITIONS, Tensors, with_weights
from raysc.models.neural.state import State

LAYER = "class_embedding.weight"
"""Its weights, float32 (width, conditions), among a network's."""


def told(state: State, conditions: int) -> State:
    """A state whose network has the layer for so many conditions, as it is or new with weights of 0; 0: none."""
    if state.config.get(CONDITIONS, 0) == conditions:
        return state
    bare = untold(state)
    if not conditions:
        return bare
    # the layer's outputs are added to those of this one
    (wide,) = state.weights["time_embedding.linear_2.bias"].shape
    new = torch.zeros(wide, conditions, device=state.device)
    return replace(
        bare,
        config=bare.config | {CONDITIONS: conditions},
        weights=bare.weights | {LAYER: new},
        ema=bare.ema | {LAYER: new},
    )


def untold(state: State) -> State:
    """A state without the layer, whose network says what the other one says of images that nothing was done to."""
    if CONDITIONS not in state.config:
        return state
    return replace(
        state,
        config={name: value for name, value in state.config.items() if name != CONDITIONS},
        weights=_others(state.weights),
        ema=_others(state.ema),
        moments=_others(state.moments),
    )


def sampling_network(state: State) -> nn.Module:
    """The network that samples: the EMA weights, without the layer."""
    bare = untold(state)
    return with_weights(bare.config, bare.ema).eval()


def _others(tensors: Tensors) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(LAYER)}
