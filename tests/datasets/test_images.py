"""Images from files in the very formats they come in: made here, small."""

import io
import pickle  # torchvision's files are pickles, and a test makes some
import shutil
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc import registry
from raysc.datasets import cifar10, image_rows
from raysc.datasets.cifar10 import Cifar10
from raysc.datasets.dataset import LabelledDataSet
from raysc.datasets.hf_images import HfImages
from raysc.datasets.image_folder import ImageFolder
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.planning.resolved import _identity
from raysc.settings import Component


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAYSC_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (20, 6, 4, 3), np.uint8)


def png(pixels):
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def as_set(rows):
    return {row.tobytes() for row in rows}


def expected(images):
    return as_set(images.transpose(0, 3, 1, 2))


def test_a_folder_and_a_zip_of_the_same_images_give_the_same_rows(tmp_path, images):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, pixels in enumerate(images):
            file = tmp_path / "all" / f"{number // 10}" / f"img{number:08d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(pixels))
            archive.write(file, file.relative_to(tmp_path / "all"))
        archive.writestr("dataset.json", "{}")
    folder, zipped = (
        ImageFolder(str(tmp_path / "all"), test_rows=4),
        ImageFolder(str(tmp_path / "all.zip"), test_rows=4),
    )
    for data in (folder, zipped):
        assert (data.count, data.event) == (16, (3, 6, 4))
        assert data.train([0]).shape == (1, 16, 3, 6, 4)
        assert data.train([0]).dtype == np.uint8
        assert as_set(data.train([0])[0]) | as_set(data.test()) == expected(images)
        assert not as_set(data.train([0])[0]) & as_set(data.test())
    np.testing.assert_array_equal(folder.train([0]), zipped.train([0]))
    assert folder.fingerprint() == zipped.fingerprint() != ""
    grey = ImageFolder(str(tmp_path / "all"), grey=True)
    assert (grey.event, len(grey.test())) == ((1, 6, 4), 2)
    own = ImageFolder(str(tmp_path / "all"), rows=5, test_rows=4).train([3, 4])
    assert own.shape == (2, 5, 3, 6, 4)
    assert as_set(own[0]) != as_set(own[1])
    assert as_set(own[0]) | as_set(own[1]) <= as_set(folder.train([0])[0])
    with pytest.raises(InputError, match="image_folder has 16 training rows: rows must be 1 to 16, not 17"):
        _ = ImageFolder(str(tmp_path / "all"), rows=17, test_rows=4).count


def test_images_are_decoded_once_and_again_when_a_file_changes(tmp_path, images, monkeypatch):
    for number, pixels in enumerate(images):
        (tmp_path / f"{number:02d}.png").write_bytes(png(pixels))
    calls = []
    decode = image_rows._decode
    monkeypatch.setattr(image_rows, "_decode", lambda *given: calls.append(1) or decode(*given))
    from raysc.datasets import image_folder

    def load():
        image_folder._load.cache_clear()  # what a new process begins with
        return ImageFolder(str(tmp_path)).fingerprint()

    first = load()
    assert load() == first
    assert len(calls) == 1
    (tmp_path / "03.png").write_bytes(png(images[3][::-1]))
    assert load() != first
    assert len(calls) == 2


def test_where_the_files_lie_is_in_no_key(tmp_path, images):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        for number, pixels in enumerate(images):
            (tmp_path / place / f"{number:02d}.png").write_bytes(png(pixels))

    def told(place, **parameters):
        component = Component(name="image_folder", parameters={"path": str(tmp_path / place), **parameters})
        return _identity("data", component, registry.build("data", component))

    assert told("here") == told("there")
    assert told("here", rows=5) != told("there")


