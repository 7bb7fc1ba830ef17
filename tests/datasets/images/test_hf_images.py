import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc.datasets.images.hf_images import HfImages
from raysc.errors import InputError
from tests.encoded_images import deep_png, expected_rows, png, row_set


def write_parquet(file: Path, images: np.ndarray) -> None:
    features = {"info": {"features": {"image": {"_type": "Image"}, "label": {"dtype": "int64", "_type": "Value"}}}}
    structs = [{"bytes": png(pixels), "path": None} for pixels in images]
    table = pa.table({"image": structs, "label": list(range(len(images)))})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), file)


def test_all_parquet_files_of_a_folder_are_read(tmp_path: Path, images: np.ndarray) -> None:
    write_parquet(tmp_path / "train-00000-of-00002.parquet", images[:12])
    write_parquet(tmp_path / "train-00001-of-00002.parquet", images[12:])
    data = HfImages(str(tmp_path), test_rows=5)
    assert (data.count, data.event) == (15, (3, 6, 4))
    assert row_set(data.train([0])[0]) | row_set(data.test()) == expected_rows(images)
    assert HfImages(str(tmp_path / "train-00000-of-00002.parquet")).count == 11


def test_the_column_must_hold_images_and_be_unambiguous(tmp_path: Path, images: np.ndarray) -> None:
    write_parquet(tmp_path / "one.parquet", images)
    with pytest.raises(InputError, match="no column 'picture' with images; set column to one of image"):
        _ = HfImages(str(tmp_path / "one.parquet"), column="picture").count
    data = [png(pixels) for pixels in images]
    pq.write_table(pa.table({"a": data, "b": data}), tmp_path / "two.parquet")
    with pytest.raises(InputError, match="several columns with images; set column to one of a, b"):
        _ = HfImages(str(tmp_path / "two.parquet")).count
    pq.write_table(pa.table({"label": [1, 2]}), tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no column with images; set column to one of none"):
        _ = HfImages(str(tmp_path / "none.parquet")).count


def test_truncated_files_and_files_with_other_columns_are_named(tmp_path: Path, images: np.ndarray) -> None:
    write_parquet(tmp_path / "a.parquet", images)
    data = (tmp_path / "a.parquet").read_bytes()
    pq.write_table(pa.table({"img": [{"bytes": png(images[0]), "path": None}]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet has no column 'image', as the files before it have"):
        _ = HfImages(str(tmp_path)).count
    (tmp_path / "b.parquet").write_bytes(data[: len(data) // 2])
    for path in (tmp_path, tmp_path / "b.parquet"):
        with pytest.raises(InputError, match=r"b\.parquet cannot be read as Parquet"):
            _ = HfImages(str(path)).count


def test_files_of_the_datasets_library_are_read(tmp_path: Path, images: np.ndarray) -> None:
    datasets = pytest.importorskip("datasets")
    written = datasets.Dataset.from_dict({"img": [Image.fromarray(pixels) for pixels in images]})
    written.to_parquet(str(tmp_path / "images.parquet"))
    data = HfImages(str(tmp_path / "images.parquet"), test_rows=2)
    assert row_set(data.train([0])[0]) | row_set(data.test()) == expected_rows(images)


def test_a_missing_path_is_refused_with_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no Parquet file at the path .*put "):
        HfImages(str(tmp_path / "missing"))


def test_hidden_files_hold_no_images(tmp_path: Path, images: np.ndarray) -> None:
    write_parquet(tmp_path / "a.parquet", images)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write_parquet(tmp_path / ".ipynb_checkpoints" / "a-checkpoint.parquet", images)
    (tmp_path / "._a.parquet").write_bytes(b"\0\5\x16\7")
    train, test = HfImages(str(tmp_path)).images()
    assert (len(train), len(test)) == (18, 2)
    assert not row_set(train) & row_set(test)


def test_damaged_and_encrypted_files_are_named(tmp_path: Path, images: np.ndarray) -> None:
    write_parquet(tmp_path / "a.parquet", images)
    data = (tmp_path / "a.parquet").read_bytes()
    half = len(data) // 2
    for damaged in (data[:4] + bytes(half - 4) + data[half:], data[:-4] + b"PARE", data[:-20] + data[-8:], b""):
        (tmp_path / "b.parquet").write_bytes(damaged)
        with pytest.raises(InputError, match=r"b\.parquet cannot be read as Parquet: "):
            _ = HfImages(str(tmp_path / "b.parquet")).count


def test_rows_without_an_image_of_eight_bits_are_named(tmp_path: Path, images: np.ndarray) -> None:
    first = png(images[0])
    structs: list[tuple[list[object], str]] = [
        ([first, deep_png(2)], "row 1 has more than 8 bits a channel"),
        ([first, None], "row 1: its image is not in the file"),
        ([{"bytes": first}, {"bytes": None}], "row 1: its image is not in the file"),
        ([first, b""], "row 1 cannot be read as an image"),
    ]
    for column, message in structs:
        pq.write_table(pa.table({"image": column}), tmp_path / "a.parquet")
        with pytest.raises(InputError, match=f"a.parquet, {message}"):
            HfImages(str(tmp_path / "a.parquet")).images()
    for value in ({"bytes": "text"}, "text", 1, [first]):
        pq.write_table(pa.table({"image": [value]}), tmp_path / "a.parquet")
        with pytest.raises(InputError, match="no column with images"):
            HfImages(str(tmp_path / "a.parquet")).images()
    pq.write_table(pa.table({"image": [first] * 2}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"image": [1]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: column 'image' holds int64, no images"):
        HfImages(str(tmp_path)).images()
