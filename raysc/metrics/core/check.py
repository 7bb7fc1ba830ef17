"""Check that the metrics of a sweep go with its data set, its model family and its number of rows."""

from collections.abc import Sequence
from typing import get_args

from raysc.datasets.dataset import DataSet
from raysc.errors import InputError
from raysc.metrics.core.features import DEFAULT_EXTRACTOR, PLAIN_EXTRACTOR, extractor_name
from raysc.metrics.core.metric import AcrossMetric, Features, Metric, ModelMetric, SupportsDataRequirements

TEXT_FEATURES = ("tokens", "values")
"""Features of metrics that can be measured on text."""


def check_metrics(
    metrics: Sequence[Metric | ModelMetric | AcrossMetric], dataset: DataSet, family: object, rows: int
) -> None:
    """Check that every metric can be measured.

    Args:
        metrics: the metrics of the sweep.
        dataset: the data set.
        family: the model family.
        rows: number of rows of every generation that are measured (``sample.rows``, or n).

    Raises:
        InputError: a metric does not go with the data, the family or the number of rows; the message names the column
            and the remedy, the caller adds file and line.
    """
    names: set[str] = set()
    for metric in metrics:
        name = metric.columns[0].name
        if name in names:
            raise InputError(f"{name} is listed twice; name each metric once")
        names.add(name)
        if isinstance(metric, SupportsDataRequirements):
            _check_requirements(name, "data set", dataset, metric.data_requirements)
        if isinstance(metric, ModelMetric):
            _check_requirements(name, "model", family, metric.model_requirements)
            continue
        compares_numbers = isinstance(metric, AcrossMetric) or metric.features not in TEXT_FEATURES
        if dataset.kind == "text" and compares_numbers:
            raise InputError(
                f"{name} compares numbers, and the data are text; use distinct_n, self_bleu, cross_entropy, ..."
            )
        _check_features(name, metric.features, dataset)
        _check_rows(name, metric.min_rows, dataset, rows)


def _check_requirements(name: str, role: str, component: object, methods: Sequence[str]) -> None:
    missing = [method for method in methods if not hasattr(component, method)]
    if missing:
        raise InputError(
            f"{name} needs a {role} with {' and '.join(missing)}, which {type(component).__name__} does not have; "
            "remove the metric, or measure rows instead (frechet_distance, feature_variance)"
        )


def _check_features(name: str, features: str | None, dataset: DataSet) -> None:
    extractor = extractor_name(features, dataset.kind)
    if extractor not in get_args(Features):
        raise InputError(f"{name}: unknown features {extractor!r}; expected one of {', '.join(get_args(Features))}")
    plain, default = PLAIN_EXTRACTOR[dataset.kind], DEFAULT_EXTRACTOR[dataset.kind]
    allowed = (plain, default, *(["inception"] if dataset.kind == "images" else []))
    if extractor not in allowed:
        raise InputError(
            f"{name}: the data are {dataset.kind}, which have no {extractor}; leave features out or set it to {default}"
        )
    if extractor == "classifier" and not dataset.labelled:
        raise InputError(
            f"{name}: classifier features need labels to train on, and the data have none; set features: "
            f"inception or {plain}"
        )
    if extractor == "inception" and dataset.event[0] not in (1, 3):
        raise InputError(f"{name}: inception needs images of 1 or 3 channels, and these have {dataset.event[0]}")


def _check_rows(name: str, min_rows: int, dataset: DataSet, rows: int) -> None:
    for role, count in (("generated", rows), ("training", dataset.count), ("held-out", len(dataset.test()))):
        if count < min_rows:
            raise InputError(f"{name} needs at least {min_rows} {role} rows, and there are {count}")
