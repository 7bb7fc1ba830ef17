"""Checks of the settings under ``train`` against a family's network and rows."""

from raysc.errors import InputError
from raysc.models.networks.network import IMAGE_NETWORKS
from raysc.models.neural.state import are_points
from raysc.settings import Train

KINDS = " or ".join([", ".join(IMAGE_NETWORKS[:-1]), IMAGE_NETWORKS[-1]])
"""The kinds of networks of images, for messages."""
PACK_SETTINGS = {
    "batch", "lr", "weight_decay", "schedule", "warmup", "clip", "ramp", "ema", "optimizer_state", "start_weights",
}  # fmt: skip
"""The settings that training in packs supports."""


def check_train(train: Train, event: tuple[int, ...], network: str) -> None:
    """Refuse settings that a family does not support for rows of a shape.

    Args:
        train: the settings.
        event: shape of a row.
        network: the family's kind of network.

    Raises:
        InputError: a setting is not supported.
    """
    if network != "causal_lm" and are_points(event):
        _check_pack(train)
    if train.ramp is not None and train.warmup:
        raise InputError("train.ramp: the learning rate rises by warmup or by ramp; take one of them out")
    if train.shard and train.precision == "fp16":
        raise InputError("train.shard: fp16 cannot be sharded; use bf16 or fp32")
    if train.weights == "bf16" and network != "causal_lm":
        raise InputError("train.weights: bf16 weights go with language models")
    if train.weights == "bf16" and train.precision != "bf16":
        raise InputError(f"train.weights: bf16 weights go with precision: bf16, not {train.precision}")
    if train.flips and len(event) != 3:
        raise InputError("train.flips: only images can be mirrored")
    _check_network(train, network)


def _check_pack(train: Train) -> None:
    """Refuse settings that training in packs does not support."""
    for name in unpacked_settings(train):
        raise InputError(
            f"train.{name}: networks of points train in plain float32 and take {', '.join(sorted(PACK_SETTINGS))}, "
            f"not {name}"
        )


def unpacked_settings(train: Train) -> list[str]:
    """Return the names of the settings with values that training in packs does not support."""
    fields = Train.model_fields.items()
    return [name for name, field in fields if name not in PACK_SETTINGS and getattr(train, name) != field.default]


def _check_network(train: Train, network: str) -> None:
    """Refuse settings that a kind of network does not support."""
    if train.dropout and network not in IMAGE_NETWORKS:
        raise InputError(f"train.dropout: goes with network: {KINDS}")
    if train.augmentation and network not in IMAGE_NETWORKS:
        raise InputError(f"train.augmentation: goes with network: {KINDS}, which read augmentation labels")
    if train.compile == "off" and network not in IMAGE_NETWORKS:
        raise InputError(f"train.compile: goes with network: {KINDS}; no other network is compiled")
    if train.recompute and network in ("mlp", "vae"):
        raise InputError(f"train.recompute: goes with network: {KINDS}; perceptrons have few activations to save")
