import numpy as np
import pytest

from raysc.curation.rewards import REWARDS, check_rows
from raysc.errors import InputError


def test_nearness_is_minus_half_the_squared_distance() -> None:
    rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(REWARDS["nearness"](rows, 0.0, {}), [0.0, -12.5])
    np.testing.assert_allclose(REWARDS["nearness"](rows, (3.0, 0.0), {}), [-4.5, -8.0])


def test_images_are_scored_without_overflow() -> None:
    images = np.stack([np.full((3, 8, 8), value, np.uint8) for value in (255, 3)])
    np.testing.assert_allclose(REWARDS["nearness"](images, 0.0, {}), [-(255**2) * 96.0, -9 * 96.0])


def test_a_class_is_preferred_to_all_others() -> None:
    scores = REWARDS["category"](np.zeros((3, 1)), 2.0, {"labels": np.array([2, 0, 2])})
    np.testing.assert_array_equal(scores, [1.0, 0.0, 1.0])


def test_rows_that_a_reward_cannot_score_are_refused() -> None:
    with pytest.raises(InputError, match=r"curation.reward: nearness scores rows of points and images, .* are text"):
        check_rows("nearness", 0.0, "text", (16,))
    with pytest.raises(InputError, match=r"curation.reward: words scores rows of text, and the data are points"):
        check_rows("words", 3.0, "points", (2,))
    with pytest.raises(InputError, match=r"curation.target: 3 coordinates, but rows of shape \(2,\)"):
        check_rows("nearness", (1.0, 2.0, 3.0), "points", (2,))
