"""Mutated inputs of every kind, and inputs that failed once: they are read, or refused in one sentence."""

from pathlib import Path

import pytest

from tests.fuzzing import campaign
from tests.fuzzing.campaign import KINDS, Job, jobs_in_groups, load_kind, read_all
from tests.fuzzing.failing_inputs import kept_inputs

INPUTS = 2000
"""Inputs of each kind; slow kinds get fewer."""
PROCESSES = 2


@pytest.mark.slow
def test_kept_and_mutated_inputs_are_read_or_refused() -> None:
    figures = read_all(jobs_in_groups([*KINDS], INPUTS), PROCESSES)
    assert {kind: of_kind.violations for kind, of_kind in figures.items() if of_kind.violations} == {}
    for kind, of_kind in figures.items():
        assert of_kind.inputs == INPUTS // campaign.SLOW.get(kind, 1) + len(kept_inputs(kind)), kind
    assert sum(len(kept_inputs(kind)) for kind in KINDS) > 0


@pytest.mark.slow
def test_an_input_that_ends_or_stops_its_process_is_one_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "WALL_LIMIT", 5.0)
    kind = load_kind("crashing", tmp_path)
    inputs = [kind.input(seed)[1] for seed in range(100)]
    seeds = [inputs.index(data) for data in (b"1", b"3", b"5", b"7")]
    (figures,) = read_all([[Job("crashing", seed, seed + 1) for seed in seeds]], 1).values()
    assert figures.read == 2
    assert figures.violations == [(seeds[1], "the process ended with -6"), (seeds[2], "no answer in 5.0 s")]
