"""Inputs from a store that a checksum protects: manifests, models, rows, records, metric files and sweep records."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from raysc.execution import records
from raysc.pool.rows import Rows
from raysc.store import metric_files
from raysc.store.objects import Objects
from raysc.store.parquet_rows import StoredBlock
from raysc.store.publishing import Manifest
from raysc.store.retention import MODEL
from raysc.store.spans import published_spans
from raysc.store.sweep_record import read_sweep_records, retention_by_key, write_sweep_record
from tests.fuzzing.byte_mutations import mutate_protected
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.storage import MemoryStorage, open_copy

STORE = Path(__file__).parent.parent / "store/fixtures/1"
MANIFEST_WORDS = (b'"format": 2', b'"format": 0', b'"files": {}', b'"checksum": ""', b'"attempt": "../x"', b"\xff\xfe")

LINEAGES = ("2546230e93f45d08bbf92ddabbf8fef2", "1eced495a1445a173e4cd8c3162741e6")


def manifests(folder: Path) -> Kind:
    """Manifests of spans."""
    objects, memory = open_copy(STORE)
    names = [name for name in memory.objects if name.startswith("spans/")]
    samples = [sample_of(memory, name, partial(_read_manifest, objects, name)) for name in names]
    return Kind("manifests", samples, True, mutate_protected, MANIFEST_WORDS)


def _read_manifest(objects: Objects, name: str) -> object:
    manifest = Manifest.read(objects, name)
    return manifest.prefix, dict(manifest.files), json.dumps(manifest.record, sort_keys=True)


def model_files(folder: Path) -> Kind:
    """Files of models and training states."""
    objects, memory = open_copy(STORE)
    samples = [
        sample_of(memory, manifest.object_name(file), partial(_read_model, manifest, folder))
        for manifest in published_manifests(objects)
        if all(manifest.has_file(file) for file in manifest.files)  # retention has dropped some training states
        for file in manifest.files
        if file.startswith(f"{MODEL}/")
    ]
    return Kind("model_files", samples, True, mutate_protected)


def _read_model(manifest: Manifest, folder: Path) -> object:
    """Copy a model to a local folder, as before training."""
    with TemporaryDirectory(dir=folder) as copy:
        manifest.get_folder(MODEL, Path(copy))
        return {file.name: file.read_bytes() for file in Path(copy).iterdir()}


def row_files(folder: Path) -> Kind:
    """Parquet files of rows."""
    objects, memory = open_copy(STORE)
    samples = [
        sample_of(memory, block.name, partial(_read_rows, rows))
        for manifest in published_manifests(objects)
        if (rows := records.stored_rows(manifest, manifest.record["first"])) is not None
        for block in rows.blocks
        if isinstance(block, StoredBlock)
    ]
    return Kind("row_files", samples, True, mutate_protected)


def _read_rows(rows: Rows) -> object:
    values = [block.load() for block in rows.blocks]
    return [(array.shape, array.dtype, array.tobytes()) for array in values]


def span_records(folder: Path) -> Kind:
    """Records of generations."""
    objects, memory = open_copy(STORE)
    samples = [
        sample_of(memory, manifest.object_name(records.RECORDS), partial(_read_records, manifest))
        for manifest in published_manifests(objects)
        if records.RECORDS in manifest.files
    ]
    return Kind("span_records", samples, True, mutate_protected)


def _read_records(manifest: Manifest) -> object:
    return _exact(records.get(manifest))


def metric_tables(folder: Path) -> Kind:
    """Metric files."""
    objects, memory = open_copy(STORE)
    names = [name for name in memory.objects if name.startswith("metrics/")]
    samples = [sample_of(memory, name, partial(_read_metric, objects, name)) for name in names]
    return Kind("metric_tables", samples, True, mutate_protected)


def _read_metric(objects: Objects, name: str) -> object:
    return _exact(metric_files.read(objects, name))


def sweep_records(folder: Path) -> Kind:
    """Sweep records."""
    objects, memory = open_copy(None)
    for name, sweep in {
        "plain": {"name": "plain", "data": {"name": "gaussian", "dim": 2}, "model": "gaussian", "metrics": []},
        "kept": {"name": "kept", "data": "digits", "model": "ddpm", "keep": {"models": "last", "rows": "needed"}},
    }.items():
        write_sweep_record(
            objects, name, sweep, ["2546230e93f45d08bbf92ddabbf8fef2", "1eced495a1445a173e4cd8c3162741e6"]
        )
    samples = [sample_of(memory, name, partial(_read_sweep_records, objects)) for name in memory.objects]
    return Kind("sweep_records", samples, True, mutate_protected, (b'"models": "all"', b'"keys": []', b'"keep": null'))


def _read_sweep_records(objects: Objects) -> object:
    return list(read_sweep_records(objects)), retention_by_key(objects)


def sample_of(memory: MemoryStorage, name: str, read: Callable[[], object]) -> Sample:
    """Return the sample of an object; inputs stand in its place while they are read."""
    original = memory.objects[name]

    def read_changed(data: bytes) -> object:
        memory.objects[name] = data
        try:
            return read()
        finally:
            memory.objects[name] = original

    return Sample(original, read_changed)


def published_manifests(objects: Objects) -> Iterator[Manifest]:
    """Yield the manifests of all spans of a store."""
    for packs in published_spans(objects).values():
        for spans in packs.values():
            yield from (span.read_manifest(objects) for span in spans)


def _exact(frame: pd.DataFrame) -> object:
    """Return a table as values that are equal only if all bits are."""
    return {str(name): (str(column.dtype), column.to_numpy().tobytes()) for name, column in frame.items()}
