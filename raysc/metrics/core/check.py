"""Which metrics a data set can have."""

from collections.abc import Sequence
from typing import get_args

from raysc.datasets.dataset import DataSet
from raysc.errors import InputError
from raysc.metrics.core.features import DEFAULT, VALUES, extractor_name
from raysc.metrics.core.metric import AsksData, Features, Metric, ModelMetric


def check_metrics(metrics: Sequence[Metric | ModelMetric], dataset: DataSet, family: object, rows: int) -> None:
    """Refuse what cannot be measured.

    Args:
        metrics: what is asked for.
        dataset: the data.
        family: the model family.
        rows: how many rows of every generation are measured (``sample.rows``, or n).

    Raises:
        InputError: which column, what is wrong, what to do; the caller knows file and line.
    """
    seen: set[str] = set()
    for metric in metrics:
        name = metric.columns[0].name
        if name in seen:
            raise InputError(f"{name} is asked for twice; name each metric once")
        seen.add(name)
        if isinstance(metric, AsksData):
            _check_asked(name, "data set", dataset, metric.asks_data)
        if isinstance(metric, ModelMetric):
            _check_asked(name, "model", family, metric.asks)
            continue
        _check_features(name, metric.features, dataset)
        _check_rows(name, metric.least_rows, dataset, rows)


def _check_asked(name: str, what: str, owner: object, methods: Sequence[str]) -> None:
    lacking = [method for method in methods if not hasattr(owner, method)]
    if lacking:
        raise InputError(
            f"{name} asks the {what} for its {' and '.join(lacking)}, which {type(owner).__name__} does not have; "
            "take the metric out, or measure rows instead (frechet_distance, feature_variance)"
        )


def _check_features(name: str, features: str | None, dataset: DataSet) -> None:
    if dataset.kind == "text" and features not in ("tokens", "values"):
        raise InputError(
            f"{name} compares numbers, and the data are text; take distinct_n, self_bleu, cross_entropy, ..."
        )
    extractor = extractor_name(features, dataset.kind)
    if extractor not in get_args(Features):
        raise InputError(
            f"{name}: there are no features {extractor!r}; expected one of {', '.join(get_args(Features))}"
        )
    allowed = (VALUES[dataset.kind], DEFAULT[dataset.kind], *(["inception"] if dataset.kind == "images" else []))
    if extractor not in allowed:
        raise InputError(
            f"{name}: the data are {dataset.kind}, which have no {extractor}; "
            f"leave features out or set it to {DEFAULT[dataset.kind]}"
        )
    if extractor == "classifier" and not dataset.labelled:
        raise InputError(
            f"{name}: classifier features need labels to train on, and the data have none; set features: "
            f"inception or {VALUES[dataset.kind]}"
        )
    if extractor == "inception" and dataset.event[0] not in (1, 3):
        raise InputError(f"{name}: inception sees images of 1 or 3 channels, and these have {dataset.event[0]}")


def _check_rows(name: str, least: int, dataset: DataSet, rows: int) -> None:
    for what, count in (("generated", rows), ("training", dataset.count), ("held-out", len(dataset.test()))):
        if count < least:
            raise InputError(f"{name} needs at least {least} {what} rows, and there are {count}")
