"""Components of the variance of a metric, summed to terms."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.results.table.variance import TOTAL, terms_frame, variance_frame
from tests.conftest import MakeSweep

ERROR = Column("error", "lower", "linear", "none")


@pytest.fixture
def crossed(make_sweep: MakeSweep, digits_text: str) -> tuple[ResolvedSweep, pd.DataFrame]:
    """A sweep of trained models with one train seed, and a table in which all components are large."""
    sweep = make_sweep(digits_text, "seeds={data: 4, initial: 3, sample: 3}", "space={regime: replace}")
    rng, shapes = np.random.default_rng(0), product((1, 4), (1, 3), (1, 3))
    values = np.sum([np.broadcast_to(rng.normal(0, 36 / np.prod(shape), shape), (4, 3, 3)) for shape in shapes], axis=0)
    columns = {"cell": 0, "generation": 2, "seed": sweep.seeds, "diverged": False, "error": values.ravel()}
    return resolve(sweep), pd.DataFrame(columns)


def test_terms_are_sums_of_components(crossed: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    parts, terms = (make(*crossed, ERROR).set_index("component")["variance"] for make in (variance_frame, terms_frame))
    finite_samples = ["data", "sample", "data x sample", "initial x sample", "data x initial x sample"]
    assert (parts > 0).all(), "a negative estimate is reported as 0, which breaks the sums"
    assert terms["finite samples"] == pytest.approx(parts[finite_samples].sum())
    assert terms["generation 0"] == pytest.approx(parts[["initial", "data x initial"]].sum())
    assert terms[TOTAL] == parts[TOTAL]


def test_a_term_whose_purposes_have_one_seed_each_is_not_known(crossed: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    terms = terms_frame(*crossed, ERROR).set_index("component")
    assert terms.loc["optimisation", ["variance", "low", "high", "share"]].isna().all()
    assert terms["purposes"].to_dict() == {
        "finite samples": "data, sample",
        "optimisation": "none",
        "generation 0": "initial",
        "total": "data, initial, sample",
    }
