"""The feature extractor "inception": Inception-v3 through clean-fid's own code, on rows in memory.

Weights are the TorchScript file that clean-fid takes, and no other: its hash is known. On every machine it lies at
``RAYSC_INCEPTION``, else in raysc's cache folder, and is downloaded there by whoever needs it first.
"""

import os
import shutil
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest, sha256
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from raysc.datasets.cache_folder import alone
from raysc.datasets.image_rows import cache_folder
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.progress import tell

BLOCK = 64
"""Rows that are resized and put through the network at once."""
FILE = "inception-2015-12-05.pt"
SHA256 = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
"""Of that file, 95,607,719 bytes."""

Network = Callable[[Tensor], Tensor]
"""From images float32 (batch, 3, 299, 299) in 0..255 to features (batch, dim)."""


@dataclass(frozen=True, eq=False)
class Inception:
    """Features as clean-fid computes them in mode "clean": bicubic resizing to 299x299 without rounding, pool3.

    Attributes:
        network: the network, or another one in its place.
        device: where it runs.
    """

    network: Network
    device: torch.device

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Images uint8 (..., 1 or 3, height, width) -> float64 (..., dim); grey ones as three equal channels."""
        declare_missing_schemas()
        from cleanfid.fid import get_batch_features
        from cleanfid.resize import build_resizer

        resize = build_resizer("clean")
        flat = rows.reshape(-1, *rows.shape[-3:])
        found = []
        # As the classifier's, features in TF32 would depend on the device in their third digit.
        no_tf32 = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        resizing = ThreadPoolExecutor(torch.get_num_threads())  # a GPU waits for it, not the reverse
        with no_tf32, resizing as threads:
            for first in range(0, len(flat), BLOCK):
                tell("features", "rows", first, len(flat))
                images = flat[first : first + BLOCK].transpose(0, 2, 3, 1)
                images = np.broadcast_to(images, (*images.shape[:3], 3))
                resized = torch.from_numpy(np.stack(list(threads.map(resize, images)))).permute(0, 3, 1, 2)
                found.append(get_batch_features(resized, self.network, self.device))
        tell("features", "rows", len(flat), len(flat))
        features = np.concatenate(found).astype(np.float64)
        return features.reshape(*rows.shape[:-3], features.shape[1])


def load(weights: Path) -> Inception:
    """The extractor on this process's accelerator, or on the CPU; a machine that lacks the weights downloads them.

    Raises:
        InputError: the file is not on this machine and cannot be downloaded, or is another one.
    """
    _ensure(weights)
    declare_missing_schemas()
    from cleanfid.inception_torchscript import InceptionV3W

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Inception(InceptionV3W(str(weights.parent), download=False).to(device).eval(), device)


def weights_place() -> Path:
    """Where the weights are looked for, be they there or not; InputError if that can be no such place."""
    told = os.environ.get("RAYSC_INCEPTION")
    place = Path(told).expanduser() if told else cache_folder()
    if place.name == FILE:
        return place
    if place.is_file():
        raise InputError(f"RAYSC_INCEPTION is the file {place}; it must be a folder with {FILE}, or that file")
    return place / FILE


def weights_file() -> Path:
    """The weights, downloaded if they are not there: one process downloads, others wait, and a part is never read.

    Raises:
        InputError: they are not there and cannot be downloaded, or are others.
    """
    place = weights_place()
    _ensure(place)
    return place


def _ensure(weights: Path) -> None:
    if not weights.exists():
        _download(weights)
    if not _whole(weights):
        raise InputError(
            f"{weights} is not whole, or is not the file that clean-fid takes (its SHA-256 is not {SHA256}): remove "
            "it, and it is downloaded again"
        )


def _download(place: Path) -> None:
    from cleanfid.downloads_helper import inception_url

    part = place.with_suffix(".part")
    try:
        with alone(place.with_suffix(".lock")):
            if place.exists():
                return
            with urllib.request.urlopen(inception_url, timeout=30) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file)
            if not _whole(part):
                part.unlink()
                raise OSError(f"what came from {inception_url} was cut off, or is another file")
            part.replace(place)
    except (OSError, HTTPException) as error:
        raise InputError(
            f"Inception features need {place}, which is not there and cannot be downloaded ({error}); put {FILE} "
            f"({inception_url}) there, on every machine, or set RAYSC_INCEPTION to the folder that has it"
        ) from error


def _whole(weights: Path) -> bool:
    status = weights.stat()
    return _hash(weights, status.st_size, status.st_mtime_ns) == SHA256


@cache
def _hash(weights: Path, size: int, changed: int) -> str:
    """SHA-256 of the file; size and time tell whether it is still the same."""
    with weights.open("rb") as file:
        return file_digest(file, sha256).hexdigest()
