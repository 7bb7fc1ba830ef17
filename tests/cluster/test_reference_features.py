"""What the classifier makes of real rows: once in the store, for one rank and for several, made again if damaged."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ray
from rich.console import Console
from safetensors.numpy import load_file

from raysc.cli.arguments import open_sweep
from raysc.cluster.progress import Progress
from raysc.cluster.reference_features import References
from raysc.cluster.waves import run_units
from raysc.datasets.dataset import Labelled
from raysc.datasets.digits import Digits
from raysc.errors import InputError
from raysc.metrics.core.classifier import train_classifier
from raysc.metrics.core.features import extractor_key
from raysc.metrics.distances.frechet_distance import moments
from raysc.planning.plan import make_plan
from raysc.planning.resolved import lines
from raysc.results.table.table import load_table
from raysc.settings import Resources
from raysc.store.artifacts import write_artifact
from raysc.store.objects import Objects
from raysc.store.publishing import Damaged
from raysc.store.trash import set_damaged_aside
from raysc.sweepfile import Sweep

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


def opened(store: Path, *overrides: str) -> tuple[Sweep, Objects]:
    store.mkdir()
    (store / "grid.yaml").write_text(DIGITS)
    return open_sweep(str(store / "grid.yaml"), str(store), overrides)


def generation_0(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    """Only the first wave of a sweep is run: it draws rows and measures them, as the second does."""
    plan = make_plan(sweep, objects)
    progress = Progress(plan, Console(quiet=True))
    run_units(plan.initial, plan, objects, progress, {})
    assert progress.failures == {}
    return load_table(sweep, objects)


@pytest.fixture(scope="module")
def classifier() -> dict[str, bytes]:
    """One that has seen little: what it makes of rows can be compared all the same."""
    labelled = Digits().labelled_test()
    few = Labelled(labelled.rows[:64], labelled.labels[:64])
    return train_classifier(few, few).to_files()


def features(store: Path) -> list[Path]:
    """Files of features in the store, the larger one (of the training rows) last."""
    found = store.glob("attempts/artifacts/reference-*/*/features.safetensors")
    return sorted(found, key=lambda path: path.stat().st_size)


def test_features_of_real_rows_are_made_once_and_two_ranks_measure_what_one_does(
    tmp_path: Path, classifier: dict[str, bytes]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    sweep, objects = opened(one)
    write_artifact(objects, extractor_key("classifier", Digits()), classifier)
    alone = generation_0(sweep, objects)
    assert len(features(one)) == 3, "train and held-out rows; where each seed has a subset, held-out rows alone"
    train = features(one)[-1]
    known = load_file(train)["features"]
    assert (known.shape, known.dtype) == ((1437, 64), np.float32)
    stored = load_file(train.parent / "moments.safetensors")
    np.testing.assert_allclose(stored["mean"], known.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(stored["factor"].T @ stored["factor"], np.cov(known, rowvar=False), rtol=1e-9, atol=1e-9)

    sweep, objects = opened(two, "space={regime: replace, data.rows: 300}", "resources.workers=2")
    shutil.copytree(one / "artifacts", two / "artifacts")
    shutil.copytree(one / "attempts/artifacts", two / "attempts/artifacts")
    together = generation_0(sweep, objects)
    assert [path.name for path in features(two)] == [path.name for path in features(one)], "read, not made again"
    expected = alone[alone["data.rows"] == 300]
    for column in ("frechet_distance", "frechet_distance_train", "frechet_distance_floor"):
        assert together[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-3), column
    assert together["precision"].to_numpy() == pytest.approx(expected["precision"].to_numpy(), abs=0.01)


def test_features_that_are_damaged_are_set_aside_and_made_again(tmp_path: Path, classifier: dict[str, bytes]) -> None:
    sweep, objects = opened(tmp_path / "store")
    said: list[str] = []
    references = References(lines(sweep)[0], {"classifier": classifier}, objects, Resources(), said.append)
    rows = ray.put(Digits().train([0])), ray.put(Digits().test())
    first = references.put(*rows)["classifier"]
    damaged = features(tmp_path / "store")[-1]
    damaged.write_bytes(damaged.read_bytes()[:-8])
    with pytest.raises(Damaged, match="was changed or cut off") as caught:
        references.put(*rows)
    set_damaged_aside(objects, caught.value)
    again = references.put(*rows)["classifier"]
    for ref, other in ((first.train, again.train), (first.test, again.test)):
        before, after = ray.get(ref), ray.get(other)
        np.testing.assert_array_equal(before.array, after.array)
        (mean, factor), (other_mean, other_factor) = (vectors.once(moments, tuple) for vectors in (before, after))
        np.testing.assert_array_equal(mean, other_mean)
        np.testing.assert_array_equal(factor, other_factor)
    assert len(features(tmp_path / "store")) == 3, "the held-out rows' were read"
    assert said == [], "a moment's work needs no words"


def test_weights_that_a_machine_does_not_have_are_told_in_one_message(tmp_path: Path, image_files: None) -> None:
    sweep, objects = opened(tmp_path / "store")
    # Below a file no folder can be made, nor anything downloaded into it.
    place = tmp_path / "store" / "grid.yaml" / "inception-2015-12-05.pt"
    nowhere = {"inception": {"weights": str(place).encode()}}
    references = References(lines(sweep)[0], nowhere, objects, Resources(), lambda words: None)
    with pytest.raises(InputError, match=rf"^Inception features need {place}, .* there, on every machine"):
        references.put(None, ray.put(Digits().test()[:5]))
    assert list(objects.names()) == ["grid.yaml"]
