import numpy as np
import pytest

from raysc.curation.verified import Verified
from raysc.errors import InputError
from raysc.rng import stream


def test_the_first_right_rows_are_kept_and_repeat_if_they_are_too_few() -> None:
    rows = np.array([[0.1], [3.0], [-0.2], [0.3], [9.0], [0.4]])
    verified = Verified(threshold=-0.5, choices=2)  # within a radius of 1
    assert verified.accept(rows, rows, 3, stream(0, 0, "choose")).tolist() == [0, 2, 3]
    assert verified.accept(rows[:4], rows, 5, stream(0, 0, "choose")).tolist() == [0, 2, 3, 0, 2]


def test_right_and_wrong_rows_have_their_rates() -> None:
    rows = np.repeat([[0.0], [5.0]], 50_000, axis=0)
    verified = Verified(threshold=-0.5, right=0.8, wrong=0.2)
    accepted = np.unique(verified.accept(rows, rows, len(rows), stream(0, 0, "choose")))
    right = (accepted < 50_000).sum()
    assert right / 50_000 == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 50_000))
    assert (len(accepted) - right) / 50_000 == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 50_000))


def test_no_accepted_row_is_an_error() -> None:
    with pytest.raises(InputError, match="none of 2 candidates is accepted; raise choices, or accept more"):
        Verified(threshold=-0.5).accept(np.full((2, 1), 7.0), np.zeros((1, 1)), 1, stream(0, 0, "choose"))


def test_invalid_rates_are_refused() -> None:
    with pytest.raises(InputError, match="wrong must be from 0 to 1, not 2"):
        Verified(threshold=0.0, wrong=2.0)
    with pytest.raises(InputError, match="choices must be at least 1, not 0"):
        Verified(threshold=0.0, choices=0)
