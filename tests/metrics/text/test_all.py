"""Properties of all metrics of text."""

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.text.stories import Stories
from raysc.metrics import METRICS
from raysc.metrics.core.measure import RealSets, floors, measure
from raysc.metrics.core.metric import Metric, ModelMetric
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.settings import Component


def text_metrics() -> list[Metric]:
    """Return the metrics of this package that compare rows."""
    names = [name for name, address in METRICS.items() if ".text." in address]
    metrics = [registry.build("metric", Component(name=name)) for name in names]
    return [metric for metric in metrics if not isinstance(metric, ModelMetric)]


@pytest.mark.slow
def test_every_metric_gives_its_columns_and_the_first_bears_its_name() -> None:
    real = RealSets("text", Stories(rows=30).train((0, 1)), Stories().test())
    assert len(text_metrics()) == 9
    for metric in text_metrics():
        assert metric.features == "tokens"
        values = measure([metric], Stories(rows=30).fresh((0, 1), 1, 20), real)
        assert list(values) == [column.name for column in metric.columns]
        assert metric.columns[0].name in METRICS
        assert all(value.shape == (2,) and np.isfinite(value).all() for value in values.values())


def test_floors_put_real_rows_in_the_place_of_generated_rows() -> None:
    data = Stories(rows=40)
    real = RealSets("text", data.train((0, 1)), data.test())
    metrics = [*text_metrics(), ExactDuplicates()]
    result = floors(metrics, 40, real)
    assert {name for name, floor in result.items() if np.isfinite(floor.values).all()} == {
        "distinct_n_floor",
        "self_bleu_floor",
        "repetition_floor",
        "length_gap_floor",
        "copied_ngrams_floor",
        "vocabulary_lost_floor",
        "rare_token_survival_floor",
        "zipf_exponent_floor",
        "ngram_mauve_floor",
        "exact_duplicates_floor",
    }
    assert result["copied_ngrams_floor"].values.max() < 0.2


def test_copies_of_the_training_rows_copy_all_and_lose_nothing() -> None:
    data = Stories(rows=40)
    real = RealSets("text", data.train((0, 1)), data.test())
    values = measure([*text_metrics(), ExactDuplicates()], data.train((0, 1)), real)
    assert values["copied_ngrams"].tolist() == values["exact_duplicates"].tolist() == [1, 1]
    assert values["vocabulary_lost"].tolist() == [0, 0]
