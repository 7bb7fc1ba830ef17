"""Inception features through clean-fid, with small networks in the place of Inception: its weights need a download."""

import socket
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from raysc.datasets.images.digits import Digits
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.metrics.core import inception
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.features import extractor_key
from raysc.metrics.core.inception import Inception, fetch_weights, load_inception
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Metric
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.distances.kid import Kid
from raysc.metrics.neighbours.nn_train_share import NnTrainShare
from raysc.metrics.neighbours.precision import Precision

CPU = torch.device("cpu")


class Small(torch.nn.Module):
    """Sixteen features of an image of 299x299 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = torch.nn.Conv2d(3, 16, 13, stride=13)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.filters(images / 128 - 1)).mean(dim=(2, 3))


@pytest.fixture(scope="module")
def small() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Small().eval()


def colour_images(seed: int, count: int, shift: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 200, (count, 3, 4, 4)).repeat(8, axis=2).repeat(8, axis=3)
    images: np.ndarray = (smooth + rng.integers(0, 40, (count, 3, 32, 32)) + shift).astype(np.uint8)
    return images


def write_images(folder: Path, rows: np.ndarray) -> str:
    folder.mkdir()
    for number, row in enumerate(rows):
        Image.fromarray(row.transpose(1, 2, 0)).save(folder / f"{number:05d}.png")
    return str(folder)


def test_fid_is_that_of_clean_fid_on_folders_of_the_same_images(tmp_path: Path, small: torch.nn.Module) -> None:
    declare_missing_schemas()
    from cleanfid import fid

    generated, real = colour_images(0, 80, shift=10), colour_images(1, 90)
    reference = fid.compute_fid(
        write_images(tmp_path / "generated", generated),
        write_images(tmp_path / "real", real),
        custom_feat_extractor=small,
        mode="clean",
        num_workers=0,
        device=CPU,
        verbose=False,
        use_dataparallel=False,
    )
    metric = FrechetDistance(features="inception")
    rows = RealSets("images", real[None], real, {"inception": Inception(small, CPU)})
    values = measure([metric], generated[None], rows)
    assert reference > 1e-4
    assert values["frechet_distance[inception]"][0] == pytest.approx(reference, rel=1e-3)
    assert values["frechet_distance[inception]_train"][0] == pytest.approx(reference, rel=1e-3)


def test_all_metrics_of_features_take_them(small: torch.nn.Module) -> None:
    rows = RealSets("images", colour_images(0, 30)[None], colour_images(1, 30), {"inception": Inception(small, CPU)})
    metrics: list[Metric] = [Kid("inception"), Precision("inception"), NnTrainShare("inception")]
    values = measure(metrics, colour_images(2, 30)[None], rows)
    assert list(values) == [column.name for metric in metrics for column in metric.columns]
    assert all("[inception]" in name and np.isfinite(value).all() for name, value in values.items())


def test_grey_images_are_three_equal_channels_and_rows_keep_their_axes(small: torch.nn.Module) -> None:
    grey = colour_images(0, 6)[:, :1]
    extractor = Inception(small, CPU)
    features = extractor.features(grey.reshape(2, 3, 1, 32, 32))
    assert features.shape == (2, 3, 16)
    np.testing.assert_array_equal(features.reshape(6, 16), extractor.features(grey.repeat(3, axis=1)))


def test_missing_weights_that_cannot_be_downloaded_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_missing_schemas()
    import cleanfid.downloads_helper

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(cleanfid.downloads_helper, "inception_url", f"http://127.0.0.1:{port}/weights.pt")
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "weights"))
    with pytest.raises(InputError, match=r"cannot be downloaded .*put inception.*\.pt .* or set RAYSC_"):
        fetch_weights()


class Layers(torch.nn.Module):
    """2048 features that differ between inputs in 0..255 and in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = torch.nn.Conv2d(3, 2048, 13, stride=71)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.filters(images)).mean(dim=(2, 3), keepdim=True)


