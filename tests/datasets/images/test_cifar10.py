import shutil
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.datasets.dataset import SupportsLabels
from raysc.datasets.images import cifar10
from raysc.datasets.images.cifar10 import Cifar10
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas


def test_rows_are_those_of_torchvisions_files(cifar_files: tuple[Path, Any]) -> None:
    folder, contents = cifar_files
    data = Cifar10(str(folder))
    assert isinstance(data, SupportsLabels)
    assert data.train([0]).shape == (1, 50, 3, 32, 32)
    np.testing.assert_array_equal(data.train([0])[0, 10].ravel(), contents["data_batch_2"]["data"][0])
    np.testing.assert_array_equal(data.test()[3].ravel(), contents["test_batch"]["data"][3])
    assert data.labelled_test().labels.tolist() == list(range(10))
    assert data.fingerprint() != ""
    assert Cifar10(str(folder), rows=7).train([0, 1]).shape == (2, 7, 3, 32, 32)


def test_without_files_and_network_the_message_states_what_belongs_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(InputError, match=r"cannot be downloaded.*put cifar-10-python\.tar\.gz .*or set data\.path"):
        _ = Cifar10(str(tmp_path)).count


def test_trials_that_start_together_download_once(
    tmp_path: Path, cifar_files: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import CIFAR10, utils

    folder, _ = cifar_files
    with tarfile.open(tmp_path / CIFAR10.filename, "w:gz") as archive:
        archive.add(folder / CIFAR10.base_folder, CIFAR10.base_folder)
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/unused")
    monkeypatch.setattr(CIFAR10, "tgz_md5", None)
    monkeypatch.setattr(utils, "_get_redirect_url", lambda url, max_hops: url)
    downloads: list[str] = []

    def download(url: str, file: str, *_: object) -> None:
        downloads.append(url)
        time.sleep(0.3)
        shutil.copyfile(tmp_path / CIFAR10.filename, file)

    monkeypatch.setattr(utils, "_urlretrieve", download)
    with ThreadPoolExecutor(4) as trials:
        counts = list(trials.map(lambda _: len(cifar10._load(str(tmp_path / "new"))[0].rows), range(4)))
    assert counts == [50] * 4
    assert len(downloads) == 1
