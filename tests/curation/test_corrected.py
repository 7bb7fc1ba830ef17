import tracemalloc

import numpy as np
import pytest
from sklearn.cluster import KMeans

from raysc.curation.corrected import Corrected, k_means
from raysc.errors import InputError
from raysc.rng import stream


def blobs() -> np.ndarray:
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    return np.repeat(centres, 50, axis=0) + stream(0, 0, "data").standard_normal((150, 2))


def test_rows_move_towards_the_mean_of_the_real_rows() -> None:
    real, rows = blobs(), np.array([[1.0, 2.0], [30.0, 0.0]])
    moved = Corrected(3.0).move(rows, real, stream(0, 0, "choose"))
    np.testing.assert_allclose(moved, rows / 4 + real.mean(axis=0) * 3 / 4)


def test_centres_are_those_of_k_means() -> None:
    ours = k_means(blobs(), 3)
    theirs = KMeans(3, n_init=10, random_state=0).fit(blobs()).cluster_centers_
    np.testing.assert_allclose(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)], atol=1e-9)


def test_rows_move_to_their_nearest_centre_and_keep_their_dtype() -> None:
    real = blobs()
    moved = Corrected(1e9, centres=3).move(np.array([[9.0, 1.0], [1.0, 8.0]]), real, stream(0, 0, "choose"))
    np.testing.assert_allclose(moved, [real[50:100].mean(axis=0), real[100:].mean(axis=0)], atol=1e-6)
    images = np.array([[[[10, 250]]]], np.uint8)
    corrected = Corrected(1.0).move(images, np.full((3, 1, 1, 2), 101, np.uint8), stream(0, 0, "choose"))
    assert corrected.dtype == np.uint8
    assert corrected.tolist() == [[[[56, 176]]]]


def test_centres_need_memory_for_the_rows_and_not_for_rows_times_centres() -> None:
    rows = stream(0, 0, "data").standard_normal((2000, 64))
    tracemalloc.start()
    k_means(rows, 40)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * rows.nbytes


def test_centres_are_computed_once_for_equal_real_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    def counted(rows: np.ndarray, count: int) -> np.ndarray:
        counts.append(count)
        return k_means(rows, count)

    monkeypatch.setattr("raysc.curation.corrected.k_means", counted)
    corrected, real = Corrected(1.0, centres=3), blobs()
    first = corrected.move(real, real, stream(0, 0, "choose"))
    np.testing.assert_array_equal(corrected.move(real, real.copy(), stream(0, 0, "choose")), first)
    assert counts == [3]
    assert (corrected.move(real, real + 1, stream(0, 0, "choose")) != first).all()
    assert counts == [3, 3]


def test_what_cannot_be_corrected_is_refused() -> None:
    with pytest.raises(InputError, match="rows of text have none"):
        Corrected(1.0).check("text", (8,))
    with pytest.raises(InputError, match=r"curation.centres: 4 centres of 3 real rows"):
        k_means(np.zeros((3, 1)), 4)
    with pytest.raises(InputError, match="strength must be a number of at least 0, not -1"):
        Corrected(-1.0)
