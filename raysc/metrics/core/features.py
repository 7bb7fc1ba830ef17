"""Feature extractors: functions from rows to the vectors that metrics compare."""

from collections.abc import Hashable, Mapping
from math import prod
from pathlib import Path
from typing import Protocol

import numpy as np

from raysc.datasets.dataset import DataSet, SupportsLabels
from raysc.datasets.subsets import content_digest

VERSIONS = {"classifier": 1, "inception": 1, "pixels": 1, "coordinates": 1, "tokens": 1}
"""Extractor -> version, a part of every key; raise it when the features change."""

NETWORKS = {"classifier": 64, "inception": 2048}
"""Extractor that is a network -> number of its features. The other extractors give the values of a row."""

DEFAULT_EXTRACTOR = {"images": "classifier", "points": "coordinates", "text": "tokens"}
"""Kind of data -> the extractor of metrics that set none."""

PLAIN_EXTRACTOR = {"images": "pixels", "points": "coordinates", "text": "tokens"}
"""Kind of data -> the extractor that gives the values of a row."""


class Extractor(Protocol):
    """A feature extractor; the features of a row depend on this row alone."""

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Compute the features of rows (..., *event): float64 (..., dim)."""
        ...


def plain_values(rows: np.ndarray, event_axes: int) -> np.ndarray:
    """Return the features of "pixels", "coordinates" and "tokens": the flattened values of each row.

    Args:
        rows: (..., *event); uint8 images are scaled from 0..255 to 0..1, points and tokens are unchanged.
        event_axes: number of axes of one row.

    Returns:
        float64 (..., dim); int32 for tokens.
    """
    flat = rows.reshape(*rows.shape[: rows.ndim - event_axes], -1)
    if flat.dtype == np.int32:
        return flat
    flat = flat.astype(np.float64)
    return flat / 255 if rows.dtype == np.uint8 else flat


def extractor_name(features: str | None, kind: str) -> str:
    """Return the extractor that a metric's ``features`` select for data of this kind."""
    if features is None:
        return DEFAULT_EXTRACTOR[kind]
    return PLAIN_EXTRACTOR[kind] if features == "values" else features


def feature_dim(extractor: str, event: tuple[int, ...]) -> int:
    """Return the number of features that an extractor gives of a row of shape ``event``."""
    return NETWORKS.get(extractor, prod(event))


LoadedExtractors = dict[Hashable, Extractor]
"""The networks that a process has loaded, by name and files."""


def load_extractors(
    files: Mapping[str, Mapping[str, bytes]], loaded: LoadedExtractors | None = None
) -> dict[str, Extractor]:
    """Load the extractors that are networks, each onto this process's accelerator if it has one.

    Args:
        files: extractor -> its files: for the classifier those of ``Classifier.to_files``; for inception "weights", the
            path of the weights.
        loaded: networks that are loaded already; new ones are added. None: none are.

    Raises:
        InputError: Inception's weights are not on this machine and cannot be downloaded, or are damaged.
    """
    loaded, extractors = {} if loaded is None else loaded, {}
    for name, contents in files.items():
        key = name, tuple(sorted(contents.items()))
        if key not in loaded:
            loaded[key] = _load_extractor(name, contents)
        extractors[name] = loaded[key]
    return extractors


def _load_extractor(name: str, files: Mapping[str, bytes]) -> Extractor:
    """Load a network. Torch is slow to import, and most sweeps need none."""
    if name == "inception":
        from raysc.metrics.core.inception import load_inception

        return load_inception(Path(files["weights"].decode()))
    from raysc.metrics.core.classifier import Classifier

    return Classifier.from_files(files)


def extractor_key(name: str, dataset: DataSet) -> str:
    """Return the key of an extractor in metric keys and in the store.

    The classifier is keyed by the content of the labelled rows that train it, so that subsets of one data set share
    it. Inception is keyed by the known hash of its weights, so that planning a sweep and reading its results need no
    weights.

    Args:
        name: from ``extractor_name``.
        dataset: the data set; it has labels if the extractor is the classifier.

    Returns:
        ``pixels-1``, ``coordinates-1``, ``tokens-1``, ``classifier-1-<32 hexadecimal digits>`` of the labelled rows or
        ``inception-1-<32 hexadecimal digits>`` of the weights.
    """
    key = f"{name}-{VERSIONS[name]}"
    if name == "inception":
        from raysc.metrics.core.inception import SHA256  # torch is slow to import

        return f"{key}-{SHA256[:32]}"
    if name != "classifier":
        return key
    if not isinstance(dataset, SupportsLabels):
        raise TypeError(f"{type(dataset).__name__} has no classes to train a classifier on")
    train, test = dataset.labelled_train(), dataset.labelled_test()
    return f"{key}-{content_digest(train.rows, train.labels, test.rows, test.labels)}"
