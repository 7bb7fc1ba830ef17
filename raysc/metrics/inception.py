"""The feature extractor "inception": Inception-v3 through clean-fid's own code, on rows in memory.

Weights are the TorchScript file that clean-fid takes. It lies at ``RAYSC_INCEPTION``, else in raysc's cache folder, and
is downloaded there by whoever needs it first.
"""

import fcntl
import os
import shutil
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from raysc.activity import tell
from raysc.datasets.image_rows import cache_folder
from raysc.errors import InputError
from raysc.torchvision_schemas import declare_missing_schemas

BLOCK = 64
"""Rows that are resized and put through the network at once."""
FILE = "inception-2015-12-05.pt"

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
        for first in range(0, len(flat), BLOCK):
            tell("features", "rows", first, len(flat))
            images = flat[first : first + BLOCK].transpose(0, 2, 3, 1)
            images = np.broadcast_to(images, (*images.shape[:3], 3))
            resized = np.stack([resize(image) for image in images]).transpose(0, 3, 1, 2)
            found.append(get_batch_features(torch.from_numpy(np.ascontiguousarray(resized)), self.network, self.device))
        tell("features", "rows", len(flat), len(flat))
        features = np.concatenate(found).astype(np.float64)
        return features.reshape(*rows.shape[:-3], features.shape[1])


def load(weights: Path) -> Inception:
    """The extractor on this process's accelerator, or on the CPU.

    Raises:
        InputError: the file is not on this machine, or is not whole.
    """
    _verify(weights)
    declare_missing_schemas()
    from cleanfid.inception_torchscript import InceptionV3W

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Inception(InceptionV3W(str(weights.parent), download=False).to(device).eval(), device)


def weights_file() -> Path:
    """The weights, downloaded if they are not there: one process downloads, others wait, and a part is never read.

    Raises:
        InputError: they are not there and cannot be downloaded, or are not whole.
    """
    told = os.environ.get("RAYSC_INCEPTION")
    place = Path(told).expanduser() if told else cache_folder()
    place = place if place.name == FILE else place / FILE
    if not place.exists():
        _download(place)
    _verify(place)
    return place


@cache
def weights_hash(weights: Path, size: int, changed: int) -> str:
    """SHA-256 of the file, 32 hexadecimal digits: what keys go by. Size and time tell whether it is still the same."""
    with weights.open("rb") as file:
        digest = sha256()
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()[:32]


def _download(place: Path) -> None:
    from cleanfid.downloads_helper import inception_url

    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.exists():
            return
        part = place.with_suffix(".part")
        try:
            with urllib.request.urlopen(inception_url, timeout=30) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file)
        except OSError as error:
            raise InputError(
                f"Inception features need {place}, which is not there and cannot be downloaded ({error}); put {FILE} "
                f"({inception_url}) there, or set RAYSC_INCEPTION to the folder that has it"
            ) from error
        part.replace(place)


def _verify(weights: Path) -> None:
    """Refuse a file that is missing or not whole: TorchScript files are zip archives, whose end says what is inside."""
    if not weights.exists():
        raise InputError(f"Inception features need {weights} on every machine; copy it there")
    if not zipfile.is_zipfile(weights):
        raise InputError(f"{weights} is not whole, or is no TorchScript file: remove it and let it be downloaded again")
