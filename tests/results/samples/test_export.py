import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc.errors import InputError
from raysc.results.samples.export import export_rows

ABOUT = {"cell": 3, "regime": "mix", "lambda": 0.5, "initial.rows": None, "seed": 1, "generation": 2}
GREY = np.arange(3 * 64, dtype=np.uint8).reshape(3, 1, 8, 8)
COLOUR = np.arange(2 * 3 * 16, dtype=np.uint8).reshape(2, 3, 4, 4)


@pytest.mark.parametrize("rows", [GREY, COLOUR])
def test_images_become_a_hugging_face_data_set_without_losing_a_bit(rows, tmp_path):
    import io

    export_rows(rows, tmp_path / "set", "huggingface", ABOUT)
    table = pq.read_table(tmp_path / "set/data/train.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {"image": {"_type": "Image"}}
    images = [np.asarray(Image.open(io.BytesIO(entry["bytes"]))) for entry in table["image"].to_pylist()]
    back = np.stack([image[None] if image.ndim == 2 else image.transpose(2, 0, 1) for image in images])
    np.testing.assert_array_equal(back, rows)


def test_images_become_a_folder_of_pngs_in_order(tmp_path):
    export_rows(GREY, tmp_path / "folder", "png", ABOUT)
    files = sorted((tmp_path / "folder").glob("*.png"))
    assert len(files) == 3
    np.testing.assert_array_equal(np.asarray(Image.open(files[2])), GREY[2, 0])


def test_points_keep_their_type(tmp_path):
    rows = np.array([[0.1, 0.2], [0.3, 0.4]])
    export_rows(rows, tmp_path / "set", "huggingface", ABOUT)
    column = pq.read_table(tmp_path / "set/data/train.parquet")["row"]
    assert str(column.type.value_type) == "double"
    assert column.to_pylist() == rows.tolist()


def test_points_are_no_pngs_and_nothing_is_overwritten(tmp_path):
    with pytest.raises(InputError, match="points"):
        export_rows(np.zeros((2, 2)), tmp_path / "new", "png", ABOUT)
    with pytest.raises(InputError, match="exists"):
        export_rows(GREY, tmp_path, "png", ABOUT)
    assert list(tmp_path.iterdir()) == []


def loaded(monkeypatch, tmp_path, **options):
    """What the datasets library itself makes of an export."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets.load_dataset(**options, split="train", cache_dir=str(tmp_path / "cache"))


def test_the_datasets_library_reads_images_with_their_lineage(tmp_path, monkeypatch):
    export_rows(COLOUR, tmp_path / "set", "huggingface", ABOUT)
    files = str(tmp_path / "set/data/train.parquet")
    found = loaded(monkeypatch, tmp_path, path="parquet", data_files=files)
    assert type(found.features["image"]).__name__ == "Image"
    back = np.stack([np.asarray(image).transpose(2, 0, 1) for image in found["image"]])
    np.testing.assert_array_equal(back, COLOUR)
    assert {name: found[0][name] for name in ABOUT} == ABOUT
    assert list(found["index"]) == [0, 1]


def test_the_datasets_library_reads_points_with_their_lineage(tmp_path, monkeypatch):
    rows = np.array([[0.1, 0.2], [0.3, 0.4]])
    export_rows(rows, tmp_path / "set", "huggingface", ABOUT)
    files = str(tmp_path / "set/data/train.parquet")
    found = loaded(monkeypatch, tmp_path, path="parquet", data_files=files)
    assert list(found["row"]) == rows.tolist()
    assert list(found["seed"]) == [1, 1]


def test_the_datasets_library_reads_a_folder_of_pngs_with_their_lineage(tmp_path, monkeypatch):
    export_rows(GREY, tmp_path / "folder", "png", ABOUT)
    found = loaded(monkeypatch, tmp_path, path="imagefolder", data_dir=str(tmp_path / "folder"))
    assert len(found) == 3
    np.testing.assert_array_equal(np.asarray(found[2]["image"]), GREY[2, 0])
    assert found[2]["index"] == 2
    assert found[2]["regime"] == "mix"
