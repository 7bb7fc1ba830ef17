import numpy as np

from raysc.datasets.images.digits import Digits
from raysc.datasets.text.stories import Stories
from raysc.datasets.views import CandidateViews


def test_labels_are_those_of_the_nearest_labelled_row() -> None:
    data = Digits(rows=50)
    labelled = data.labelled_train()
    noise = np.random.default_rng(0).integers(0, 3, size=(40, 1, 8, 8))
    rows = np.clip(labelled.rows[:40].astype(int) + noise, 0, 255).astype(np.uint8)
    labels = CandidateViews(data, lambda rows: rows).labels(rows)
    np.testing.assert_array_equal(labels, labelled.labels[:40])


def test_texts_are_decoded() -> None:
    data = Stories(rows=10)
    rows = data.train((0,))[0]
    assert CandidateViews(data, lambda rows: rows).texts(rows) == data.tokens.decode(rows)
