import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysc.datasets.images.cifar10 import Cifar10
from raysc.datasets.images.hf_images import HfImages
from raysc.datasets.images.image_files import split_images
from raysc.datasets.images.image_folder import ImageFolder
from raysc.errors import InputError
from tests.encoded_images import png


@pytest.mark.parametrize(("test_rows", "count"), [(None, 2), (5, 5)])
def test_held_out_images_are_a_fixed_choice(test_rows: int | None, count: int) -> None:
    rows = np.arange(20)
    split = split_images(rows, test_rows)
    train, test = split.train, split.test
    assert len(test) == count
    assert sorted([*train, *test]) == rows.tolist()
    np.testing.assert_array_equal(test, split_images(rows, 9).test[:count])


def test_all_images_may_be_training_rows_of_which_the_last_are_the_test_rows() -> None:
    rows = np.arange(20)
    split = split_images(rows, 5, train_on_all=True)
    assert sorted(split.train) == rows.tolist()
    np.testing.assert_array_equal(split.train[-5:], split.test)
    np.testing.assert_array_equal(split.test, split_images(rows, 5).test)


def test_some_images_must_be_left_to_train_on() -> None:
    with pytest.raises(InputError, match="test_rows: 20 of 20 images leave none to train on"):
        split_images(np.arange(20), 20)


def test_copies_of_held_out_images_are_no_training_rows(images: np.ndarray) -> None:
    copied = np.concatenate([images, images[:10]])
    split = split_images(copied, 5)
    held_out = {row.tobytes() for row in split.test}
    assert not held_out & {row.tobytes() for row in split.train}
    assert held_out | {row.tobytes() for row in split.train} == {row.tobytes() for row in images}
    copies = sum(row.tobytes() in held_out for row in copied) - 5
    assert (copies, len(split.train)) == (4, 21)
    with pytest.raises(InputError, match="each of the 9 training images is a copy of a held-out image"):
        split_images(np.stack([images[0]] * 10), 1)


def test_a_relative_path_stays_the_same_in_another_working_directory(
    cifar_files: tuple[Path, Any], images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = cifar_files
    (folder / "faces").mkdir()
    for number, pixels in enumerate(images):
        (folder / "faces" / f"{number:02d}.png").write_bytes(png(pixels))
    pq.write_table(pa.table({"image": [png(pixels) for pixels in images]}), folder / "all.parquet")
    monkeypatch.chdir(folder)
    pickled = [
        pickle.dumps(data) for data in (Cifar10("."), ImageFolder("faces", rows=5), HfImages("all.parquet", rows=5))
    ]
    (folder / "trial").mkdir()
    monkeypatch.chdir(folder / "trial")
    assert [pickle.loads(data).train([3]).shape[1] for data in pickled] == [50, 5, 5]
