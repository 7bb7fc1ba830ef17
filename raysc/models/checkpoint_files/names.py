"""Classes and functions that the pickles of known layouts name, with inert stand-ins."""

import struct
from collections.abc import Callable
from typing import Any

import torch

from raysc.models.checkpoint_files.inert import Name, Record, RefusedError, StoredTensor, stored_tensor
from raysc.models.checkpoint_files.pickle_machine import Budget, plain_key, shown

STORAGES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}  # fmt: skip
"""torch's classes of storages and the types of their values."""
DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
NUMPY_FORMATS = {"f8": "<d", "f4": "<f", "i8": "<q", "i4": "<i", "b1": "<?", "u1": "<B"}
"""Codes of numpy's types and of ``struct``'s."""


def _tensor(budget: Budget, *arguments: Any) -> StoredTensor:
    return stored_tensor(*arguments[:6])


def _parameter(budget: Budget, data: Any, requires_grad: Any, hooks: Any) -> StoredTensor:
    if not isinstance(data, StoredTensor):
        raise RefusedError("a parameter is no tensor")
    return data


def _dict(budget: Budget, items: Any = ()) -> dict[Any, Any]:
    return {plain_key(key): value for key, value in budget.copy(_list(items))}


def _set(budget: Budget, values: Any = ()) -> set[Any]:
    return {plain_key(value) for value in budget.copy(_list(values))}


def _size(budget: Budget, values: Any) -> tuple[Any, ...]:
    return tuple(budget.copy(_list(values)))


def _list(values: Any) -> Any:
    if not isinstance(values, list | tuple):
        raise RefusedError("a container is filled with something that is no list")
    return values


def _encode(budget: Budget, text: Any, encoding: Any) -> bytes:
    """Bytes as old pickle protocols write them."""
    if not isinstance(text, str) or encoding != "latin1":
        raise RefusedError("its pickle encodes something that is no text")
    return bytes(budget.copy(text), "latin1")


def _numpy_dtype(budget: Budget, code: Any, align: Any = False, copy: Any = True) -> Record:
    if not isinstance(code, str) or code not in NUMPY_FORMATS:
        raise RefusedError(f"it has numbers of numpy's type {shown(code)}")
    return Record(f"numpy.{code}")


def _numpy_scalar(budget: Budget, dtype: Any, data: Any) -> int | float | bool:
    if not isinstance(dtype, Record) or not isinstance(data, bytes):
        raise RefusedError("a number of numpy's has no type")
    code, state = dtype.kind.removeprefix("numpy."), dtype.state.get("state", (3, "<"))
    if code not in NUMPY_FORMATS or state[1] not in ("<", "|") or len(data) != struct.calcsize(NUMPY_FORMATS[code]):
        raise RefusedError("a number of numpy's has another size than its type")
    value: int | float | bool = struct.unpack(NUMPY_FORMATS[code], data)[0]
    return value


def _persistent_object(budget: Budget, meta: Any) -> Record:
    """Object of a class of torch_utils.persistence; the source code beside it is not looked at."""
    if not isinstance(meta, dict) or not isinstance(meta.get("class_name"), str) or meta.get("type") != "class":
        raise RefusedError("a persistent object has no class")
    if not isinstance(meta.get("state"), dict):
        raise RefusedError(f"the persistent object {shown(meta['class_name'])} has no state")
    return Record(meta["class_name"], meta["state"])


def _device(budget: Budget, kind: Any, index: Any = None) -> str:
    if not isinstance(kind, str):
        raise RefusedError("a device has no name")
    return kind


def _module_dict(budget: Budget) -> Record:
    return Record("ModuleDict")


Call = Callable[..., Any]
CALLS: dict[tuple[str, str], Call] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): _size,
    ("torch", "device"): _device,
    ("collections", "OrderedDict"): _dict,
    ("builtins", "set"): _set,
    ("__builtin__", "set"): _set,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _numpy_dtype,
    ("numpy.core.multiarray", "scalar"): _numpy_scalar,
    ("numpy._core.multiarray", "scalar"): _numpy_scalar,
}
"""Functions and classes of both kinds of files."""
EDM_CALLS: dict[tuple[str, str], Call] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent_object,
    ("torch.nn.modules.container", "ModuleDict"): _module_dict,
    ("dnnlib.util", "EasyDict"): _dict,
}
"""Those of EDM's pickles."""


def stand_ins(calls: dict[tuple[str, str], Call]) -> dict[tuple[str, str], Name]:
    """Return stand-ins of torch's storages and types, and of functions and classes that can be called."""
    storages = {("torch", name): Name(f"torch.{name}", dtype) for name, dtype in STORAGES.items()}
    dtypes = {("torch", name): Name(f"torch.{name}") for name in DTYPES}
    return storages | dtypes | {key: Name(".".join(key), call=call) for key, call in calls.items()}
