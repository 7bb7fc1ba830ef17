"""Augmentation embedding of a U-Net: the layer for augmentation labels, present in training, removed for sampling."""

from dataclasses import replace

import torch
from torch import nn

from raysc.models.networks.build import with_weights
from raysc.models.networks.network import Tensors
from raysc.models.networks.unet import AUGMENT_DIM
from raysc.models.neural.state import State

LAYER = "class_embedding.weight"
"""Name of its weights in a network, float32 (time embedding width, labels)."""


def with_augmentation_embedding(state: State, num_labels: int) -> State:
    """Return a state whose network has the layer for a number of labels; a new layer has weights of 0.

    Args:
        state: any state of a U-Net.
        num_labels: augmentation labels per image; 0 removes the layer.
    """
    if state.config.get(AUGMENT_DIM, 0) == num_labels:
        return state
    plain = without_augmentation_embedding(state)
    if not num_labels:
        return plain
    # the layer's output is added to the output of time_embedding.linear_2
    (width,) = state.weights["time_embedding.linear_2.bias"].shape
    new = torch.zeros(width, num_labels, device=state.device)
    return replace(
        plain,
        config=plain.config | {AUGMENT_DIM: num_labels},
        weights=plain.weights | {LAYER: new},
        ema=plain.ema | {LAYER: new},
    )


def without_augmentation_embedding(state: State) -> State:
    """Return a state without the layer; its network's output equals that with labels of 0 (no augmentation)."""
    if AUGMENT_DIM not in state.config:
        return state
    return replace(
        state,
        config={name: value for name, value in state.config.items() if name != AUGMENT_DIM},
        weights=_without_layer(state.weights),
        ema=_without_layer(state.ema),
        moments=_without_layer(state.moments),
    )


def sampling_network(state: State) -> nn.Module:
    """Build the network that samples: EMA weights, no augmentation embedding, evaluation mode."""
    plain = without_augmentation_embedding(state)
    return with_weights(plain.config, plain.ema).eval()


def _without_layer(tensors: Tensors) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(LAYER)}
