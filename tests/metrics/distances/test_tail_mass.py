import numpy as np
import pytest

from raysc.errors import InputError
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.distances.tail_mass import TailMass


def tail_mass(generated: np.ndarray, real: np.ndarray, metric: TailMass) -> float:
    vectors = Vectors(real)
    (values,) = metric.measure(FeatureSets((Vectors(generated),), (vectors,), vectors)).values()
    return float(values[0])


def test_it_is_the_share_beyond_the_real_quantiles() -> None:
    real = np.arange(101.0)[:, None]  # the central 90 % reach from 5 to 95
    generated = np.array([[4.9], [5.1], [50.0], [95.1]])
    assert tail_mass(generated, real, TailMass(mass=0.1)) == 1 / 2


def test_real_rows_have_the_mass_and_narrow_ones_have_none() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(20_000, 3)) * [1, 5, 0.1]
    assert tail_mass(rng.normal(size=(20_000, 3)) * [1, 5, 0.1], real, TailMass()) == pytest.approx(0.05, abs=0.005)
    assert tail_mass(0.3 * real, real, TailMass()) < 0.001
    assert tail_mass(3 * real, real, TailMass()) > 0.4


def test_its_target_is_the_mass() -> None:
    (column,) = TailMass(mass=0.2).columns
    assert (column.name, column.target) == ("tail_mass[mass=0.2]", 0.2)
    with pytest.raises(InputError, match="tail_mass: mass must be between 0 and 1, not 0"):
        TailMass(mass=0.0)
