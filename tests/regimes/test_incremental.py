from fractions import Fraction

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.regimes.incremental import Incremental


def by_editing(regime: Incremental, t: int, n: int) -> np.ndarray:
    """Return the counts of the real rows and of each generation, by replacing shares one generation after another."""
    counts = np.zeros(t + 1)
    counts[0] = n
    for edit in range(t):
        share = regime.share * regime.decay**edit
        counts *= 1 - share
        counts[edit + 1] = share * n
    return counts


@pytest.mark.parametrize("regime", [Incremental(0.3), Incremental(0.5, decay=0.6), Incremental(1.0)])
@pytest.mark.parametrize("t", [1, 2, 7])
def test_it_has_the_counts_of_edits_one_after_another(regime: Incremental, t: int) -> None:
    recipe = regime.recipe(t, 10_000, Fraction(0))
    assert recipe.rows == 10_000
    counts = [take.count for take in recipe.takes]
    assert [take.source.generation for take in recipe.takes] == [0, *range(t)]
    np.testing.assert_allclose(counts, by_editing(regime, t, 10_000), atol=1)


def test_edits_that_decay_leave_a_share_of_the_real_rows() -> None:
    real = Incremental(0.5, decay=0.5).recipe(200, 10_000, Fraction(0)).takes[0].count
    assert real == pytest.approx(10_000 * np.prod(1 - 0.5 ** np.arange(1.0, 201)), abs=1)


def test_invalid_shares_are_refused() -> None:
    with pytest.raises(InputError, match="share must be above 0 and at most 1, not 0"):
        Incremental(0.0)
    with pytest.raises(InputError, match="decay must be above 0 and at most 1, not 2"):
        Incremental(0.5, decay=2.0)
