"""Trained feature extractors: keyed artifacts in the store, trained once per data fingerprint."""

from collections.abc import Callable, Iterable, Mapping

from raysc import registry
from raysc.datasets.dataset import DataSet, SupportsLabels
from raysc.metrics.core.features import extractor_key, extractor_name
from raysc.settings import Component
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.objects import Objects

TrainClassifier = Callable[[SupportsLabels], dict[str, bytes]]
"""A function that trains a classifier on labelled rows and returns its files."""


def classifier_files(dataset: SupportsLabels) -> dict[str, bytes]:
    """Train a classifier on a data set in this process; return its files."""
    from raysc.metrics.core.classifier import train_classifier

    return train_classifier(dataset.labelled_train(), dataset.labelled_test()).to_files()


def trained_extractors(
    metrics: Iterable[Component], dataset: DataSet, objects: Objects, train: TrainClassifier = classifier_files
) -> Mapping[str, Mapping[str, bytes]]:
    """Return the files of the extractors that metrics need on a data set; train those that the store lacks.

    Args:
        metrics: the metrics.
        dataset: the data set.
        objects: the store.
        train: trains a classifier, here or in another process.

    Returns:
        Extractor -> file name -> content. For inception it is the path of its weights, which every machine reads
        for itself.
    """
    names = {extractor_name(registry.build("metric", metric).features, dataset.kind) for metric in metrics}
    extractors: dict[str, Mapping[str, bytes]] = {}
    if "inception" in names:
        from raysc.metrics.core.inception import fetch_weights

        extractors["inception"] = {"weights": str(fetch_weights().resolve()).encode()}
    if "classifier" in names:
        extractors["classifier"] = _stored_classifier(dataset, objects, train)
    return extractors


def _stored_classifier(dataset: DataSet, objects: Objects, train: TrainClassifier) -> Mapping[str, bytes]:
    """Return the files of the classifier of a data set; train it if the store has none."""
    key = extractor_key("classifier", dataset)
    files = read_artifact(objects, key)
    if files is None:
        assert isinstance(dataset, SupportsLabels), "classifier features were refused for data without classes"
        write_artifact(objects, key, train(dataset))
        files = read_artifact(objects, key)
        assert files is not None, "an artifact that was written can be read"
    return files
