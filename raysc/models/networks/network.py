"""Types of networks: configuration, weights, and the network as a function of noisy rows and times.

A network maps noisy rows, float32 (batch, *event), and their times, float32 (batch,) in [0, 1000], to an output of the
rows' shape.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

Config = dict[str, Any]
"""Configuration of a network as JSON values: "network" is its kind, "event" the shape of a row; the rest its sizes."""

AUGMENT_DIM = "augment_dim"
"""Configuration key: number of augmentation labels of the network; absent in a network without their embedding."""

IMAGE_NETWORKS = ("unet", "ddpmpp", "cfm_unet")
"""Kinds of networks of images; they have dropout, augmentation labels and gradient checkpointing."""

Tensors = dict[str, Tensor]
"""Tensors by parameter name."""

Network = Callable[..., Any]
"""A network as a function: a module, or a functional call of a module with other weights."""


def predict(network: Network, rows: Tensor, times: Tensor, augment_labels: Tensor | None = None) -> Tensor:
    """Evaluate a network that is conditioned on time.

    Args:
        network: the network.
        rows: noisy rows, float32 (batch, *event).
        times: float32 (batch,) in [0, 1000].
        augment_labels: float32 (batch, labels), if the network's configuration has an augmentation embedding.

    Returns:
        The output, float32 (batch, *event); the channels of an image's output may be a multiple of the rows'.
    """
    output = network(rows, times) if augment_labels is None else network(rows, times, augment_labels)
    prediction: Tensor = output if isinstance(output, Tensor) else output.sample
    return prediction
