import pickle  # torchvision's files are pickles
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.libraries.torchvision_compat import declare_missing_schemas

CifarFiles = tuple[Path, dict[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYSC_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def images() -> np.ndarray:
    """20 random images, uint8 (20, 6, 4, 3)."""
    return np.random.default_rng(0).integers(0, 256, (20, 6, 4, 3), np.uint8)


@pytest.fixture
def cifar_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CifarFiles:
    """Folder with CIFAR-10's files, ten images a batch and without checksums, and their contents by name."""
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "data" / CIFAR10.base_folder
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    contents = {}
    for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]:
        contents[name] = {"data": rng.integers(0, 256, (10, 3072), np.uint8), "labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(contents[name]))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(number) for number in range(10)]}))
    for attribute in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, attribute, [(name, None) for name, _ in getattr(CIFAR10, attribute)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": None})
    return tmp_path / "data", contents
