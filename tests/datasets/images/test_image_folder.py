import zipfile
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.images.image_folder import ImageFolder
from raysc.errors import InputError
from raysc.planning.resolved import metric_key
from raysc.settings import Component
from tests.encoded_images import expected_rows, png, row_set


def write_images(folder: Path, images: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    for number, pixels in enumerate(images):
        (folder / f"{number:02d}.png").write_bytes(png(pixels))


def test_a_folder_and_a_zip_archive_of_the_same_images_give_the_same_rows(tmp_path: Path, images: np.ndarray) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, pixels in enumerate(images):
            file = tmp_path / "all" / f"{number // 10}" / f"img{number:08d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(pixels))
            archive.write(file, file.relative_to(tmp_path / "all"))
        archive.writestr("dataset.json", "{}")
    folder, zipped = (ImageFolder(str(tmp_path / name), test_rows=4) for name in ("all", "all.zip"))
    for data in (folder, zipped):
        assert (data.count, data.event) == (16, (3, 6, 4))
        assert data.train([0]).shape == (1, 16, 3, 6, 4)
        assert data.train([0]).dtype == np.uint8
        assert row_set(data.train([0])[0]) | row_set(data.test()) == expected_rows(images)
        assert not row_set(data.train([0])[0]) & row_set(data.test())
    np.testing.assert_array_equal(folder.train([0]), zipped.train([0]))
    assert folder.fingerprint() == zipped.fingerprint() != ""


def test_grey_images_have_one_channel(tmp_path: Path, images: np.ndarray) -> None:
    write_images(tmp_path / "all", images)
    grey = ImageFolder(str(tmp_path / "all"), grey=True)
    assert (grey.event, len(grey.test())) == ((1, 6, 4), 2)


def test_each_seed_has_a_subset_of_the_training_images(tmp_path: Path, images: np.ndarray) -> None:
    write_images(tmp_path / "all", images)
    path = str(tmp_path / "all")
    rows = ImageFolder(path, rows=5, test_rows=4).train([3, 4])
    assert rows.shape == (2, 5, 3, 6, 4)
    assert row_set(rows[0]) != row_set(rows[1])
    assert row_set(rows[0]) | row_set(rows[1]) <= row_set(ImageFolder(path, test_rows=4).train([0])[0])
    with pytest.raises(InputError, match="image_folder has 16 training rows: rows must be 1 to 16, not 17"):
        _ = ImageFolder(path, rows=17, test_rows=4).count


def test_the_path_is_in_no_key(tmp_path: Path, images: np.ndarray) -> None:
    for name in ("a", "b"):
        write_images(tmp_path / name, images)

    def key(name: str, **parameters: int) -> str:
        component = Component(name="image_folder", parameters={"path": str(tmp_path / name), **parameters})
        return metric_key(Component(name="exact_duplicates"), component, registry.build("data", component))

    assert key("a") == key("b")
    assert key("a", rows=5) != key("b")


def test_metadata_files_of_macos_are_no_images(tmp_path: Path, images: np.ndarray) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, pixels in enumerate(images):
            archive.writestr(f"faces/{number:02d}.png", png(pixels))
            archive.writestr(f"__MACOSX/faces/._{number:02d}.png", b"Mac OS X")
    assert ImageFolder(str(tmp_path / "all.zip"), test_rows=4).count == 16


def test_damaged_members_and_archives_without_images_are_named(tmp_path: Path, images: np.ndarray) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, pixels in enumerate(images):
            archive.writestr(f"faces/{number:02d}.png", png(pixels))
    damaged = (tmp_path / "all.zip").read_bytes().replace(png(images[3])[-60:], bytes(60))
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged\.zip, faces/03\.png cannot be unpacked"):
        _ = ImageFolder(str(tmp_path / "damaged.zip")).count
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(InputError, match=r"none\.zip: no images"):
        _ = ImageFolder(str(tmp_path / "none.zip")).count


def test_a_missing_path_is_refused_with_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder and no zip archive at the path .*put "):
        ImageFolder(str(tmp_path / "missing"))
