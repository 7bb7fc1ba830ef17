import numpy as np
import pytest

from raysc.results.statistics.forecast import LEVEL, MIN_FINISHED, forecast_last


def curves(count: int, generations: int = 20, seed: int = 0) -> np.ndarray:
    """Random walks with a drift of their own, whose noise is skewed."""
    generator = np.random.default_rng(seed)
    steps = generator.exponential(size=(count, generations)) + generator.normal(size=(count, 1))
    return steps.cumsum(axis=1)


def test_a_line_is_continued_exactly() -> None:
    slopes = np.linspace(-1, 2, 30)[:, None]
    lines = slopes * np.arange(11)
    forecast = forecast_last(lines, np.array([[0.0, 0.5, 1.0, 1.5]]))
    assert forecast is not None
    assert forecast.value == pytest.approx([5])
    assert forecast.half_width == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("finished", [MIN_FINISHED, 100])
def test_intervals_hold_the_last_value_of_other_curves(finished: int) -> None:
    held = []
    for seed in range(300):
        every = curves(finished + 10, seed=seed)
        forecast = forecast_last(every[:finished], every[finished:, :5])
        assert forecast is not None
        held.append(np.abs(every[finished:, -1] - forecast.value) <= forecast.half_width)
    assert 0.90 <= np.mean(held) <= 0.98, LEVEL


def test_too_few_finished_curves_give_no_forecast() -> None:
    finished = curves(MIN_FINISHED)
    assert forecast_last(finished, finished[:1, :3]) is not None
    finished[0, 4] = np.inf
    assert forecast_last(finished, finished[:1, :3]) is None


def test_curves_of_one_value_have_a_forecast() -> None:
    forecast = forecast_last(np.hstack([np.zeros((40, 1)), curves(40)]), np.zeros((2, 1)))
    assert forecast is not None
    assert np.isfinite(forecast.value).all()
