"""Feature extractors: what rows are turned into before metrics compare them."""

from collections.abc import Mapping
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Protocol

import numpy as np

from raysc.datasets.dataset import DataSet, LabelledDataSet

VERSIONS = {"classifier": 1, "inception": 1, "pixels": 1, "coordinates": 1, "tokens": 1}
"""Extractors; part of every key: raise one when its features change."""

NETWORKS = {"classifier": 64, "inception": 2048}
"""Extractors that are networks, and how many features they give; the others give a row's own values."""

DEFAULT = {"images": "classifier", "points": "coordinates", "text": "tokens"}
VALUES = {"images": "pixels", "points": "coordinates", "text": "tokens"}
"""Kind of data -> the extractor that gives a row's own values."""


class Extractor(Protocol):
    """Turns rows into feature vectors, each row by itself."""

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Rows (..., *event) -> float64 (..., dim)."""
        ...


def plain_values(rows: np.ndarray, event_axes: int) -> np.ndarray:
    """The extractors "pixels", "coordinates" and "tokens": a row's own numbers.

    Args:
        rows: (..., *event); uint8 images are brought from 0..255 to 0..1, points and tokens stay as they are.
        event_axes: how many axes one row has.

    Returns:
        float64 (..., dim); tokens: int32.
    """
    flat = rows.reshape(*rows.shape[: rows.ndim - event_axes], -1)
    if flat.dtype == np.int32:
        return flat
    flat = flat.astype(np.float64)
    return flat / 255 if rows.dtype == np.uint8 else flat


def extractor_name(features: str | None, kind: str) -> str:
    """The extractor that a metric's ``features`` mean for data of this kind."""
    if features is None:
        return DEFAULT[kind]
    return VALUES[kind] if features == "values" else features


def feature_dim(extractor: str, event: tuple[int, ...]) -> int:
    """How many features an extractor gives of a row of this shape."""
    return NETWORKS.get(extractor, prod(event))


def load_extractors(files: Mapping[str, Mapping[str, bytes]]) -> dict[str, Extractor]:
    """Extractors that are networks, each on this process's accelerator if it has one.

    Args:
        files: by the extractor's name; of the classifier its own files, of inception the path of its weights.

    Raises:
        InputError: Inception's weights are not on this machine and cannot be downloaded, or are not whole.
    """
    loaded: dict[str, Extractor] = {}
    for name, own in files.items():  # torch is slow to import, and most sweeps need none of these
        if name == "inception":
            from raysc.metrics.core.inception import load

            loaded[name] = load(Path(own["weights"].decode()))
        else:
            from raysc.metrics.core.classifier import Classifier

            loaded[name] = Classifier.from_files(own)
    return loaded


def extractor_key(name: str, dataset: DataSet) -> str:
    """What a metric key and the store call an extractor.

    A trained one is keyed by the content of the labelled rows, so that subsets of one data set share it. Inception's
    weights are known, so that whoever plans a sweep or reads its results need not have them.

    Args:
        name: from ``extractor_name``.
        dataset: has classes if the extractor is the classifier.

    Returns:
        ``pixels-1``, ``coordinates-1``, ``classifier-1-<32 hexadecimal digits>`` or the same of inception, whose digits
        are those of its weights.
    """
    key = f"{name}-{VERSIONS[name]}"
    if name == "inception":
        from raysc.metrics.core.inception import SHA256  # torch is slow to import

        return f"{key}-{SHA256[:32]}"
    if name != "classifier":
        return key
    if not isinstance(dataset, LabelledDataSet):
        raise TypeError(f"{type(dataset).__name__} has no classes to train a classifier on")
    digest = blake2b(digest_size=16)
    for labelled in (dataset.labelled_train(), dataset.labelled_test()):
        for array in (labelled.rows, labelled.labels):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.tobytes())
    return f"{key}-{digest.hexdigest()}"
