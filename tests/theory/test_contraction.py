"""The shipped sweeps on forks: claims hold, and fail where a fork has other random numbers than its loop."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.execution import forks
from raysc.planning.resolved import ResolvedCell
from raysc.rng import model_seeds
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
NAMES = ("contraction_forks", "contraction_graph")
FEW = ("seeds=6", "data.rows=400")


@pytest.mark.parametrize("name", NAMES)
def test_no_claim_fails(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    rows = ("sample.rows=800",) if name == "contraction_graph" else ()
    judged = judge(name, tmp_path, run_sweep, *FEW, *rows)
    assert set(judged.verdicts.values()) <= {"holds", "undecided"}
    assert "holds" in judged.verdicts.values()


class OtherNumbers(ResolvedCell):
    """A cell whose draws have addresses of their own."""

    def stream_seeds(self, seeds: tuple[int, ...]) -> tuple[int, ...]:
        return model_seeds(super().stream_seeds(seeds), 7)


def test_claims_fail_if_a_fork_has_other_random_numbers(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_of = forks.fork_of

    def broken(cell: ResolvedCell) -> ResolvedCell:
        fork = fork_of(cell)
        return OtherNumbers(**{name: getattr(fork, name) for name in ResolvedCell.__dataclass_fields__})

    monkeypatch.setattr(forks, "fork_of", broken)
    judged = judge("contraction_forks", tmp_path, run_sweep, *FEW)
    failing = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert len(failing) == 8, judged.verdicts
