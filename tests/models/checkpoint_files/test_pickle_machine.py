"""Hostile pickles and archives: each is refused in one sentence, and nothing in it runs."""

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from raysc.models.checkpoint_files import pickle_machine
from raysc.models.checkpoint_files.inert import RefusedError
from raysc.models.checkpoint_files.names import EDM_CALLS
from raysc.models.checkpoint_files.torch_files import read_archive, read_pickle

MARKER = "a_file_was_run"


class Call:
    """Reduces to a call of a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


class Outer:
    class Inner:
        """A class in a class: pickle names it with a dot."""


def pickled(value: Any, protocol: int = 4) -> bytes:
    return pickle.dumps(value, protocol)


def of_name(module: str, name: str) -> bytes:
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"."


def storage() -> bytes:
    """The bytes of a storage of two values in a plain pickle."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch plans to end this kind of storages
        torch.save(torch.tensor([1.0, 2.0]).storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


STORAGE = storage()
LOAD = b"\x80\x04ctorch.storage\n_load_from_bytes\n"


def of_storage(data: bytes) -> bytes:
    return LOAD + b"B" + struct.pack("<I", len(data)) + data + b"\x85R."


def nested(depth: int, empty: bytes, pair: bytes) -> bytes:
    """Containers that hold the one before twice: a text of one has 2^depth characters, a hash takes as long."""
    begin = empty + b"r" + struct.pack("<I", 0) + b"0"
    steps = [
        pair.replace(b"?", b"j" + struct.pack("<I", level - 1)) + b"r" + struct.pack("<I", level) + b"0"
        for level in range(1, depth)
    ]
    return begin + b"".join(steps) + b"j" + struct.pack("<I", depth - 1)


NESTED_LISTS = nested(60, b"]", b"](??e")
NESTED_TUPLES = nested(60, b")", b"??\x86")
HUGE = (10**6000).to_bytes(2500, "little")
EQUAL_HASHES = b"".join(b"\x8a\x0a" + (index * (2**61 - 1)).to_bytes(10, "little") + b"N" for index in range(1, 4))

PICKLES: dict[str, tuple[bytes, str]] = {
    "a call of the system": (pickled(Call(os.system, f"touch {MARKER}")), r"it names '(posix|nt).system'"),
    "a call of eval": (pickled(Call(eval, "1")), "it names 'builtins.eval'"),
    "a call of an old protocol": (pickled(Call(os.system, f"touch {MARKER}"), 0), r"it names '(posix|nt).system'"),
    "a nested class": (pickled(Outer.Inner()), r"it names 'tests.*\.Outer.Inner'"),
    "an attribute of a known module": (of_name("torch", "load"), "it names 'torch.load'"),
    "a path as a name": (b"\x80\x04\x8c\x05torch\x8c\x16_utils._rebuild_tensor\x93.", "it names 'torch._utils"),
    "a class that cannot be called": (b"\x80\x02ctorch\nFloatStorage\n)R.", "its pickle calls 'torch.FloatStorage'"),
    "a call of plain text": (b"\x80\x02X\x01\x00\x00\x00a)R.", "its pickle calls 'str'"),
    "other arguments": (b"\x80\x02ctorch._utils\n_rebuild_parameter\n)R.", "with other arguments than known files"),
    "attributes of a dict": (b"\x80\x02}}X\x01\x00\x00\x00aK\x01sb.", "sets attributes of a value of type dict"),
    "an extension code": (b"\x80\x02\x82\x01.", "the instruction EXT1"),
    "an instance of a class": (b"(ios\nsystem\n.", "the instruction INST"),
    "a persistent id": (b"\x80\x02K\x01Q.", "refers to values outside itself"),
    "a tuple as a key": (pickled({(1, 2): 3}), "a key of type tuple"),
    "keys of equal hashes": (b"\x80\x02}(" + EQUAL_HASHES + b"u.", "its pickle has the key 2305843009213693951"),
    "an integer of 20,000 bits": (b"\x80\x02\x8b" + struct.pack("<i", 2500) + HUGE + b".", "more than 128 bits"),
    "nested lists as a module": (b"\x80\x04" + NESTED_LISTS + b"\x8c\x01a\x93.", "by something that is no text"),
    "nested lists as a device": (b"\x80\x02ctorch\ndevice\n" + NESTED_LISTS + b"\x85R.", "a device has no name"),
    "nested tuples as a type": (b"\x80\x02cnumpy\ndtype\n" + NESTED_TUPLES + b"\x85R.", r"numpy's type '\("),
    "a deep tuple as a type": (b"\x80\x02cnumpy\ndtype\n)" + b"\x85" * 200_000 + b"R.", r"numpy's type '\("),
    "no end": (b"\x80\x02}", "its pickle is damaged|has no end"),
    "no stack": (b"\x80\x02\x86.", "its pickle is damaged"),
    "no pickle": (b"\xff\xfe", "its pickle is damaged"),
    "10 GB of bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 10**10) + b"0.", "its pickle is damaged"),
    "a large place in the memo": (b"\x80\x02Nr\xff\xff\xff\x7fh\x00.", "its pickle is damaged"),
    "a storage of nothing": (of_storage(b""), "its pickle is damaged|has no end"),
    "a storage that is cut": (of_storage(STORAGE[:-4]), "does not have the 2 values that it should have"),
    "a storage that is too long": (of_storage(STORAGE + b"0000"), "does not have the 2 values that it should have"),
    "code in a storage": (of_storage(pickled(Call(os.system, f"touch {MARKER}"))), r"it names '(posix|nt).system'"),
}  # fmt: skip


@pytest.mark.parametrize("name", PICKLES)
def test_a_hostile_pickle_is_refused_by_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, message = PICKLES[name]
    path = tmp_path / "network.pkl"
    path.write_bytes(data)
    with pytest.raises(RefusedError, match=message) as refused:
        read_pickle(path, EDM_CALLS)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / MARKER).exists()


