import numpy as np
import pytest
from scipy.stats import entropy

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.kl_divergence import KlDivergence
from raysc.metrics.core.metric import FittedModels
from raysc.models.closed_form.discrete import Discrete
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams


@pytest.mark.parametrize(("counts", "lost"), [((5, 3, 2), False), ((6, 4, 0), True)])
def test_it_is_the_divergence_from_the_truth(counts: tuple[int, ...], lost: bool) -> None:
    data = Categories(proportions=(0.5, 0.3, 0.2), rows=10)
    family = Discrete().for_data(data)
    rows = Rows(REAL, (MemoryBlock("real", 0, np.repeat(np.arange(3, dtype=np.int32), counts)[None, :, None]),))
    state = family.fit(TrainingSet((rows,)), Streams((0,), 0))
    (value,) = KlDivergence().measure(FittedModels(family, state, data, data.test()))["kl_divergence"]
    if lost:
        assert value == np.inf
    else:
        assert value == pytest.approx(entropy([0.5, 0.3, 0.2], np.array(counts) / 10), abs=1e-12)


def test_its_mean_over_data_sets_is_half_the_degrees_of_freedom_over_the_rows() -> None:
    data, seeds = Categories(outcomes=5, rows=400), tuple(range(2000))
    family = Discrete().for_data(data)
    state = family.fit(TrainingSet((Rows(REAL, (MemoryBlock("real", 0, data.train(seeds)),)),)), Streams(seeds, 0))
    values = KlDivergence().measure(FittedModels(family, state, data, data.test()))["kl_divergence"]
    assert values.mean() == pytest.approx(4 / 800, rel=0.06)
