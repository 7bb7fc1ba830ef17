"""Ranks: shares of rows, features, saving and loading."""

from typing import cast

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.dataset import LabelledRows
from raysc.datasets.images.digits import Digits
from raysc.execution.ranks import ClosedFormRank, TrainedRank, share
from raysc.metrics.core.classifier import Classifier, train_classifier
from raysc.models.family import ClosedFormFamily, TrainedFamily
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL
from raysc.settings import Component

DATA = Digits()


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    labelled = DATA.labelled_test()
    few = LabelledRows(labelled.rows[:64], labelled.labels[:64])
    return train_classifier(few, few)


def cut(array: np.ndarray, *ends: int) -> Rows:
    """Rows in blocks that end there."""
    starts = (0, *ends[:-1])
    blocks = [MemoryBlock(end, start, array[:, start:end]) for start, end in zip(starts, ends, strict=True)]
    return Rows(REAL, tuple(blocks))


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_features_of_all_shares_are_those_of_all_rows(classifier: Classifier, world: int) -> None:
    family = cast(TrainedFamily, registry.family(Component(name="flow_matching"), DATA))
    rows = cut(DATA.train([0]), 300, 700, 1300)
    rank = TrainedRank(family, (0,), DATA.event, extractors={"classifier": classifier})
    shares = [share(0, rows.count, family.block, number, world) for number in range(world)]
    assert [row for mine in shares for row in mine] == list(range(1300))
    together = np.concatenate([rank.features("classifier", rows, mine) for mine in shares if mine], axis=1)
    np.testing.assert_allclose(together, rank.features("classifier", rows), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(rank.features("classifier", rows), classifier.features(rows.load()))


def test_a_closed_form_rank_that_goes_on_with_some_seeds_still_has_its_extractors(classifier: Classifier) -> None:
    rank = ClosedFormRank(cast(ClosedFormFamily, None), (0, 1), {}, {"classifier": classifier})
    rows = cut(DATA.train([0])[0, :20].reshape(2, 10, *DATA.event), 4, 10)
    for one in (rank, rank.select_seeds(np.array([True, False]))):
        np.testing.assert_array_equal(one.features("classifier", rows), classifier.features(rows.load()))
