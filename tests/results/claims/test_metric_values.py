import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.results.claims.metric_values import metric_values

NLL = Column("nll", "lower", "linear", "none")
TABLE = pd.DataFrame(
    [
        (0, 7, 0, False, 1.0),
        (0, 7, 1, False, 2.0),
        (0, 3, 0, False, 3.0),
        (0, 3, 1, True, np.nan),
        (1, 7, 0, False, 4.0),
    ],
    columns=["cell", "seed", "generation", "diverged", "nll"],
)


def test_values_are_in_the_order_of_seeds_and_generations() -> None:
    values = metric_values(TABLE, NLL, (3, 7))
    np.testing.assert_array_equal(values.at(0, (1, 0)), [[np.inf, 3.0], [2.0, 1.0]])
    np.testing.assert_array_equal(values.at(1, (0,)), [[np.nan], [4.0]])
    assert np.isnan(values.at(2, (0,))).all()


def test_a_diverged_model_has_the_infinite_value_on_the_worse_side() -> None:
    higher_is_better = Column("nll", "higher", "linear", "none")
    assert metric_values(TABLE, higher_is_better, (3,)).at(0, (1,)).item() == -np.inf


def test_coverage_counts_missing_and_diverged_seeds() -> None:
    coverage = metric_values(TABLE, NLL, (3, 7)).coverage([(0, (0, 1)), (1, (0,))], logarithms=False)
    assert coverage.complete.tolist() == [False, True]
    assert coverage.missing == {1: 1}
    assert coverage.diverged == {0: 1}
    assert coverage.infinite == {}


def test_coverage_counts_infinite_values_and_on_a_log_scale_zeros() -> None:
    table = TABLE.assign(nll=[np.inf, 2.0, 0.0, np.nan, 4.0])
    values = metric_values(table, NLL, (3, 7))
    assert values.coverage([(0, (0,)), (1, (0,))], logarithms=False).infinite == {0: 1}
    assert values.coverage([(0, (0,)), (1, (0,))], logarithms=True).infinite == {0: 2}
    # Seed 3 diverges at generation 1, which is told already.
    assert values.coverage([(0, (0, 1))], logarithms=True).infinite == {0: 1}


def test_seeds_without_a_recorded_end_did_not_end() -> None:
    assert np.isnan(metric_values(TABLE, NLL, (3, 7)).ended(0)).all()
    ended = TABLE.assign(ended_generation=np.where(TABLE["seed"] == 7, 1.0, np.nan))
    np.testing.assert_array_equal(metric_values(ended, NLL, (3, 7)).ended(0), [np.nan, 1.0])
