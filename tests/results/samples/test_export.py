import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc.errors import InputError
from raysc.results.samples.export import FileFormat, export_generation, export_rows
from tests.results.samples.test_card import DESCRIPTION

PROVENANCE = {"cell": 3, "regime": "mix", "lambda": 0.5, "initial.rows": None, "seed": 1, "generation": 2}
GREY = np.arange(3 * 64, dtype=np.uint8).reshape(3, 1, 8, 8)
COLOUR = np.arange(2 * 3 * 16, dtype=np.uint8).reshape(2, 3, 4, 4)


@pytest.mark.parametrize("rows", [GREY, COLOUR])
def test_images_become_a_hugging_face_data_set_without_loss(rows: np.ndarray, tmp_path: Path) -> None:
    import io

    export_rows(rows, tmp_path / "set", "huggingface", PROVENANCE)
    table = pq.read_table(tmp_path / "set/data/train.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {"image": {"_type": "Image"}}
    images = [np.asarray(Image.open(io.BytesIO(entry["bytes"]))) for entry in table["image"].to_pylist()]
    decoded = np.stack([image[None] if image.ndim == 2 else image.transpose(2, 0, 1) for image in images])
    np.testing.assert_array_equal(decoded, rows)


def test_images_become_a_folder_of_pngs_in_order(tmp_path: Path) -> None:
    export_rows(GREY, tmp_path / "folder", "png", PROVENANCE)
    files = sorted((tmp_path / "folder").glob("*.png"))
    assert len(files) == 3
    np.testing.assert_array_equal(np.asarray(Image.open(files[2])), GREY[2, 0])


def test_points_keep_their_type(tmp_path: Path) -> None:
    rows = np.array([[0.1, 0.2], [0.3, 0.4]])
    export_rows(rows, tmp_path / "set", "huggingface", PROVENANCE)
    column = pq.read_table(tmp_path / "set/data/train.parquet")["row"]
    assert str(column.type.value_type) == "double"
    assert column.to_pylist() == rows.tolist()


def test_points_are_no_pngs_and_no_folder_is_overwritten(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="points"):
        export_rows(np.zeros((2, 2)), tmp_path / "new", "png", PROVENANCE)
    with pytest.raises(InputError, match="exists"):
        export_rows(GREY, tmp_path, "png", PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def load_with_datasets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **options: str) -> Any:
    """Load an export with the datasets library, offline."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets.load_dataset(**options, split="train", cache_dir=str(tmp_path / "cache"))


def test_the_datasets_library_reads_images_with_their_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_rows(COLOUR, tmp_path / "set", "huggingface", PROVENANCE)
    files = str(tmp_path / "set/data/train.parquet")
    dataset = load_with_datasets(monkeypatch, tmp_path, path="parquet", data_files=files)
    assert type(dataset.features["image"]).__name__ == "Image"
    decoded = np.stack([np.asarray(image).transpose(2, 0, 1) for image in dataset["image"]])
    np.testing.assert_array_equal(decoded, COLOUR)
    assert {name: dataset[0][name] for name in PROVENANCE} == PROVENANCE
    assert list(dataset["index"]) == [0, 1]


def test_the_datasets_library_reads_points_with_their_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.array([[0.1, 0.2], [0.3, 0.4]])
    export_rows(rows, tmp_path / "set", "huggingface", PROVENANCE)
    files = str(tmp_path / "set/data/train.parquet")
    dataset = load_with_datasets(monkeypatch, tmp_path, path="parquet", data_files=files)
    assert list(dataset["row"]) == rows.tolist()
    assert list(dataset["seed"]) == [1, 1]


def test_the_datasets_library_reads_a_folder_of_pngs_with_their_lineage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_rows(GREY, tmp_path / "folder", "png", PROVENANCE)
    dataset = load_with_datasets(monkeypatch, tmp_path, path="imagefolder", data_dir=str(tmp_path / "folder"))
    assert len(dataset) == 3
    np.testing.assert_array_equal(np.asarray(dataset[2]["image"]), GREY[2, 0])
    assert dataset[2]["index"] == 2
    assert dataset[2]["regime"] == "mix"


@pytest.mark.parametrize("file_format", ["huggingface", "png"])
def test_the_datasets_library_reads_a_whole_export_by_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: FileFormat
) -> None:
    export_generation(GREY, tmp_path / "set", file_format, DESCRIPTION)
    dataset = load_with_datasets(monkeypatch, tmp_path, path=str(tmp_path / "set"))
    assert len(dataset) == 3
    np.testing.assert_array_equal(np.asarray(dataset[2]["image"]), GREY[2, 0])
    assert dataset[2]["lineage"] == DESCRIPTION.lineage
