"""Generations whose weights did not move: recorded when they are trained, and named wherever results are read."""

from collections.abc import Callable

import pandas as pd
import pytest
from torch import Tensor

from raysc.models.flows.flow_matching import FlowMatching
from raysc.planning.resolved import resolve
from raysc.results.claims.judging import judge_claims
from raysc.results.profile.profile import collapse_profile
from raysc.results.report.failures import AffectedSeeds, unmoved_weights
from raysc.results.table.summary import summary
from raysc.results.table.table import load_table
from raysc.results.table.unmoved_weights import unmoved_generations
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

CLAIMS = """\
claims:
  - says: no collapse
    metric: "recall[pixels]"
    of: {regime: mix}
    than: control
    relation: within
    by: 100
"""
ONE_CELL = ("seeds=3", "space.regime=mix", "space.initial.steps=4", "loop.train={optimizer_state: reset}")

Store = tuple[Sweep, Objects]


@pytest.fixture(scope="module")
def frozen_store(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path_factory: pytest.TempPathFactory
) -> Store:
    """A finished sweep whose cell, not its control, has zero gradients from generation 1 on."""
    sweep = make_sweep(digits_text + CLAIMS, *ONE_CELL)
    objects = Objects.open(str(tmp_path_factory.mktemp("store")))
    loss: Callable[..., Tensor] = FlowMatching.loss
    run_sweep(make_sweep(digits_text, *ONE_CELL, "space.regime=real_only", "space.lambda=0"), objects)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FlowMatching, "loss", lambda *arguments: loss(*arguments) * 0)
        run_sweep(sweep, objects)
    return sweep, objects


@pytest.fixture(scope="module")
def table(frozen_store: Store) -> pd.DataFrame:
    return load_table(resolve(frozen_store[0]), frozen_store[1])


def test_the_first_unmoved_generation_of_each_seed_is_known(table: pd.DataFrame) -> None:
    assert unmoved_generations(table) == {0: {0: 1, 1: 1, 2: 1}}
    assert (table["skipped_steps"] == 0).all()
    assert unmoved_generations(table.drop(columns="weights_moved")) == {}


def test_the_summary_and_the_report_name_it(frozen_store: Store, table: pd.DataFrame) -> None:
    sweep, _ = frozen_store
    assert "unmoved" in [str(column.header) for column in summary(sweep, table, 200).columns]
    (affected,) = unmoved_weights(table, resolve(sweep).cells)
    assert affected == AffectedSeeds(affected.cell, {0: 1, 1: 1, 2: 1}, 3)
    assert affected.cell.startswith("mix")


def test_no_claim_and_no_definition_of_collapse_is_decided(frozen_store: Store, table: pd.DataFrame) -> None:
    resolved = resolve(frozen_store[0])
    (claim,) = judge_claims(resolved, table)
    assert claim.verdict == "undecided"
    assert claim.cases[0].why.startswith("weights did not move: cell 0 (mix")
    (claim,) = judge_claims(resolved, table.drop(columns="weights_moved"))
    assert claim.verdict == "holds", "without the record it would pass for no collapse"
    (profile,) = collapse_profile(resolved, table).cells
    measured = [estimate for estimate in profile.estimates.values() if estimate.finding != "not measured"]
    assert {(estimate.finding, estimate.note) for estimate in measured} == {
        ("undecided", "weights did not move in 3 seeds")
    }


def test_ordinary_generations_have_no_further_columns(digits_store: Store) -> None:
    sweep, objects = digits_store
    assert not {"weights_moved", "skipped_steps"} & set(load_table(resolve(sweep), objects))
    assert "unmoved" not in [
        str(column.header) for column in summary(sweep, load_table(resolve(sweep), objects)).columns
    ]
