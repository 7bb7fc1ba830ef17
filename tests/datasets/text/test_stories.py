import numpy as np

from raysc.datasets.text.stories import Stories
from raysc.pool.tokens import lengths


def test_rows_are_the_texts_of_each_seed() -> None:
    data = Stories(rows=40)
    rows = data.train((0, 1))
    assert data.tokens.decode(rows[1]) == data.texts(1, 0, "train", 40)
    assert not np.array_equal(rows[0], rows[1])
    assert not {row.tobytes() for row in data.test()} & {row.tobytes() for row in rows.reshape(-1, 64)}
    assert lengths(rows).max() < 64


def test_a_trained_tokenizer_needs_no_fingerprint() -> None:
    assert Stories().fingerprint() == ""
