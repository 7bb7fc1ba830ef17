"""Inception features through clean-fid, with a small network in Inception's place: its weights are not at hand here."""

import socket

import numpy as np
import pytest
import torch
from PIL import Image

from raysc.datasets.digits import Digits
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.metrics import inception
from raysc.metrics.check import check_metrics
from raysc.metrics.features import extractor_key
from raysc.metrics.frechet_distance import FrechetDistance
from raysc.metrics.inception import Inception, load, weights_file
from raysc.metrics.kid import Kid
from raysc.metrics.measure import Real, measure
from raysc.metrics.nn_train_share import NnTrainShare
from raysc.metrics.precision import Precision
from raysc.torchvision_schemas import declare_missing_schemas

CPU = torch.device("cpu")


class Small(torch.nn.Module):
    """Sixteen features of an image of 299x299 pixels, as TorchScript: in the form of Inception's own file."""

    def __init__(self):
        super().__init__()
        self.filters = torch.nn.Conv2d(3, 16, 13, stride=13)

    def forward(self, images):
        return torch.relu(self.filters(images / 128 - 1)).mean(dim=(2, 3))


@pytest.fixture(scope="module")
def small():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Small().eval()


def colours(seed, count, shift=0):
    draws = np.random.default_rng(seed)
    smooth = draws.integers(0, 200, (count, 3, 4, 4)).repeat(8, axis=2).repeat(8, axis=3)
    return (smooth + draws.integers(0, 40, (count, 3, 32, 32)) + shift).astype(np.uint8)


def written(folder, rows):
    folder.mkdir()
    for number, row in enumerate(rows):
        Image.fromarray(row.transpose(1, 2, 0)).save(folder / f"{number:05d}.png")
    return str(folder)


def test_fid_is_that_of_clean_fid_on_folders_of_the_same_images(tmp_path, small):
    declare_missing_schemas()
    from cleanfid import fid

    generated, real = colours(0, 80, shift=10), colours(1, 90)
    theirs = fid.compute_fid(
        written(tmp_path / "generated", generated),
        written(tmp_path / "real", real),
        custom_feat_extractor=small,
        mode="clean",
        num_workers=0,
        device=CPU,
        verbose=False,
        use_dataparallel=False,
    )
    metric = FrechetDistance(features="inception")
    rows = Real("images", real[None], real, {"inception": Inception(small, CPU)})
    ours = measure([metric], generated[None], rows)
    assert theirs > 1e-4
    assert ours["frechet_distance[inception]"][0] == pytest.approx(theirs, rel=1e-3)
    assert ours["frechet_distance[inception]_train"][0] == pytest.approx(theirs, rel=1e-3)


def test_all_metrics_of_features_take_them(small):
    rows = Real("images", colours(0, 30)[None], colours(1, 30), {"inception": Inception(small, CPU)})
    metrics = [Kid("inception"), Precision("inception"), NnTrainShare("inception")]
    found = measure(metrics, colours(2, 30)[None], rows)
    assert list(found) == [column.name for metric in metrics for column in metric.columns]
    assert all("[inception]" in name and np.isfinite(values).all() for name, values in found.items())


def test_grey_images_are_three_equal_channels_and_rows_keep_their_axes(small):
    grey = colours(0, 6)[:, :1]
    extractor = Inception(small, CPU)
    features = extractor.features(grey.reshape(2, 3, 1, 32, 32))
    assert features.shape == (2, 3, 16)
    np.testing.assert_array_equal(features.reshape(6, 16), extractor.features(grey.repeat(3, axis=1)))


def test_weights_that_are_not_there_and_cannot_be_downloaded(tmp_path, monkeypatch):
    declare_missing_schemas()
    import cleanfid.downloads_helper

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(cleanfid.downloads_helper, "inception_url", f"http://127.0.0.1:{port}/weights.pt")
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "weights"))
    with pytest.raises(InputError, match=r"cannot be downloaded .*put inception.*\.pt .* or set RAYSC_"):
        weights_file()


def test_weights_are_downloaded_whole_or_not_at_all(tmp_path, monkeypatch, small):
    declare_missing_schemas()
    import cleanfid.downloads_helper

    torch.jit.script(small).save(str(tmp_path / "theirs.pt"))
    monkeypatch.setattr(cleanfid.downloads_helper, "inception_url", (tmp_path / "theirs.pt").as_uri())
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "weights"))
    found = weights_file()
    assert found == tmp_path / "weights" / inception.FILE
    assert found.read_bytes() == (tmp_path / "theirs.pt").read_bytes()
    assert not list(found.parent.glob("*.part"))
    key = extractor_key("inception", Digits())
    found.write_bytes(found.read_bytes()[:-400])
    with pytest.raises(InputError, match="is not whole"):
        weights_file()
    with pytest.raises(InputError, match="is not whole"):
        load(found)
    torch.jit.script(torch.nn.Sequential(small)).save(str(found))
    assert extractor_key("inception", Digits()) != key


def test_inception_is_for_images():
    check_metrics([FrechetDistance("inception")], Digits(), None, 100)
    with pytest.raises(InputError, match="the data are points, which have no inception"):
        check_metrics([FrechetDistance("inception")], EightGaussians(), None, 100)
