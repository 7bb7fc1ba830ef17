"""Gradient checkpointing (``train.recompute``): activations are computed again in the backward pass."""

from typing import Any

from raysc.errors import RayscError

METHODS = ("activation_checkpointing_enable", "gradient_checkpointing_enable", "enable_gradient_checkpointing")
"""Names of the method: transformers from 5 on, transformers before, diffusers."""


def enable_gradient_checkpointing(network: Any) -> None:
    """Let a network keep few activations of the forward pass and compute the rest again in the backward pass.

    Raises:
        RayscError: the network has no such method.
    """
    for method in METHODS:
        if hasattr(network, method):
            getattr(network, method)()
            if hasattr(network, "enable_input_require_grads"):
                # with a frozen base, checkpointed layers need inputs with gradients to pass them on to the adapters
                network.enable_input_require_grads()
            return
    raise RayscError(f"train.recompute: {type(network).__name__} cannot recompute activations; take it out")