def test_images_of_two_sizes_and_files_that_are_no_images_are_refused(tmp_path, images):
    (tmp_path / "a.png").write_bytes(png(images[0]))
    (tmp_path / "b.png").write_bytes(png(images[1][:3]))
    with pytest.raises(InputError, match=r"b\.png is 4x3 pixels, the images before it 4x6; give all of them one size"):
        _ = ImageFolder(str(tmp_path)).count
    (tmp_path / "b.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"b\.png cannot be decoded as an image"):
        _ = ImageFolder(str(tmp_path)).count


def jpeg(pixels, mode="RGB", **told):
    sink = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(sink, "JPEG", quality=95, **told)
    return sink.getvalue()


def test_all_kinds_of_eight_bits_are_red_green_and_blue(images):
    smooth = images[0] // 64 + 100
    turned = Image.Exif()
    turned[0x0112] = 6  # "turn me by a quarter"
    sink = io.BytesIO()
    Image.fromarray(smooth).quantize(256).save(sink, "PNG")
    kinds = [png(smooth), jpeg(smooth, "CMYK"), jpeg(smooth, exif=turned), sink.getvalue()]
    rows = image_rows._decode([(str(number), data) for number, data in enumerate(kinds)], grey=False)
    assert rows.shape == (4, 3, 6, 4)
    np.testing.assert_allclose(rows, np.broadcast_to(smooth.transpose(2, 0, 1), rows.shape), atol=8)


@pytest.mark.parametrize(("kind", "form"), [(np.uint16, "PNG"), (np.float32, "TIFF")])
@pytest.mark.parametrize("grey", [True, False])
def test_more_than_eight_bits_are_refused_and_not_cut_off(kind, form, grey):
    sink = io.BytesIO()
    Image.fromarray((np.arange(24).reshape(6, 4) * 2000).astype(kind)).save(sink, form)
    with pytest.raises(InputError, match="deep has more than 8 bits a channel; convert it to 8 bits"):
        image_rows._decode([("deep", sink.getvalue())], grey)


def test_whatever_byte_of_an_image_is_wrong_it_is_one_clear_error(images):
    whole = png(images[0])
    for place in range(len(whole)):
        spoilt = whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]
        with suppress(InputError):  # a few bytes do not matter; no other error comes through
            image_rows._decode([("spoilt", spoilt)], grey=False)


def test_what_macos_adds_to_archives_is_no_image_and_damaged_ones_are_told_of(tmp_path, images):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, pixels in enumerate(images):
            archive.writestr(f"faces/{number:02d}.png", png(pixels))
            archive.writestr(f"__MACOSX/faces/._{number:02d}.png", b"Mac OS X")
    assert ImageFolder(str(tmp_path / "all.zip"), test_rows=4).count == 16
    damaged = (tmp_path / "all.zip").read_bytes().replace(png(images[3])[-60:], bytes(60))
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged\.zip, faces/03\.png cannot be unpacked"):
        _ = ImageFolder(str(tmp_path / "damaged.zip")).count
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(InputError, match=r"none\.zip: no images here"):
        _ = ImageFolder(str(tmp_path / "none.zip")).count


def parquet(file, images, metadata=True):
    features = {"info": {"features": {"image": {"_type": "Image"}, "label": {"dtype": "int64", "_type": "Value"}}}}
    structs = [{"bytes": png(pixels), "path": None} for pixels in images]
    table = pa.table({"image": structs, "label": list(range(len(images)))})
    import json

    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), file)


def test_hugging_face_parquet(tmp_path, images):
    parquet(tmp_path / "train-00000-of-00002.parquet", images[:12])
    parquet(tmp_path / "train-00001-of-00002.parquet", images[12:])
    data = HfImages(str(tmp_path), test_rows=5)
    assert (data.count, data.event) == (15, (3, 6, 4))
    assert as_set(data.train([0])[0]) | as_set(data.test()) == expected(images)
    assert HfImages(str(tmp_path / "train-00000-of-00002.parquet")).count == 11
    with pytest.raises(InputError, match="no column 'picture' with images; set column to one of image"):
        _ = HfImages(str(tmp_path), column="picture").count


