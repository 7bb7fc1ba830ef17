"""Augmentation embedding of a network of images: its layer is present in training and removed for sampling."""

from dataclasses import replace

import torch
from torch import nn

from raysc.models.networks.build import with_weights
from raysc.models.networks.network import AUGMENT_DIM, Config, Tensors
from raysc.models.neural.state import State

LAYER = "class_embedding.weight"
"""Name of its weights in a U-Net of diffusers, float32 (time embedding width, labels)."""
LAYERS = {
    "unet": (LAYER, "time_embedding.linear_2.bias"),
    "cfm_unet": (f"unet.{LAYER}", "unet.time_embedding.linear_2.bias"),
    "ddpmpp": ("augmentation.weight", "conv_in.bias"),
}
"""By kind of network: name of its weights, and of a parameter of as many values as the layer's output, (width,)."""


def with_augmentation_embedding(state: State, num_labels: int) -> State:
    """Return a state whose network has the layer for a number of labels; a new layer has weights of 0.

    Args:
        state: any state of a network of images.
        num_labels: augmentation labels per image; 0 removes the layer.
    """
    if state.config.get(AUGMENT_DIM, 0) == num_labels:
        return state
    plain = without_augmentation_embedding(state)
    if not num_labels:
        return plain
    layer, like = LAYERS[state.config["network"]]
    (width,) = state.weights[like].shape
    new = torch.zeros(width, num_labels, device=state.device)
    return replace(
        plain,
        config=plain.config | {AUGMENT_DIM: num_labels},
        weights=plain.weights | {layer: new},
        ema=plain.ema | {layer: new},
        average=plain.average | {layer: new} if plain.average else {},
    )


def without_augmentation_embedding(state: State) -> State:
    """Return a state without the layer; its network's output equals that with labels of 0 (no augmentation)."""
    if AUGMENT_DIM not in state.config:
        return state
    return replace(
        state,
        config={name: value for name, value in state.config.items() if name != AUGMENT_DIM},
        weights=_without_layer(state.config, state.weights),
        ema=_without_layer(state.config, state.ema),
        moments=_without_layer(state.config, state.moments),
        average=_without_layer(state.config, state.average),
    )


def sampling_network(state: State) -> nn.Module:
    """Build the network that samples: EMA weights, no augmentation embedding, evaluation mode."""
    plain = without_augmentation_embedding(state)
    return with_weights(plain.config, plain.ema).eval()


def _without_layer(config: Config, tensors: Tensors) -> Tensors:
    layer, _ = LAYERS[config["network"]]
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(layer)}
