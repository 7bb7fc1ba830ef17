"""Features of real rows by the classifier: stored once, equal for one and several ranks, computed again if damaged."""

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
import ray
from safetensors.numpy import load_file

from raysc.cluster.failures import FailureCollector, Failures
from raysc.cluster.lost_nodes import LostNodes
from raysc.cluster.real_data import RealDataCache
from raysc.cluster.reference_features import ReferenceFeatureLoader
from raysc.cluster.waves import run_units
from raysc.datasets.dataset import DataSet, LabelledRows
from raysc.datasets.images.digits import Digits
from raysc.errors import InputError
from raysc.metrics.core.classifier import train_classifier
from raysc.metrics.core.features import extractor_key
from raysc.metrics.distances.frechet_distance import feature_statistics
from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedSweep
from raysc.results.table.table import load_table
from raysc.settings import Resources
from raysc.store.artifacts import write_artifact
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.trash import move_damaged_to_trash
from tests.command_line import open_resolved

pytestmark = pytest.mark.usefixtures("running_ray")

DIGITS = """
name: digits
data: digits
model: {name: flow_matching, width: 16, depth: 1}
initial: {steps: 4}
loop: {generations: 1, budget: {steps: 4}}
train: {batch: 32}
sample: {rows: 600, steps: 2}
space: [{regime: replace}, {regime: replace, data.rows: 300}]
control: false
metrics: [frechet_distance, precision]
"""


def opened(store: Path, *overrides: str) -> tuple[ResolvedSweep, Objects]:
    store.mkdir()
    (store / "grid.yaml").write_text(DIGITS)
    return open_resolved(store / "grid.yaml", store, *overrides)


def generation_0(resolved: ResolvedSweep, objects: Objects) -> pd.DataFrame:
    """The table after the first wave of a sweep, which draws rows and measures them, as the second does."""
    plan = make_plan(resolved, objects)
    failures: Failures = {}
    collector = FailureCollector(failures, LostNodes(), print)
    run_units(plan.initial, plan, objects, RealDataCache(resolved.sweep, objects, print), failures, [collector])
    assert failures == {}
    return load_table(resolved, objects)


@pytest.fixture(scope="module")
def classifier() -> dict[str, bytes]:
    """Files of a classifier that was trained on few rows, which is enough to compare its features."""
    labelled = Digits().labelled_test()
    few = LabelledRows(labelled.rows[:64], labelled.labels[:64])
    return train_classifier(few, few).to_files()


def features(store: Path) -> list[Path]:
    """Files of features in the store, the largest (of the training rows) last."""
    paths = store.glob("attempts/artifacts/reference-*/*/features.safetensors")
    return sorted(paths, key=lambda path: path.stat().st_size)


def test_features_of_real_rows_are_computed_once_and_two_ranks_measure_the_same(
    tmp_path: Path, classifier: dict[str, bytes]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    resolved, objects = opened(one)
    write_artifact(objects, extractor_key("classifier", cast(DataSet, Digits())), classifier)
    table_of_one = generation_0(resolved, objects)
    assert len(features(one)) == 3, "training and held-out rows; only held-out rows where each seed has a subset"
    train = features(one)[-1]
    values = load_file(train)["features"]
    assert values.shape == (1437, 64)
    assert values.dtype == np.float32
    statistics = load_file(train.parent / "moments.safetensors")
    np.testing.assert_allclose(statistics["mean"], values.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(
        statistics["factor"].T @ statistics["factor"], np.cov(values, rowvar=False), rtol=1e-9, atol=1e-9
    )

    resolved, objects = opened(two, "space={regime: replace, data.rows: 300}", "resources={workers: 2, cpus: 0.5}")
    shutil.copytree(one / "artifacts", two / "artifacts")
    shutil.copytree(one / "attempts/artifacts", two / "attempts/artifacts")
    table_of_two = generation_0(resolved, objects)
    assert [path.name for path in features(two)] == [path.name for path in features(one)], (
        "they are read, not computed again"
    )
    expected = table_of_one[table_of_one["data.rows"] == 300]
    for column in ("frechet_distance", "frechet_distance_train", "frechet_distance_floor"):
        assert table_of_two[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-3), column
    assert table_of_two["precision"].to_numpy() == pytest.approx(expected["precision"].to_numpy(), abs=0.01)


def test_damaged_features_move_to_the_trash_and_are_computed_again(
    tmp_path: Path, classifier: dict[str, bytes]
) -> None:
    resolved, objects = opened(tmp_path / "store")
    lines: list[str] = []
    extractors = {"classifier": classifier}
    loader = ReferenceFeatureLoader(resolved.cells[0], extractors, objects, Resources(), lines.append)
    rows = ray.put(Digits().train([0])), ray.put(Digits().test())
    first = loader.load(*rows)["classifier"]
    damaged = features(tmp_path / "store")[-1]
    damaged.write_bytes(damaged.read_bytes()[:-8])
    with pytest.raises(DamagedObjectError, match="was changed or cut off") as caught:
        loader.load(*rows)
    move_damaged_to_trash(objects, caught.value)
    again = loader.load(*rows)["classifier"]
    assert first.train is not None
    assert again.train is not None
    for first_ref, second_ref in ((first.train, again.train), (first.test, again.test)):
        before, after = ray.get(first_ref), ray.get(second_ref)
        np.testing.assert_array_equal(before.array, after.array)
        statistics: list[tuple[np.ndarray, ...]]
        statistics = [vectors.cached(feature_statistics, tuple) for vectors in (before, after)]
        for values, repeated in zip(*statistics, strict=True):
            np.testing.assert_array_equal(values, repeated)
    assert len(features(tmp_path / "store")) == 3, "those of the held-out rows are read"
    assert lines == [], "a short computation is not announced"


def test_missing_weights_are_named_in_one_message(tmp_path: Path, image_files: None) -> None:
    resolved, objects = opened(tmp_path / "store")
    # Nothing can be downloaded into a path below a file.
    path = tmp_path / "store" / "grid.yaml" / "inception-2015-12-05.pt"
    extractors = {"inception": {"weights": str(path).encode()}}
    loader = ReferenceFeatureLoader(resolved.cells[0], extractors, objects, Resources(), lambda text: None)
    with pytest.raises(InputError, match=rf"^Inception features need {path}, .* there, on every machine"):
        loader.load(None, ray.put(Digits().test()[:5]))
    assert list(objects.names()) == ["grid.yaml"]
