import numpy as np
import pytest
from scipy.stats import norm

from raysc.curation.top_alpha import TopAlpha
from raysc.errors import InputError
from raysc.regimes.recipe import Take, synthetic
from raysc.rng import stream


def test_the_best_share_is_kept() -> None:
    rows = np.array([[5.0], [1.0], [-0.5], [9.0]])
    assert TopAlpha(0.5).best(rows, rows, 2, stream(0, 0, "choose")).tolist() == [2, 1]


def test_a_normal_is_truncated_to_its_middle() -> None:
    rows = stream(1, 0, "data").standard_normal((200_000, 1))
    kept = rows[TopAlpha(0.5).best(rows, rows, 100_000, stream(0, 0, "choose"))]
    z = norm.ppf(0.75)  # the middle half is |x| < z
    assert kept.var() == pytest.approx(1 - 2 * z * norm.pdf(z) / 0.5, rel=0.02)


@pytest.mark.parametrize(("alpha", "among"), [(1.0, 7), (0.7, 10), (0.1, 70), (0.3, 24)])
def test_there_are_as_many_candidates_as_the_share_asks_for(alpha: float, among: int) -> None:
    take = TopAlpha(alpha).curate(Take(synthetic(0), 7))
    assert (take.count, take.among) == (7, among)


def test_no_share_is_refused() -> None:
    with pytest.raises(InputError, match="alpha must be above 0 and at most 1, not 0"):
        TopAlpha(0.0)
