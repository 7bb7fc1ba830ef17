"""JSON and NumPy in the place of Parquet, and no table at the end: a schedule then takes a quarter of the time.

Names, digests, checksums and all decisions stay those of raysc: only the bytes of records, metrics and rows differ.
"""

import io
import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from raysc import runner
from raysc.display import Display
from raysc.execution import records
from raysc.planning import retention_rules
from raysc.planning.plan import Plan
from raysc.planning.resolved import resolve
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.runner import Outcome
from raysc.store import metric_files, parquet_rows
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest
from raysc.sweepfile import Sweep, read_sweep_mapping
from raysc.sweepfile.yaml_writer import sweep_yaml


class _Table:
    """Columns with the interface of an Arrow table."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame, preserve_index: bool) -> "_Table":
        """Wrap a frame."""
        return cls(frame)

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame."""
        return self._frame

    def encode(self) -> bytes:
        """Return JSON, in which floating-point numbers are exact."""
        return json.dumps({name: self._frame[name].tolist() for name in self._frame}).encode()

    @classmethod
    def decode(cls, data: bytes) -> "_Table":
        """Read what ``encode`` returned."""
        return cls(pd.DataFrame(json.loads(data)))


def _write_table(table: _Table, sink: io.BytesIO, compression: str) -> None:
    sink.write(table.encode())


def _open_table(data: bytes) -> Any:
    return SimpleNamespace(read=lambda: _Table.decode(data))


def _put_records(attempt: Attempt, frame: pd.DataFrame) -> None:
    attempt.put(records.RECORDS, _Table(frame).encode())


def _get_records(manifest: Manifest) -> pd.DataFrame:
    return _Table.decode(manifest.get(records.RECORDS)).to_pandas()


def _encode_rows(
    rows: np.ndarray, source: Source, seeds: tuple[int, ...], first: int, texts: Texts | None = None
) -> bytes:
    sink = io.BytesIO()
    np.save(sink, rows)
    return sink.getvalue()


def _decode_rows(data: bytes) -> np.ndarray:
    rows: np.ndarray = np.load(io.BytesIO(data))
    return rows


def _conclude(plan: Plan, objects: Objects, failures: dict[str, str], display: Display) -> Outcome:
    """Return an outcome without a table: manifests and metric files are compared instead."""
    return Outcome(plan.resolved, objects, failures, pd.DataFrame())


def _cached(function: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    """Return a function that is called once for each key of its first argument."""
    results: dict[Hashable, Any] = {}

    def call(*arguments: Any) -> Any:
        argument_key = key(arguments[0])
        if argument_key not in results:
            results[argument_key] = function(*arguments)
        return results[argument_key]

    return call


def _sweep_key(sweep: Sweep) -> Hashable:
    return json.dumps(sweep.resolved, sort_keys=True)


_resolve = _cached(resolve, _sweep_key)
_sweep_yaml = _cached(sweep_yaml, _sweep_key)
_read_sweep = _cached(read_sweep_mapping, lambda mapping: json.dumps(mapping, sort_keys=True))


@contextmanager
def cheap_formats() -> Iterator[None]:
    """Replace formats inside the context; sweeps are resolved, and written as YAML, once a process."""
    with ExitStack() as stack:
        replacements: list[tuple[object, str, Any]] = [
            (records, "put", _put_records),
            (records, "get", _get_records),
            (metric_files, "pa", SimpleNamespace(Table=_Table, BufferReader=lambda data: data)),
            (metric_files, "pq", SimpleNamespace(write_table=_write_table, ParquetFile=_open_table)),
            (parquet_rows, "encode", _encode_rows),
            (parquet_rows, "decode", _decode_rows),
            (runner, "_conclude", _conclude),
            (runner, "resolve", _resolve),
            (runner, "sweep_yaml", _sweep_yaml),
            (runner, "validate", lambda resolved: None),
            (retention_rules, "resolve", _resolve),
            (retention_rules, "read_sweep_mapping", _read_sweep),
        ]
        for module, name, replacement in replacements:
            stack.enter_context(patch.object(module, name, replacement))
        yield
