"""Shipped sweeps on regimes and curations: their claims hold, and fail where the rule is broken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.curation.corrected import Corrected
from raysc.curation.detector_weighted import DetectorWeighted
from raysc.curation.linear_verifier import LinearVerifier
from raysc.curation.luce import Luce
from raysc.curation.top_alpha import TopAlpha
from raysc.regimes.grown import Grown
from raysc.regimes.incremental import Incremental
from raysc.regimes.proportions import Proportions
from raysc.regimes.recipe import Recipe, Take
from raysc.regimes.shares import Shares
from raysc.regimes.window import Window
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]

FILES: dict[str, tuple[str, ...]] = {
    "shares_discrete": ("seeds=20",),
    "grown_gaussian": ("seeds=60",),
    "verifier_regression": ("seeds=12",),
    "top_alpha_accumulate": ("seeds=6",),
    "luce_discrete": ("seeds=5",),
    "edited_regression": ("seeds=60",),
    "corrected_gaussian": ("seeds=8", "data.rows=1000"),
    "window_gaussian": ("seeds=8", "data.rows=4000"),
    "strong_collapse_regression": ("seeds=10",),
    "cycles_discrete": ("seeds=30",),
    "detector_verifier": ("seeds=10", "loop.generations=20", "measure=[0, 20]"),
}
"""File -> overrides that make its run short."""

EXPECTED_FAILURE = {"edited_regression": ["half of the labels, and half as many each time"]}


@pytest.mark.parametrize("name", FILES)
def test_claims_hold_or_are_undecided_with_few_seeds(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    judged = judge(name, tmp_path, run_sweep, *FILES[name])
    failed = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert [says.partition(": ")[0] for says in failed] == EXPECTED_FAILURE.get(name, [])
    holding = list(judged.verdicts.values()).count("holds")
    assert holding >= len(judged.verdicts) / 3, judged.verdicts


def without_selection(self: Any, take: Take) -> Take:
    return take


def changed(**changes: Callable[[Any], Any]) -> Callable[..., Recipe]:
    """Return a broken ``recipe``: that of the regime with other parameters."""

    def recipe(self: Any, *arguments: Any) -> Recipe:
        values = {name: change(getattr(self, name)) for name, change in changes.items()}
        answer: Recipe = ORIGINALS[type(self)](replace(self, **values), *arguments)
        return answer

    return recipe


ORIGINALS = {cls: cls.recipe for cls in (Shares, Grown, Incremental, Proportions, Window)}

BROKEN: dict[str, tuple[type, str, Callable[..., Any], int]] = {
    "shares_discrete": (Shares, "recipe", changed(real=lambda real: real / 2), 4),
    "grown_gaussian": (Grown, "recipe", changed(power=lambda power: 0.0), 3),
    "verifier_regression": (LinearVerifier, "curate", without_selection, 5),
    "top_alpha_accumulate": (TopAlpha, "curate", without_selection, 4),
    "luce_discrete": (Luce, "curate", without_selection, 6),
    "edited_regression": (Incremental, "recipe", changed(decay=lambda decay: 1.0), 2),
    "corrected_gaussian": (Corrected, "curate", without_selection, 5),
    "window_gaussian": (Window, "recipe", changed(width=lambda width: width + 1), 3),
    "strong_collapse_regression": (Shares, "recipe", changed(real=np.square), 2),
    "cycles_discrete": (Proportions, "recipe", changed(base=lambda base: 0.01), 1),
    "detector_verifier": (DetectorWeighted, "curate", without_selection, 1),
}
"""File -> a broken part of its rule, and the number of claims that fail at least."""


@pytest.mark.parametrize("name", BROKEN)
def test_claims_fail_if_the_rule_is_broken(
    name: str, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cls, method, broken, count = BROKEN[name]
    monkeypatch.setattr(cls, method, broken)
    verdicts = judge(name, tmp_path, run_sweep, *FILES[name]).verdicts
    failed = [says for says, verdict in verdicts.items() if verdict == "fails"]
    assert len(failed) >= count, verdicts
