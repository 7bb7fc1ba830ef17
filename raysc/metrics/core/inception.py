"""The feature extractor "inception": Inception-v3 (Heusel et al. 2017) through clean-fid's code, on rows in memory.

The weights are the TorchScript file of clean-fid, verified by its hash. Every machine has them in
``RAYSC_INCEPTION`` or else in raysc's cache folder; the first process that needs them downloads them.
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

from raysc.datasets.local_files import cache_folder, file_lock
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.progress import report

BLOCK = 64
"""Number of rows per batch of resizing and of the network."""
FILE = "inception-2015-12-05.pt"
SHA256 = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
"""Hash of ``FILE``, 95,607,719 bytes."""

Network = Callable[[Tensor], Tensor]
"""Function from images float32 (batch, 3, 299, 299) in 0..255 to features (batch, dim)."""


@dataclass(frozen=True, eq=False)
class Inception:
    """Features as of clean-fid in mode "clean": bicubic resizing to 299x299 without rounding, then pool3.

    Attributes:
        network: the network.
        device: device of the network.
    """

    network: Network
    device: torch.device

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Compute the features of images uint8 (..., 1 or 3, height, width): float64 (..., dim); grey counts as RGB."""
        declare_missing_schemas()
        from cleanfid.fid import get_batch_features
        from cleanfid.resize import build_resizer

        resize = build_resizer("clean")
        flat = rows.reshape(-1, *rows.shape[-3:])
        batches = []
        # As for the classifier, features in TF32 would depend on the device in their third digit.
        no_tf32 = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        resizing = ThreadPoolExecutor(torch.get_num_threads())  # resizing on the CPU is the bottleneck, not the network
        with no_tf32, resizing as threads:
            for first in range(0, len(flat), BLOCK):
                report("features", "rows", first, len(flat))
                images = flat[first : first + BLOCK].transpose(0, 2, 3, 1)
                images = np.broadcast_to(images, (*images.shape[:3], 3))
                resized = torch.from_numpy(np.stack(list(threads.map(resize, images)))).permute(0, 3, 1, 2)
                batches.append(get_batch_features(resized, self.network, self.device))
        report("features", "rows", len(flat), len(flat))
        features = np.concatenate(batches).astype(np.float64)
        return features.reshape(*rows.shape[:-3], features.shape[1])


def load_inception(weights: Path) -> Inception:
    """Load the extractor onto this process's accelerator, or the CPU; download the weights if they are missing.

    Raises:
        InputError: the file is missing and cannot be downloaded, or its hash is wrong.
    """
    _ensure(weights)
    declare_missing_schemas()
    from cleanfid.inception_torchscript import InceptionV3W

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Inception(InceptionV3W(str(weights.parent), download=False).to(device).eval(), device)


def weights_path() -> Path:
    """Return the path of the weights, which may not exist yet.

    Raises:
        InputError: ``RAYSC_INCEPTION`` is a file of another name.
    """
    setting = os.environ.get("RAYSC_INCEPTION")
    path = Path(setting).expanduser() if setting else cache_folder()
    if path.name == FILE:
        return path
    if path.is_file():
        raise InputError(f"RAYSC_INCEPTION is the file {path}; it must be a folder with {FILE}, or that file")
    return path / FILE


def fetch_weights() -> Path:
    """Return the path of the weights; download them if they are missing.

    One process of a machine downloads, the others wait for it. A partial download is never read.

    Raises:
        InputError: the file is missing and cannot be downloaded, or its hash is wrong.
    """
    path = weights_path()
    _ensure(path)
    return path


def _ensure(weights: Path) -> None:
    if not weights.exists():
        _download(weights)
    if not _intact(weights):
        raise InputError(
            f"{weights} is damaged, or is not the file of clean-fid (its SHA-256 is not {SHA256}); remove it, and it "
            "is downloaded again"
        )


def _download(path: Path) -> None:
    from cleanfid.downloads_helper import inception_url

    part = path.with_suffix(".part")
    try:
        with file_lock(path.with_suffix(".lock")):
            if path.exists():
                return
            with urllib.request.urlopen(inception_url, timeout=30) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file)
            if not _intact(part):
                part.unlink()
                raise OSError(f"the download from {inception_url} was cut off, or is another file")
            part.replace(path)
    except (OSError, HTTPException) as error:
        raise InputError(
            f"Inception features need {path}, which does not exist and cannot be downloaded ({error}); put {FILE} "
            f"({inception_url}) there, on every machine, or set RAYSC_INCEPTION to the folder that has it"
        ) from error


def _intact(weights: Path) -> bool:
    status = weights.stat()
    return _hash(weights, status.st_size, status.st_mtime_ns) == SHA256


@cache
def _hash(weights: Path, size: int, modified_ns: int) -> str:
    """Return the SHA-256 of the file; size and time of modification are the cache's key."""
    with weights.open("rb") as file:
        return file_digest(file, sha256).hexdigest()
