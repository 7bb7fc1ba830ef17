"""Judging of a file of sweeps/theory in this process, with fewer seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from raysc import registry
from raysc.planning.resolved import resolve
from raysc.results.claims.judging import judge_claims
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

FOLDER = Path(__file__).parents[2] / "sweeps/theory"


class Judged(NamedTuple):
    """Verdicts by claim (``says``), and the table."""

    verdicts: dict[str, str]
    table: pd.DataFrame

    def differing(self, expected: str = "holds") -> list[str]:
        """Return the claims with another verdict."""
        return [says for says, verdict in self.verdicts.items() if verdict != expected]


def judge(name: str, folder: Path, run_sweep: Callable[[Sweep, Objects], None], *overrides: str) -> Judged:
    """Run and judge sweeps/theory/NAME.yaml; its results go to a folder."""
    sweep = read_sweep(str(FOLDER / f"{name}.yaml"), overrides, registry)
    objects, resolved = Objects.open(str(folder)), resolve(sweep)
    run_sweep(sweep, objects)
    table = load_table(resolved, objects)
    return Judged({claim.claim.says: claim.verdict for claim in judge_claims(resolved, table)}, table)
