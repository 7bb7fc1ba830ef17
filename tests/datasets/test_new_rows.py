import numpy as np
import pytest

from raysc.datasets.images.digits import Digits
from raysc.datasets.new_rows import new_real_rows
from raysc.datasets.points.gaussian import Gaussian
from raysc.errors import InputError


def test_a_reserve_follows_the_training_rows_of_each_seed_without_repeats() -> None:
    data = Digits(rows=100, reserve=60)
    train, (first, second) = data.train((0, 1)), (new_real_rows(data, (0, 1), t, 30 * t, 30) for t in (0, 1))
    np.testing.assert_array_equal(train, Digits(rows=100).train((0, 1)))
    for seed in (0, 1):
        expected = Digits(rows=160).train((seed,))[0]
        np.testing.assert_array_equal(np.concatenate([train[seed], first[seed], second[seed]]), expected)


def test_a_distribution_draws_new_rows_for_a_generation() -> None:
    data = Gaussian(dim=2, rows=5)
    np.testing.assert_array_equal(new_real_rows(data, (3,), 2, 100, 4), data.fresh((3,), 2, 4))


def test_a_reserve_that_the_data_do_not_have_is_refused() -> None:
    for rows, reserve in ((None, 1), (1400, 38)):
        with pytest.raises(InputError, match=f"leaves no reserve of {reserve}; set rows to at most {1437 - reserve}"):
            Digits(rows=rows, reserve=reserve)
    with pytest.raises(InputError, match="reserve must be at least 0, not -1"):
        Digits(rows=10, reserve=-1)