def test_parquet_files_that_are_cut_off_or_have_other_columns_are_named(tmp_path, images):
    parquet(tmp_path / "a.parquet", images)
    data = (tmp_path / "a.parquet").read_bytes()
    pq.write_table(pa.table({"img": [{"bytes": png(images[0]), "path": None}]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet has no column 'image', as the files before it have"):
        _ = HfImages(str(tmp_path)).count
    (tmp_path / "b.parquet").write_bytes(data[: len(data) // 2])
    for place in (tmp_path, tmp_path / "b.parquet"):
        with pytest.raises(InputError, match=r"b\.parquet cannot be read as Parquet"):
            _ = HfImages(str(place)).count


def test_it_reads_what_the_datasets_library_writes(tmp_path, images):
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict({"img": [Image.fromarray(pixels) for pixels in images]})
    made.to_parquet(str(tmp_path / "images.parquet"))
    data = HfImages(str(tmp_path / "images.parquet"), test_rows=2)
    assert as_set(data.train([0])[0]) | as_set(data.test()) == expected(images)


def test_a_path_is_the_same_place_for_trials_that_run_in_other_folders(cifar_files, images, monkeypatch):
    folder, _ = cifar_files
    (folder / "faces").mkdir()
    for number, pixels in enumerate(images):
        (folder / "faces" / f"{number:02d}.png").write_bytes(png(pixels))
    parquet(folder / "all.parquet", images)
    monkeypatch.chdir(folder)
    sets = [Cifar10("."), ImageFolder("faces", rows=5), HfImages("all.parquet", rows=5)]
    sent = [pickle.dumps(data) for data in sets]
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert [pickle.loads(data).train([3]).shape[1] for data in sent] == [50, 5, 5]


@pytest.mark.parametrize(
    ("cls", "message"), [(ImageFolder, "no folder and no zip archive"), (HfImages, "no Parquet file")]
)
def test_a_message_says_what_to_put_where(cls, message, tmp_path):
    with pytest.raises(InputError, match=rf"there is {message} at the path .*put "):
        cls(str(tmp_path / "missing"))


@pytest.fixture
def cifar_files(tmp_path, monkeypatch):
    """Files as torchvision unpacks them, with ten images a batch; their checksums are theirs."""
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    folder = tmp_path / "data" / CIFAR10.base_folder
    folder.mkdir(parents=True)
    draws = np.random.default_rng(0)
    made = {}
    for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]:
        made[name] = {"data": draws.integers(0, 256, (10, 3072), np.uint8), "labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(made[name]))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(number) for number in range(10)]}))
    for listed in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, listed, [(name, None) for name, _ in getattr(CIFAR10, listed)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": None})
    return tmp_path / "data", made


def test_cifar10_is_what_torchvision_reads(cifar_files):
    folder, made = cifar_files
    data = Cifar10(str(folder))
    assert isinstance(data, LabelledDataSet)
    assert data.train([0]).shape == (1, 50, 3, 32, 32)
    np.testing.assert_array_equal(data.train([0])[0, 10].ravel(), made["data_batch_2"]["data"][0])
    np.testing.assert_array_equal(data.test()[3].ravel(), made["test_batch"]["data"][3])
    assert data.labelled_test().labels.tolist() == list(range(10))
    assert data.fingerprint() != ""
    assert Cifar10(str(folder), rows=7).train([0, 1]).shape == (2, 7, 3, 32, 32)


def test_cifar10_without_files_and_network_says_what_to_put_where(tmp_path, monkeypatch):
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(InputError, match=r"cannot be downloaded.*put cifar-10-python\.tar\.gz .*or set data\.path"):
        _ = Cifar10(str(tmp_path)).count


def test_cifar10_is_downloaded_once_by_trials_that_begin_together(tmp_path, cifar_files, monkeypatch):
    from torchvision.datasets import CIFAR10, utils

    folder, _ = cifar_files
    with tarfile.open(tmp_path / CIFAR10.filename, "w:gz") as archive:
        archive.add(folder / CIFAR10.base_folder, CIFAR10.base_folder)
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/unused")
    monkeypatch.setattr(CIFAR10, "tgz_md5", None)
    monkeypatch.setattr(utils, "_get_redirect_url", lambda url, max_hops: url)
    fetched = []

    def fetch(url, file, *_):
        fetched.append(url)
        time.sleep(0.3)
        shutil.copyfile(tmp_path / CIFAR10.filename, file)

    monkeypatch.setattr(utils, "_urlretrieve", fetch)
    with ThreadPoolExecutor(4) as trials:
        counts = list(trials.map(lambda _: len(cifar10._load(str(tmp_path / "new"))[0].rows), range(4)))
    assert counts == [50] * 4
    assert len(fetched) == 1
