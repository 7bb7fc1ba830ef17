"""Sweep files as text, sweeps as mappings from Python, and values of ``--set``."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from raysc import registry
from raysc.sweepfile import Sweep, read_sweep_mapping, read_sweep_text
from raysc.sweepfile.yaml_reader import read_value
from tests.fuzzing.byte_mutations import mutate_bytes
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.value_mutations import mutate_json

TEXTS = (
    """\
# A comment.
name: small
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4, until: {metric: feature_variance, below: 1e-8}}
space:
  - {regime: replace}
  - {regime: mix, lambda: [0.5, 2.0], data.rows: [10, 20]}
seeds: 3
metrics: [frechet_distance, feature_variance]
claims:
  - says: rows spread less (A1)
    source: Somebody 2026
    metric: feature_variance
    of: {regime: replace}
    than: control
    relation: below
""",
    """\
name: trained
data: {name: eight_gaussians, rows: 24}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 4}
loop: {generations: 2, budget: {steps: 3}, start: scratch}
sample: {steps: 2, rows: 24}
train: {batch: 8, lr: 0.001}
space: {regime: [mix, accumulate], lambda: 1.0, initial.steps: [2, 4]}
seeds: [0, 1, 5]
measure: [0, 2]
resources: {workers: 1, cpus: 1, gpus: 0}
keep: {models: last}
pool: parquet
prices: {gpu: {hour: 1, cpus: 4, gpus: 1}}
loggers: [csv]
storage: store
initial_quality: wasserstein
control: matched
metrics:
  - name: wasserstein
""",
)
WORDS = (
    b"space:", b"lambda: {from: 0.1, to: 10, points: 5}", b"search: {random: 5}",
    b"seeds: 1000000000", b"generations: 1000000000000", b"lambda: [0.1, 0.1]", b"&a ", b"*a",
    b"!!python/object:os.system ", b"? ", b"<<: ", b"%YAML 1.1\n---\n", b"---\n", b"...\n", b"\t", b"|\n", b">-\n",
    b"control: false", b"claims:\n  - ", b"~", b"2026-01-01", b"1:30", b"{", b"}", b"[", b"]", b"# ", b"\xef\xbb\xbf",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xf0\x9f\xa6\x8a", b"until: ", b"curated", b"counts", b"regime.real: 5", b"kde",
    b"discrete", b"measure: [0, 1]", b"prices: {gpu: 1}",
)  # fmt: skip
PYTHON_VALUES: Mapping[str, Callable[[], Any]] = {
    "!Path": lambda: Path("folder/file"),
    "!Fraction": lambda: Fraction(1, 3),
    "!Decimal": lambda: Decimal("0.1"),
    "!float32": lambda: np.float32(0.1),
    "!int64": lambda: np.int64(3),
    "!bool": lambda: np.bool_(True),
    "!array": lambda: np.array([0.5, 1.0]),
    "!array0": lambda: np.array(2.0),
    "!array2": lambda: np.zeros((2, 2)),
    "!strings": lambda: np.array(["mix", "replace"]),
    "!range": lambda: range(3),
    "!long": lambda: range(10**12),
    "!tuple": lambda: (1, 2),
    "!set": lambda: {1, 2},
    "!bytes": lambda: b"text",
    "!complex": lambda: 1j,
    "!date": lambda: date(2026, 1, 1),
    "!object": object,
    "!type": lambda: int,
    "!function": lambda: print,
    "!generator": lambda: iter([1, 2]),
    "!number keys": lambda: {1: 2, None: 3},
    "!huge": lambda: 10**5000,
    "!nan": lambda: float("nan"),
    "!endless": lambda: _endless(),
}
"""Strings of a mutated mapping -> Python values in their place."""
ASSIGNMENTS = ("seeds=2", "loop.generations=3", "space.1.lambda=[0.5, 1]", "data.rows=30", "metrics=[feature_variance]")
KEY_WORDS = (b"=", b".", b"space.", b"9.", b"0.", b"data", b"name")


def sweep_texts(folder: Path) -> Kind:
    """Sweep files in YAML."""
    samples = [Sample(text.encode(), _read_text) for text in TEXTS]
    return Kind("sweep_texts", samples, words=WORDS)


def _read_text(data: bytes) -> object:
    return _value(read_sweep_text(data.decode("utf-8", "replace"), "sweep.yaml", (), registry))


def sweep_mappings(folder: Path) -> Kind:
    """Sweeps as mappings with values of Python and NumPy."""
    samples = [Sample(json.dumps(_plain(text)).encode(), _read_mapping) for text in TEXTS]
    words = [name.encode() for name in PYTHON_VALUES] + [b"space", b"lambda", b"data.rows", b"mix", b"until", b"search"]
    return Kind("sweep_mappings", samples, False, mutate_json, words)


def _read_mapping(data: bytes) -> object:
    values = json.loads(data)
    with suppress(RecursionError):
        values = _with_python_values(values)
    return _value(read_sweep_mapping(values if isinstance(values, dict) else {"name": values}, (), registry))


def overrides(folder: Path) -> Kind:
    """Values of ``--set``."""
    samples = [Sample(assignment.encode(), partial(_override, TEXTS[0])) for assignment in ASSIGNMENTS]
    return Kind(
        "overrides", samples, False, mutate_bytes, (*WORDS, b"=", b".", b"space.", b"9.", b"0.", b"data", b"name")
    )


def _override(text: str, data: bytes) -> object:
    return _value(read_sweep_text(text, "sweep.yaml", [data.decode("utf-8", "replace")], registry))


def _value(sweep: Sweep) -> object:
    return len(sweep.cells), len(sweep.seeds), sweep.generations


def _plain(text: str) -> Any:
    return read_value(text, str)[0]


def _with_python_values(value: Any) -> Any:
    """Return a value with Python's and NumPy's in the place of their names."""
    if isinstance(value, dict):
        return {key: _with_python_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_python_values(inner) for inner in value]
    return PYTHON_VALUES[value]() if isinstance(value, str) and value in PYTHON_VALUES else value


def _endless() -> list[Any]:
    """Return a list that holds itself."""
    values: list[Any] = []
    values.append(values)
    return values
