"""Metrics of text on rows made by hand."""

import math

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.stories import Stories
from raysc.errors import InputError
from raysc.metrics import METRICS
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.measure import Real, floors, measure
from raysc.metrics.core.metric import Modelled
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.metrics.text.copied_ngrams import CopiedNgrams
from raysc.metrics.text.cross_entropy import CrossEntropy
from raysc.metrics.text.distinct_n import DistinctN
from raysc.metrics.text.length_gap import LengthGap
from raysc.metrics.text.repetition import Repetition
from raysc.metrics.text.self_bleu import SelfBleu
from raysc.metrics.text.vocabulary_lost import VocabularyLost
from raysc.models.language.causal_lm import CausalLm
from raysc.pool.tokens import PAD
from raysc.settings import Component


def rows(*texts, length=8):
    out = np.full((1, len(texts), length), PAD, np.int32)
    for row, text in zip(out[0], texts, strict=True):
        row[: len(text)] = list(text)
    return out


def of(metric, generated, train=None):
    some = rows([1, 2])
    values = measure([metric], generated, Real("text", some if train is None else train, some[0]))
    return next(iter(values.values()))[0]


def test_every_metric_of_text_gives_its_columns_and_the_first_bears_its_name():
    metrics = [registry.build("metric", Component(name=name)) for name in METRICS]
    of_text = [metric for metric in metrics if metric.features == "tokens"]
    assert len(of_text) == 6
    real = Real("text", Stories(rows=30).train((0, 1)), Stories().test())
    for metric in of_text:
        values = measure([metric], Stories(rows=30).fresh((0, 1), 1, 20), real)
        assert list(values) == [column.name for column in metric.columns]
        assert metric.columns[0].name in METRICS
        assert all(value.shape == (2,) and np.isfinite(value).all() for value in values.values())
    assert DistinctN(3).columns[0].name == "distinct_n[n=3]"


def test_distinct_n_counts_different_ngrams_and_no_padding():
    generated = rows([1, 2, 3], [1, 2, 4], [1])
    assert of(DistinctN(), generated) == 3 / 4
    assert of(DistinctN(1), generated) == 4 / 7
    assert np.isnan(of(DistinctN(8), generated)), "no row is so long"


def test_of_rows_shorter_than_an_ngram_there_is_nothing_to_tell():
    short = rows([1, 2, 3], [4], length=4)
    assert np.isnan(of(DistinctN(5), short, short))
    assert np.isnan(of(CopiedNgrams(5), short, short))
    assert of(Repetition(5), short, short) == 0


def test_repetition_is_within_rows():
    assert of(Repetition(2), rows([1, 2, 1, 2, 1], [1, 2], [1])) == pytest.approx((0.5 + 0 + 0) / 3)


def test_lengths_are_compared_with_training_rows():
    values = measure([LengthGap()], rows([1], [1, 2, 3]), Real("text", rows([1, 2, 3, 4]), rows([1])[0]))
    assert values["text_length"][0] == 2
    assert values["length_gap"][0] == pytest.approx(math.log(2))


def test_copied_ngrams_are_those_of_real_training_rows():
    train = rows([1, 2, 3, 4], [7, 8])
    assert of(CopiedNgrams(2), rows([1, 2, 3], [4, 7, 8]), train) == 3 / 4
    assert of(CopiedNgrams(3), rows([2, 3, 4, 5]), train) == 1 / 2


def test_the_vocabulary_that_is_lost_was_used_by_training_rows():
    assert of(VocabularyLost(), rows([1, 9], [2]), rows([1, 2, 3, 4])) == 1 / 2


def test_exact_duplicates_are_whole_rows():
    assert of(ExactDuplicates(), rows([1, 2], [1], [1, 2, 3]), rows([1, 2], [4])) == 1 / 3


def test_self_bleu_of_equal_rows_is_one_and_of_strangers_nearly_nothing():
    assert of(SelfBleu(), rows([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5])) == pytest.approx(1)
    strangers = of(SelfBleu(), rows([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]))
    assert strangers == pytest.approx((0.1**4 / (5 * 4 * 3 * 2)) ** 0.25)


def test_self_bleu_is_bleu_against_all_other_rows():
    # First row: unigrams 4/5 (1 2 3 4), pairs 2/4 (1 2, 3 4), triples and fours unseen: 0.1/3, 0.1/2.
    generated = rows([1, 2, 9, 3, 4], [1, 2, 7, 7, 7], [8, 8, 8, 3, 4])
    first = (4 / 5 * 2 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    # The others share two tokens and one pair with it, and nothing else.
    other = (2 / 5 * 1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    assert of(SelfBleu(), generated) == pytest.approx((first + 2 * other) / 3)


def test_self_bleu_clips_counts_and_penalises_short_rows():
    # "1 1 1" matches one 1 of the other row; its pairs and triples are unseen; it has no fours; 3 tokens against 5.
    generated = rows([1, 1, 1], [1, 2, 3, 4, 5])
    short = (1 / 3 * 0.1 / 2 * 0.1 / 1) ** (1 / 3) * math.exp(1 - 5 / 3)
    long = (1 / 5 * 0.1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    assert of(SelfBleu(), generated) == pytest.approx((short + long) / 2)


def test_floors_put_real_rows_in_the_place_of_generated_ones():
    data = Stories(rows=40)
    real = Real("text", data.train((0, 1)), data.test())
    metrics = [DistinctN(), SelfBleu(), Repetition(), LengthGap(), CopiedNgrams(), VocabularyLost(), ExactDuplicates()]
    found = floors(metrics, 40, real)
    assert {name for name, floor in found.items() if np.isfinite(floor.values).all()} == {
        "distinct_n_floor", "self_bleu_floor", "repetition_floor", "length_gap_floor", "copied_ngrams_floor",
        "vocabulary_lost_floor", "exact_duplicates_floor",
    }  # fmt: skip
    assert found["copied_ngrams_floor"].values.max() < 0.2
    copied = measure(metrics, data.train((0, 1)), real)
    assert copied["copied_ngrams"].tolist() == copied["exact_duplicates"].tolist() == [1, 1]
    assert copied["vocabulary_lost"].tolist() == [0, 0]


def test_cross_entropy_is_the_mean_over_tokens():
    class Model:
        def token_losses(self, state, rows):
            return np.array([[6.0, 2], [1.0, 5]])

    values = CrossEntropy().measure(Modelled(Model(), None, None, rows([1, 2], [1] * 5)[0]))
    assert values["cross_entropy"].tolist() == [1.0]
    assert values["perplexity"].tolist() == [math.e]


def test_metrics_of_numbers_are_refused_for_text_and_the_other_way_round():
    text = Stories(rows=40)
    family = CausalLm().for_data(text)
    check_metrics([DistinctN(), CrossEntropy()], text, family, 40)
    with pytest.raises(InputError, match="frechet_distance compares numbers, and the data are text"):
        check_metrics([FrechetDistance()], text, family, 40)
    digits = registry.build("data", Component(name="digits"))
    for metric, says in ((DistinctN(), "have no tokens"), (CrossEntropy(), "asks the data set for its tokens")):
        with pytest.raises(InputError, match=says):
            check_metrics([metric], digits, object(), 40)
