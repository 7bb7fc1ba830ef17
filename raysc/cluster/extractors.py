"""Feature extractors that are trained here: stored, keyed artifacts, made once per data fingerprint."""

from collections.abc import Iterable, Mapping

import ray

from raysc import registry
from raysc.datasets.dataset import DataSet, LabelledDataSet
from raysc.metrics.core.features import extractor_key, extractor_name
from raysc.settings import Component
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.objects import Objects


def trained_extractors(
    metrics: Iterable[Component], data: DataSet, objects: Objects
) -> Mapping[str, Mapping[str, bytes]]:
    """The files of the extractors that some metrics need on some data; trained on Ray if the store has none yet.

    Of inception it is the path of its weights, which every machine reads for itself.
    """
    names = {extractor_name(registry.build("metric", metric).features, data.kind) for metric in metrics}
    there: dict[str, Mapping[str, bytes]] = {}
    if "inception" in names:
        from raysc.metrics.core.inception import weights_file

        there["inception"] = {"weights": str(weights_file().resolve()).encode()}
    if "classifier" not in names:
        return there
    assert isinstance(data, LabelledDataSet), "classifier features were refused for data without classes"
    key = extractor_key("classifier", data)
    files = read_artifact(objects, key)
    if files is None:
        made = ray.get(ray.remote(_train).remote(data))
        write_artifact(objects, key, made)
        files = read_artifact(objects, key)
        assert files is not None, "an artifact that was written can be read"
    return {**there, "classifier": files}


def _train(data: LabelledDataSet) -> dict[str, bytes]:
    from raysc.metrics.core.classifier import train_classifier

    return train_classifier(data.labelled_train(), data.labelled_test()).to_files()
