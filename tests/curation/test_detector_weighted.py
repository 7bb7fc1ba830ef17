import numpy as np
import pytest

from raysc.curation.detector_weighted import DetectorWeighted, log_probability_of_real
from raysc.errors import InputError
from raysc.rng import stream


def normals(rows: int, spread: float, role: int) -> np.ndarray:
    return spread * stream(role, 0, "data").standard_normal((rows, 1))


def test_the_detector_has_the_odds_of_two_normals() -> None:
    real, candidates = normals(20_000, 1.5, 0), normals(40_000, 1.0, 1)
    x = candidates[:, 0]
    log_odds = np.log(1 / 1.5) - x**2 / 2 / 1.5**2 + x**2 / 2
    expected = -np.log1p(np.exp(-log_odds))
    np.testing.assert_allclose(log_probability_of_real(candidates, real), expected, atol=0.1)


def test_rows_that_look_real_are_drawn_more_often_with_a_higher_bias() -> None:
    real, candidates = normals(5_000, 2.0, 0), normals(5_000, 1.0, 1)
    spreads = [
        candidates[DetectorWeighted(bias).resample(candidates, real, 5_000, stream(0, 0, "choose"))].std()
        for bias in (0.0, 1.0, 2.0)
    ]
    assert spreads[0] == pytest.approx(candidates.std(), rel=0.05)
    assert spreads[0] < spreads[1] < spreads[2]


def test_tokens_are_told_apart_by_their_shares() -> None:
    real = np.tile(np.array([[0, 1, 2, -1]], np.int32), (50, 1))
    candidates = np.repeat(np.array([[0, 1, 2, -1], [5, 5, 5, 5]], np.int32), 25, axis=0)
    log_probabilities = log_probability_of_real(candidates, real)
    assert log_probabilities[:25].min() > np.log(0.5) > log_probabilities[25:].max()


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_rows_that_are_not_finite_are_not_drawn(broken: float, bias: float) -> None:
    real, candidates = normals(200, 1.0, 0), normals(200, 1.0, 1)
    with_broken = np.concatenate([candidates, np.full((50, 1), broken)])
    drawn = DetectorWeighted(bias).resample(with_broken, real, 300, stream(0, 0, "choose"))
    np.testing.assert_array_equal(drawn, DetectorWeighted(bias).resample(candidates, real, 300, stream(0, 0, "choose")))
    assert len(DetectorWeighted(bias).resample(with_broken[200:], real, 60, stream(0, 0, "choose"))) == 60


@pytest.mark.filterwarnings("error")
def test_rows_of_float32_are_resampled_without_a_warning() -> None:
    real, candidates = (normals(200, 1.0, role).astype(np.float32) for role in (0, 1))
    drawn = DetectorWeighted().resample(candidates, real, 300, stream(0, 0, "choose"))
    expected = DetectorWeighted().resample(candidates.astype(np.float64), real, 300, stream(0, 0, "choose"))
    np.testing.assert_array_equal(drawn, expected)


def test_a_negative_bias_is_refused() -> None:
    with pytest.raises(InputError, match="bias must be a number of at least 0, not -1"):
        DetectorWeighted(bias=-1.0)
