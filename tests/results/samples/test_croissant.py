"""Croissant metadata, read and validated by the stock library."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pytest
import rdflib

from raysc.results.samples.export import FileFormat, export_generation
from tests.results.samples.test_card import DESCRIPTION

RAI = rdflib.Namespace("http://mlcommons.org/croissant/RAI/")
GREY = np.arange(3 * 64, dtype=np.uint8).reshape(3, 1, 8, 8)
POINTS = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])


def exported(
    folder: Path, rows: np.ndarray, file_format: FileFormat, texts: Sequence[str] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Export rows, and return the data set as the stock library reads it, with its JSON."""
    export_generation(rows, folder / "set", file_format, DESCRIPTION, texts)
    file = folder / "set" / "croissant.json"
    dataset = mlcroissant.Dataset(str(file))  # raises ValidationError
    assert not dataset.metadata.ctx.issues.errors
    return dataset, json.loads(file.read_text(encoding="utf-8"))


def test_points_are_read_back_with_their_lineage(tmp_path: Path) -> None:
    dataset, metadata = exported(tmp_path, POINTS, "huggingface")
    records = list(dataset.records("rows"))
    assert [record["rows/row"] for record in records] == POINTS.tolist()
    assert {record["rows/lineage"].decode() for record in records} == {DESCRIPTION.lineage}
    (file,) = metadata["distribution"]
    assert file["sha256"] == sha256((tmp_path / "set/data/train.parquet").read_bytes()).hexdigest()


def test_images_are_read_back(tmp_path: Path) -> None:
    dataset, _ = exported(tmp_path, GREY, "huggingface")
    images = [np.asarray(record["rows/image"]) for record in dataset.records("rows")]
    np.testing.assert_array_equal(images, GREY[:, 0])


def test_a_folder_of_pngs_is_read_back_by_file_name(tmp_path: Path) -> None:
    dataset, _ = exported(tmp_path, GREY, "png")
    records = list(dataset.records("images"))
    assert [record["images/file_name"] for record in records] == [b"000000.png", b"000001.png", b"000002.png"]
    np.testing.assert_array_equal(np.asarray(records[2]["images/image"])[..., 0], GREY[2, 0])
    assert [record["metadata/index"] for record in dataset.records("metadata")] == [0, 1, 2]


def test_texts_are_read_back(tmp_path: Path) -> None:
    dataset, _ = exported(tmp_path, np.zeros((2, 4), np.int64), "huggingface", ["a b", "c"])
    assert [record["rows/text"] for record in dataset.records("rows")] == [b"a b", b"c"]


def test_the_rows_are_declared_synthetic_with_their_provenance(tmp_path: Path) -> None:
    _, metadata = exported(tmp_path, POINTS, "huggingface")
    assert metadata["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    graph = rdflib.Graph().parse(data=json.dumps(metadata), format="json-ld", base="urn:raysc:export")
    (dataset,) = graph.subjects(rdflib.RDF.type, rdflib.SDO.Dataset)
    assert graph.value(dataset, RAI.hasSyntheticData) == rdflib.Literal(True)
    assert list(graph.objects(dataset, rdflib.PROV.wasDerivedFrom)) == [rdflib.URIRef("urn:raysc:data:ab")]
    (activity,) = graph.objects(dataset, rdflib.PROV.wasGeneratedBy)
    assert graph.value(activity, rdflib.RDF.type) == rdflib.PROV.Activity
    label = str(graph.value(activity, rdflib.URIRef("http://www.w3.org/ns/prov#label")))
    assert all(part in label for part in ("seed 1", "lambda 0.5", "regime mix", "sampler heun, steps 18"))


@pytest.mark.parametrize("file_format", ["huggingface", "png"])
def test_equal_rows_have_equal_metadata(tmp_path: Path, file_format: FileFormat) -> None:
    first, second = (exported(tmp_path / name, GREY, file_format)[1] for name in "ab")
    assert first == second
