"""Fully sharded data parallelism (FSDP): each rank holds a shard of parameters, gradients and optimiser state.

The module calls torch's ``fully_shard``, as Accelerate does. It calls it directly because Accelerate skips sharding on
CPUs, where the tests run: on two CPU ranks, sharded and unsharded training agree. It is untested on GPUs.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from raysc.models.networks.network import Tensors


def shard_network(network: nn.Module, world_size: int, device: torch.device) -> None:
    """Shard a network's parameters over all ranks, in place; a layer is gathered only while it is computed.

    The layers are the members of the outermost module lists; all other parameters form one more group.
    """
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
    return {name: value.full_tensor() if isinstance(value, DTensor) else value for name, value in tensors.items()}


def distribute_like(value: Tensor, parameter: Tensor) -> Tensor:
    """Copy a full tensor, which all ranks hold, into the memory layout of a parameter: of a shard, this rank's shard.

    A tensor of another shape, such as AdamW's step count, is cloned.
    """
    if value.shape != parameter.shape:
        return value.clone()
    if not isinstance(parameter, DTensor):
        return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
    return distribute_tensor(value, parameter.device_mesh, parameter.placements, src_data_rank=None)