class Weights(torch.nn.Module):
    """A network in the format of Inception's file: ``layers`` take images that are resized and scaled to -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Layers()

    def forward(self, images: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        features: torch.Tensor = self.layers(images)
        return features


@pytest.fixture
def weights_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the place of Inception's weights, at their URL and with their hash."""
    declare_missing_schemas()
    import cleanfid.downloads_helper

    file = tmp_path / "source.pt"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.jit.script(Weights().eval()).save(str(file))
    monkeypatch.setattr(cleanfid.downloads_helper, "inception_url", file.as_uri())
    monkeypatch.setattr(inception, "SHA256", sha256(file.read_bytes()).hexdigest())
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "weights"))
    return file


def test_features_are_those_of_clean_fid_with_the_same_weights(tmp_path: Path, weights_source: Path) -> None:
    from cleanfid import fid
    from cleanfid.inception_torchscript import InceptionV3W

    images = colour_images(0, 6)
    clean = fid.get_folder_features(
        write_images(tmp_path / "images", images),
        InceptionV3W(str(fetch_weights().parent), download=False),
        num_workers=0,
        device=CPU,
        verbose=False,
    )
    extractor = load_inception(tmp_path / "weights" / inception.FILE)
    np.testing.assert_allclose(extractor.features(images), clean, atol=1e-5)
    # An image that needs no resizing, so that the input of the network is known.
    large = np.random.default_rng(0).integers(0, 256, (1, 3, 299, 299), np.uint8)
    scaled = (torch.from_numpy(large).float() - 128) / 128
    expected = torch.jit.load(str(weights_source)).layers(scaled).flatten(1).detach()
    np.testing.assert_allclose(extractor.features(large), expected, atol=1e-5)


def test_weights_are_downloaded_once_and_whole(
    tmp_path: Path, weights_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads: list[str] = []
    urlopen = urllib.request.urlopen

    def counted(url: str, **options: Any) -> Any:
        downloads.append(url)
        return urlopen(url)

    monkeypatch.setattr(urllib.request, "urlopen", counted)
    with ThreadPoolExecutor(4) as ranks:
        paths = set(ranks.map(lambda _: fetch_weights(), range(4)))
    assert paths == {tmp_path / "weights" / inception.FILE}
    assert len(downloads) == 1, "the other ranks wait"
    (path,) = paths
    assert path.read_bytes() == weights_source.read_bytes()
    assert not list(path.parent.glob("*.part"))


def test_a_machine_without_the_weights_downloads_them_when_a_rank_loads_them(
    tmp_path: Path, weights_source: Path
) -> None:
    assert load_inception(tmp_path / "elsewhere" / inception.FILE).features(colour_images(0, 1)).shape == (1, 2048)


def test_a_truncated_download_is_refused_and_removed(tmp_path: Path, weights_source: Path) -> None:
    weights_source.write_bytes(weights_source.read_bytes()[:-400])
    with pytest.raises(InputError, match="was cut off, or is another file"):
        fetch_weights()
    assert [file.suffix for file in (tmp_path / "weights").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-400], lambda data: data[:9000] + bytes([data[9000] ^ 1]) + data[9001:]]
)
def test_a_damaged_file_is_refused(weights_source: Path, damage: Callable[[bytes], bytes]) -> None:
    path = fetch_weights()
    path.write_bytes(damage(weights_source.read_bytes()))
    with pytest.raises(InputError, match="is damaged, or is not the file of clean-fid"):
        fetch_weights()
    with pytest.raises(InputError, match="is damaged, or is not the file of clean-fid"):
        load_inception(path)


def test_a_file_of_another_name_is_refused(
    tmp_path: Path, weights_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_INCEPTION", str(weights_source))
    with pytest.raises(InputError, match=r"it must be a folder with inception-2015-12-05\.pt, or that file"):
        fetch_weights()
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / inception.FILE))
    assert fetch_weights() == tmp_path / inception.FILE


def test_the_key_is_the_known_hash_so_that_planning_needs_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "nothing"))
    assert extractor_key("inception", Digits()) == "inception-1-f58cb9b6ec323ed63459aa4fb441fe75"


def test_inception_is_for_images() -> None:
    check_metrics([FrechetDistance("inception")], Digits(), None, 100)
    with pytest.raises(InputError, match="the data are points, which have no inception"):
        check_metrics([FrechetDistance("inception")], EightGaussians(), None, 100)
