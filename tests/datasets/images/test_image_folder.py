import pickle
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.images import image_folder
from raysc.datasets.images.image_folder import ImageFolder
from raysc.errors import InputError
from raysc.planning.resolved import metric_key
from raysc.settings import Component
from tests.encoded_images import deep_png, expected_rows, png, row_set


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


def test_a_folder_may_train_on_all_of_its_images(tmp_path: Path, images: np.ndarray) -> None:
    write_images(tmp_path, images)
    data = ImageFolder(str(tmp_path), test_rows=3, train_on_all=True)
    assert data.count == len(images)
    assert {row.tobytes() for row in data.test()} <= {row.tobytes() for row in data.train([0])[0]}
    assert data.fingerprint() != ImageFolder(str(tmp_path), test_rows=3).fingerprint()


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
    with pytest.raises(InputError, match=r"damaged\.zip, faces/03\.png cannot be read as a member of a zip archive: "):
        _ = ImageFolder(str(tmp_path / "damaged.zip")).count
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(InputError, match=r"none\.zip: no images"):
        _ = ImageFolder(str(tmp_path / "none.zip")).count


def test_a_missing_path_is_refused_with_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder and no zip archive at the path .*put "):
        ImageFolder(str(tmp_path / "missing"))


def write_zip(archive: Path, members: list[tuple[str, bytes]]) -> ImageFolder:
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # about two members of one name
        for name, data in members:
            file.writestr(name, data)
    return ImageFolder(str(archive))


def test_hidden_files_are_no_images_in_folders_and_archives(tmp_path: Path, images: np.ndarray) -> None:
    write_images(tmp_path / "all", images)
    write_images(tmp_path / "all" / ".ipynb_checkpoints", images)
    (tmp_path / "all" / "._00.png").write_bytes(b"Mac OS X")
    members = [(str(file.relative_to(tmp_path)), file.read_bytes()) for file in sorted(tmp_path.rglob("*.png"))]
    for data in (ImageFolder(str(tmp_path / "all")), write_zip(tmp_path / "all.zip", members)):
        train, test = data.images()
        assert len(train) + len(test) == 20
        assert not row_set(train) & row_set(test)


def test_a_name_that_occurs_twice_in_an_archive_is_one_image(tmp_path: Path, images: np.ndarray) -> None:
    members = [(f"{number:02d}.png", png(pixels)) for number, pixels in enumerate(images)]
    data = write_zip(tmp_path / "all.zip", [("00.png", png(images[0][::-1])), ("empty.png/", b""), *members])
    assert row_set(data.train([0])[0]) | row_set(data.test()) == expected_rows(images)
    assert data.count == 18


def test_archives_hold_images_of_eight_bits(tmp_path: Path) -> None:
    for colour_type in (0, 2, 4, 6):
        data = write_zip(tmp_path / f"{colour_type}.zip", [("faces/1.png", deep_png(colour_type))])
        with pytest.raises(InputError, match=r"zip, faces/1\.png has more than 8 bits a channel"):
            data.images()


def test_members_are_unpacked_up_to_their_stated_and_the_largest_size(
    tmp_path: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_zip(tmp_path / "bomb.zip", [("a.png", png(images[0])), ("b.png", bytes(10**7))])
    monkeypatch.setattr(image_folder, "MAX_FILE_BYTES", 10**6)
    with pytest.raises(InputError, match=r"zip, b\.png has 10,000,000 bytes unpacked; at most 1,000,000 are read"):
        data.images()
    content = (tmp_path / "bomb.zip").read_bytes().replace((10**7).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    (tmp_path / "liar.zip").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"liar\.zip, b\.png cannot be read as a member of a zip archive: Bad CRC"):
        ImageFolder(str(tmp_path / "liar.zip")).images()
    assert tracemalloc.get_traced_memory()[1] < 5 * 10**6
    tracemalloc.stop()


def test_a_cut_archive_is_refused(tmp_path: Path, images: np.ndarray) -> None:
    write_zip(tmp_path / "all.zip", [("a.png", png(images[0]))])
    (tmp_path / "all.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:-30])
    with pytest.raises(InputError, match=r"all\.zip \(the file is no zip archive, or it is cut\)"):
        ImageFolder(str(tmp_path / "all.zip"))


def test_a_changed_folder_is_read_again_and_refused_by_a_planned_trial(tmp_path: Path, images: np.ndarray) -> None:
    write_images(tmp_path / "all", images)
    data = ImageFolder(str(tmp_path / "all"))
    fingerprint, pickled = data.fingerprint(), pickle.dumps(data)
    assert pickle.loads(pickled).count == 18
    np.testing.assert_array_equal(pickle.loads(pickled).test(), data.test())
    (tmp_path / "all" / "05.png").write_bytes(png(images[5][::-1]))
    assert ImageFolder(str(tmp_path / "all")).fingerprint() != fingerprint
    with pytest.raises(InputError, match="image_folder: its files changed after the sweep was planned"):
        pickle.loads(pickled).test()