def test_the_work_of_a_pickle_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_machine, "MAX_INSTRUCTIONS", 100)
    monkeypatch.setattr(pickle_machine, "MAX_COPIES", 100)
    path = tmp_path / "network.pkl"
    path.write_bytes(b"\x80\x02" + b"}0" * 100 + b"N.")
    with pytest.raises(RefusedError, match="more than 100 instructions"):
        read_pickle(path, {})
    text = b"X\x40\x00\x00\x00" + b"a" * 64
    call = b"c_codecs\nencode\n" + text + b"X\x06\x00\x00\x00latin1\x86R0"
    path.write_bytes(b"\x80\x02" + call * 2 + b"N.")
    with pytest.raises(RefusedError, match="copies more than 100 values"):
        read_pickle(path, {})


def archive(path: Path, data: bytes, files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as zipped:
        zipped.writestr("archive/data.pkl", data)
        for name, content in files.items():
            zipped.writestr(f"archive/{name.replace('_', '/')}", content)
    return path


def tensor_pickle(kind: str = "FloatStorage", shape: tuple[int, ...] = (2,), stride: tuple[int, ...] = (1,)) -> bytes:
    """The pickle of a tensor in the storage 0, of two values."""
    persistent = (
        b"(X\x07\x00\x00\x00storagectorch\n" + kind.encode() + b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ"
    )
    axes = [pickle.dumps(values, 2)[2:-1].replace(b"q\x00", b"") for values in (shape, stride)]
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + persistent + b"K\x00" + axes[0] + axes[1] + b"\x89NtR."


VALUES = struct.pack("<ff", 1.0, 2.0)
ARCHIVES: dict[str, tuple[bytes, dict[str, bytes], str]] = {
    "an unknown storage": (tensor_pickle("ComplexStorage"), {"data_0": VALUES}, "it names 'torch.ComplexStorage'"),
    "a class in the place of a storage": (tensor_pickle("float32"), {"data_0": VALUES}, "a storage of an unknown kind"),
    "a storage that is not there": (tensor_pickle(), {}, "the storage '0' does not have the 8 bytes"),
    "a storage that is cut": (tensor_pickle(), {"data_0": VALUES[:4]}, "the storage '0' does not have the 8 bytes"),
    "a shape beyond the storage": (tensor_pickle(shape=(3,)), {"data_0": VALUES}, r"shape \(3,\) does not fit into"),
    "10 GB from one value": (tensor_pickle(shape=(2**31,), stride=(0,)), {"data_0": VALUES}, "does not fit into"),
    "a huge axis beside an empty one": (tensor_pickle(shape=(0, 10**30), stride=(1, 1)), {"data_0": VALUES}, "no list"),
    "a negative shape": (tensor_pickle(shape=(-1,)), {"data_0": VALUES}, "shape is no list of numbers"),
    "big-endian numbers": (tensor_pickle(), {"data_0": VALUES, "byteorder": b"big"}, "its numbers are big-endian"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_by_name(name: str, tmp_path: Path) -> None:
    data, files, message = ARCHIVES[name]
    with pytest.raises(RefusedError, match=message):
        read_archive(archive(tmp_path / "weights.pt", data, files))


def test_a_valid_tensor_of_an_archive_is_read(tmp_path: Path) -> None:
    stored = read_archive(archive(tmp_path / "weights.pt", tensor_pickle(), {"data_0": VALUES}))
    assert torch.equal(stored.load(), torch.tensor([1.0, 2.0]))


def test_archives_that_torch_does_not_write_are_refused(tmp_path: Path) -> None:
    zeros = archive(tmp_path / "zeros.pt", tensor_pickle(), {"data_0": bytes(10**6)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(RefusedError, match=r"compressed files, and torch\.save writes none"):
        read_archive(zeros)
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as zipped:
        zipped.writestr("readme", b"")
    with pytest.raises(RefusedError, match=r"it is no archive of torch\.save: it has no data\.pkl"):
        read_archive(tmp_path / "other.pt")
    (tmp_path / "text.pt").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(RefusedError, match=r"it is no archive of torch\.save"):
        read_archive(tmp_path / "text.pt")
    valid = archive(tmp_path / "valid.pt", tensor_pickle(), {"data_0": VALUES}).read_bytes()
    (tmp_path / "cut.pt").write_bytes(valid[200:])
    with pytest.raises(RefusedError, match="its archive is"):
        read_archive(tmp_path / "cut.pt")


def test_a_file_of_10_gb_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "zeros.pkl"
    with path.open("wb") as stream:
        stream.truncate(10**10)  # a sparse file
    for read in (read_archive, lambda path: read_pickle(path, {})):
        with pytest.raises(RefusedError, match="it has 9 GiB, and known checkpoints have at most 2"):
            read(path)
