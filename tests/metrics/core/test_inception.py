"""Inception features through clean-fid, with a small network in Inception's place: its weights are not at hand here."""

import socket
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import pytest
import torch
from PIL import Image

from raysc.datasets.digits import Digits
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.metrics.core import inception
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.features import extractor_key
from raysc.metrics.core.inception import Inception, load, weights_file
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.distances.kid import Kid
from raysc.metrics.neighbours.nn_train_share import NnTrainShare
from raysc.metrics.neighbours.precision import Precision

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


class Layers(torch.nn.Module):
    """2048 features, and before them a step that tells 0..255 from -1..1."""

    def __init__(self):
        super().__init__()
        self.filters = torch.nn.Conv2d(3, 2048, 13, stride=71)

    def forward(self, images):
        return torch.tanh(self.filters(images)).mean(dim=(2, 3), keepdim=True)


class Whole(torch.nn.Module):
    """In the form of Inception's own file: ``layers`` take images that are resized and brought to -1..1."""

    def __init__(self):
        super().__init__()
        self.layers = Layers()

    def forward(self, images, return_features: bool = False):
        return self.layers(images)


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A file in the place of Inception's: where it is downloaded from, and with its hash."""
    declare_missing_schemas()
    import cleanfid.downloads_helper

    file = tmp_path / "theirs.pt"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.jit.script(Whole().eval()).save(str(file))
    monkeypatch.setattr(cleanfid.downloads_helper, "inception_url", file.as_uri())
    monkeypatch.setattr(inception, "SHA256", sha256(file.read_bytes()).hexdigest())
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "weights"))
    return file


def test_what_is_loaded_gives_the_features_of_clean_fid_with_the_same_file(tmp_path, theirs):
    from cleanfid import fid
    from cleanfid.inception_torchscript import InceptionV3W

    images = colours(0, 6)
    clean = fid.get_folder_features(
        written(tmp_path / "images", images),
        InceptionV3W(str(weights_file().parent), download=False),
        num_workers=0,
        device=CPU,
        verbose=False,
    )
    extractor = load(tmp_path / "weights" / inception.FILE)
    np.testing.assert_allclose(extractor.features(images), clean, atol=1e-5)
    # An image that needs no resizing, so that what the network is given can be written down.
    large = np.random.default_rng(0).integers(0, 256, (1, 3, 299, 299), np.uint8)
    given = (torch.from_numpy(large).float() - 128) / 128
    expected = torch.jit.load(str(theirs)).layers(given).flatten(1).detach()
    np.testing.assert_allclose(extractor.features(large), expected, atol=1e-5)


def test_weights_are_downloaded_once_and_whole(tmp_path, theirs, monkeypatch):
    fetched, fetch = [], inception.urllib.request.urlopen
    monkeypatch.setattr(inception.urllib.request, "urlopen", lambda *given, **named: fetched.append(1) or fetch(*given))
    with ThreadPoolExecutor(4) as ranks:
        found = set(ranks.map(lambda _: weights_file(), range(4)))
    assert found == {tmp_path / "weights" / inception.FILE}
    assert len(fetched) == 1, "whoever comes second waits for the first"
    (place,) = found
    assert place.read_bytes() == theirs.read_bytes()
    assert not list(place.parent.glob("*.part"))


def test_a_machine_that_lacks_the_weights_gets_them_when_a_rank_loads_them(tmp_path, theirs):
    assert load(tmp_path / "elsewhere" / inception.FILE).features(colours(0, 1)).shape == (1, 2048)


def test_a_download_that_was_cut_off_is_never_trusted(tmp_path, theirs):
    theirs.write_bytes(theirs.read_bytes()[:-400])
    with pytest.raises(InputError, match="was cut off, or is another file"):
        weights_file()
    assert [file.suffix for file in (tmp_path / "weights").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-400], lambda data: data[:9000] + bytes([data[9000] ^ 1]) + data[9001:]]
)
def test_a_file_that_is_another_one_is_refused(theirs, spoil):
    place = weights_file()
    place.write_bytes(spoil(theirs.read_bytes()))
    with pytest.raises(InputError, match="is not whole, or is not the file that clean-fid takes"):
        weights_file()
    with pytest.raises(InputError, match="is not whole, or is not the file that clean-fid takes"):
        load(place)


def test_a_file_of_another_name_is_refused(tmp_path, theirs, monkeypatch):
    monkeypatch.setenv("RAYSC_INCEPTION", str(theirs))
    with pytest.raises(InputError, match=r"it must be a folder with inception-2015-12-05\.pt, or that file"):
        weights_file()
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / inception.FILE))
    assert weights_file() == tmp_path / inception.FILE


def test_keys_go_by_the_known_hash_so_that_planning_needs_no_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "nothing"))
    assert extractor_key("inception", Digits()) == "inception-1-f58cb9b6ec323ed63459aa4fb441fe75"


def test_inception_is_for_images():
    check_metrics([FrechetDistance("inception")], Digits(), None, 100)
    with pytest.raises(InputError, match="the data are points, which have no inception"):
        check_metrics([FrechetDistance("inception")], EightGaussians(), None, 100)
