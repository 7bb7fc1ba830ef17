"""JSON and NumPy in the place of Parquet and pandas, and no table at the end: a schedule takes a fifth of the time.

Names, digests, checksums and all decisions stay those of raysc: only the bytes of records, metrics and rows differ.
"""

import io
import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from raysc import runner
from raysc.display import Display
from raysc.execution import metric_writer, records
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


class _Series(np.ndarray):
    """A column with the interface of a pandas series."""

    def to_numpy(self, dtype: type | None = None) -> np.ndarray:
        """Return the values."""
        return np.asarray(self, dtype)


class _Frame:
    """Columns with the interface of a pandas frame, as far as records and metrics use it, and of an Arrow table."""

    schema: None = None

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = {name: np.asarray(values).view(_Series) for name, values in columns.items()}

    @classmethod
    def from_pandas(cls, frame: "_Frame", preserve_index: bool) -> "_Frame":
        """Return the frame itself."""
        return frame

    def to_pandas(self) -> "_Frame":
        """Return the frame itself."""
        return self

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def __getitem__(self, key: Any) -> Any:
        """Return a column by its name, or the rows of a mask."""
        if isinstance(key, str):
            return self._columns[key]
        return _Frame({name: values[key] for name, values in self._columns.items()})

    def drop(self, columns: list[str]) -> "_Frame":
        """Return a frame without some columns."""
        return _Frame({name: values for name, values in self._columns.items() if name not in columns})

    def assign(self, **columns: float) -> "_Frame":
        """Return a frame with further columns of one value each."""
        rows = len(next(iter(self._columns.values())))
        return _Frame({**self._columns, **{name: np.full(rows, value) for name, value in columns.items()}})

    def encode(self) -> bytes:
        """Return JSON, in which floating-point numbers are exact."""
        return json.dumps({name: values.tolist() for name, values in self._columns.items()}).encode()

    @classmethod
    def decode(cls, data: bytes) -> "_Frame":
        """Read what ``encode`` returned."""
        return cls(json.loads(data))


class _Writer:
    """A writer of several frames into one file."""

    def __init__(self, sink: io.BytesIO, schema: None) -> None:
        self._sink = sink

    def write_table(self, frame: _Frame) -> None:
        """Write a frame."""
        self._sink.write(frame.encode())

    def close(self) -> None:
        """Write nothing more."""


def _write_table(frame: _Frame, sink: io.BytesIO, compression: str) -> None:
    sink.write(frame.encode())


def _open_table(data: bytes) -> Any:
    return SimpleNamespace(read=lambda: _Frame.decode(data))


def _put_records(attempt: Attempt, frame: _Frame) -> None:
    attempt.put(records.RECORDS, frame.encode())


def _get_records(manifest: Manifest) -> _Frame:
    return _Frame.decode(manifest.get(records.RECORDS))


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
    arrow = SimpleNamespace(Table=_Frame, BufferReader=lambda data: data)
    parquet = SimpleNamespace(write_table=_write_table, ParquetFile=_open_table, ParquetWriter=_Writer)
    with ExitStack() as stack:
        replacements: list[tuple[object, str, Any]] = [
            *((module, "pd", SimpleNamespace(DataFrame=_Frame)) for module in (records, metric_writer)),
            (records, "pa", arrow),
            (records, "pq", parquet),
            (metric_files, "encode", _Frame.encode),
            (metric_files, "decode", _Frame.decode),
            (records, "put", _put_records),
            (records, "get", _get_records),
            (parquet_rows, "encode", _encode_rows),
            (parquet_rows, "decode", _decode_rows),
            (runner, "_conclude", _conclude),
            (runner, "sweep_yaml", _sweep_yaml),
            (runner, "validate", lambda resolved: None),
            (retention_rules, "resolve", _resolve),
            (retention_rules, "read_sweep_mapping", _read_sweep),
        ]
        for module, name, replacement in replacements:
            stack.enter_context(patch.object(module, name, replacement))
        yield
