"""FSDP: every rank keeps a part of each parameter, of its gradient and of the optimiser's state, and no more.

This is torch's ``fully_shard``, which Accelerate calls too. It is called directly because Accelerate passes it over on
CPUs, where the tests are run: on two ranks there it gives what unsharded training gives. It was not tried on GPUs.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from raysc.models.networks.architectures import Tensors


def shard(network: nn.Module, world: int, device: torch.device) -> None:
    """Cut a network's parameters over all ranks, in place: each layer is put together only while it is computed.

    Layers are what the network's outermost module lists hold; what lies beside them is one more group.
    """
    mesh = init_device_mesh(device.type, (world,))
    for layer in _layers(network):
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)


def _layers(module: nn.Module) -> Iterable[nn.Module]:
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from _layers(child)


def whole(tensors: Tensors) -> Tensors:
    """The whole tensors of parts; all ranks must ask for them. Others are as they are."""
    return {name: value.full_tensor() if isinstance(value, DTensor) else value for name, value in tensors.items()}


def like(value: Tensor, parameter: Tensor) -> Tensor:
    """This rank's part of a whole tensor, cut and laid out as a parameter is; a copy. All ranks hold the same one."""
    if value.shape != parameter.shape:
        return value.clone()
    if not isinstance(parameter, DTensor):
        return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
    return distribute_tensor(value, parameter.device_mesh, parameter.placements, src_data_rank=None)
