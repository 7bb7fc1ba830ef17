"""Fully sharded data parallelism (FSDP): each rank holds a shard of parameters, gradients and optimiser state.

The module calls torch's ``fully_shard``, as Accelerate does. It calls it directly because Accelerate skips sharding on
CPUs, where the tests run: on two CPU ranks, sharded and unsharded training agree. It is untested on GPUs.

torch's modules for it take most of a second to import, so they are imported where a network is sharded.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import Tensor, nn

from raysc.models.networks.network import Tensors

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor


def shard_network(network: nn.Module, world_size: int, device: torch.device) -> None:
    """Shard a network's parameters over all ranks, in place; a layer is gathered only while it is computed.

    The layers are the members of the outermost module lists; all other parameters form one more group.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (world_size,))
    for layer in _layers(network):
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)


def _layers(module: nn.Module) -> Iterable[nn.Module]:
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from _layers(child)


def full_tensors(tensors: Tensors) -> Tensors:
    """Gather the full tensors of shards; all ranks must call this. Other tensors are returned as they are."""
    return {name: value.full_tensor() if _is_shard(value) else value for name, value in tensors.items()}


def distribute_like(value: Tensor, parameter: Tensor) -> Tensor:
    """Copy a full tensor, which all ranks hold, into the memory layout of a parameter: of a shard, this rank's shard.

    A tensor of another shape, such as AdamW's step count, is cloned.
    """
    if value.shape != parameter.shape:
        return value.clone()
    if not _is_shard(parameter):
        return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, parameter.device_mesh, parameter.placements, src_data_rank=None)


def _is_shard(tensor: Tensor) -> "TypeGuard[DTensor]":
    """Return whether a tensor is a shard; there is none before torch's module of shards is imported."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)
