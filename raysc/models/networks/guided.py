"""Network of negative guidance: the extrapolation of one network's output away from another's."""

from typing import Any

from torch import Tensor, nn

from raysc.models.networks.network import Config, Tensors, predict

PARTS = ("base", "auxiliary")
"""Submodules, and keys of the configuration, of the two networks."""


def guided_config(base: Config, auxiliary: Config, weight: float) -> Config:
    """Return the configuration of two networks of one event; see ``Guided``."""
    networks = dict(zip(PARTS, (base, auxiliary), strict=True))
    return {"network": "guided", "event": base["event"], "weight": weight, **networks}


def guided_tensors(base: Tensors, auxiliary: Tensors) -> Tensors:
    """Return the weights of both networks under the names that ``Guided`` has for them."""
    both = zip(PARTS, (base, auxiliary), strict=True)
    return {f"{part}.{name}": tensor for part, tensors in both for name, tensor in tensors.items()}


class Guided(nn.Module):
    """(1 + w) times the output of the base network, less w times that of the auxiliary one."""

    def __init__(self, base: nn.Module, auxiliary: nn.Module, weight: float) -> None:
        super().__init__()
        self.base = base
        self.auxiliary = auxiliary
        self.weight = weight

    def forward(self, *inputs: Any) -> Tensor:
        """Evaluate both networks on the same noisy rows and times."""
        return (1 + self.weight) * predict(self.base, *inputs) - self.weight * predict(self.auxiliary, *inputs)
