"""Values of a checkpoint's pickle beside plain ones: records of objects, and tensors that are not read yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor

MAX_DIMENSIONS, MAX_SIZE = 8, 2**40
"""Axes of a tensor; their sizes and strides."""


class RefusedError(ValueError):
    """A checkpoint file holds something that its layout does not have; the message says what."""


@dataclass(frozen=True)
class Name:
    """A class or function that a pickle names; it stands for itself and is never imported.

    Attributes:
        path: module and name, for messages.
        dtype: the type of its values, if it is a class of storages.
        call: builds the value of a call from the arguments; None: it cannot be called.
    """

    path: str
    dtype: torch.dtype | None = None
    call: Callable[..., Any] | None = field(default=None, compare=False)


@dataclass
class Record:
    """An object of a class, as the class's name and the object's attributes."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Storage:
    """Values of one type in a file. Two are equal if they are the same place of the file.

    Attributes:
        dtype: their type.
        values: their number.
        read: returns their bytes; the same function for the same place.
    """

    dtype: torch.dtype
    values: int
    read: Callable[[], bytes | memoryview]

    @property
    def bytes(self) -> int:
        """Size of the values."""
        return self.values * self.dtype.itemsize

    def load(self) -> Tensor:
        """Read the values, (values,)."""
        data = bytearray(self.read())
        return torch.frombuffer(data, dtype=self.dtype) if data else torch.empty(0, dtype=self.dtype)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as its place in a storage; nothing is read.

    Attributes:
        storage: the values.
        offset: index of the first one.
        shape: of the tensor.
        stride: steps between neighbours along each axis, in values.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Size of its values, at most that of the storage."""
        return prod(self.shape) * self.storage.dtype.itemsize

    def load(self, values: Tensor | None = None) -> Tensor:
        """Return the tensor, float32 and contiguous; ``values`` are those of its storage, if they were read before."""
        flat = self.storage.load() if values is None else values
        return flat.as_strided(self.shape, self.stride, self.offset).to(torch.float32, copy=True).contiguous()


def stored_tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, requires_grad: Any = False, hooks: Any = None
) -> StoredTensor:
    """Place a tensor in its storage: the arguments of torch's ``_rebuild_tensor_v2``.

    Raises:
        RefusedError: the storage does not hold all of it, or it repeats values of the storage.
    """
    if not isinstance(storage, Storage):
        raise RefusedError("a tensor has no storage")
    numbers = (offset, *_axes(shape), *_axes(stride))
    if len(shape) != len(stride) or any(type(number) is not int or not 0 <= number <= MAX_SIZE for number in numbers):
        raise RefusedError("a tensor's shape is no list of numbers")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if prod(shape) > storage.values or (prod(shape) and last >= storage.values):
        raise RefusedError(f"a tensor of the shape {tuple(shape)} does not fit into its storage of {storage.values}")
    return StoredTensor(storage, offset, tuple(shape), tuple(stride))


def _axes(values: Any) -> tuple[Any, ...]:
    if not isinstance(values, tuple | list) or len(values) > MAX_DIMENSIONS:
        raise RefusedError(f"a tensor's shape is no list of at most {MAX_DIMENSIONS} numbers")
    return tuple(values)
