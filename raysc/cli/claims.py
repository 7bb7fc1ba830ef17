"""raysc claims: what the sweep file says, judged by the table."""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, open_console, open_sweep
from raysc.errors import RayscError

if TYPE_CHECKING:
    from raysc.results.claims.judging import JudgedClaim

MOST_CASES = 8
"""Cases of a claim that are printed; --json has all of them."""


def claims(
    sweep_file: SweepArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, with every case.")] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Judge each claim of a sweep: it holds, fails or is undecided. Status 1 if one is not as the file expects it."""
    from raysc.planning.resolved import lines
    from raysc.results.claims.claim_text import judged_text, tally
    from raysc.results.claims.judging import judge_claims
    from raysc.results.table.table import load_table

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    judged = judge_claims(sweep, load_table(sweep, objects), lines(sweep))
    if as_json:
        typer.echo(json.dumps([plain(one) for one in judged], indent=1, allow_nan=False))
    else:
        console = open_console()
        for one in judged:
            console.print(judged_text(one, MOST_CASES))
        console.print(f"{sweep.name}: {tally(judged) if judged else 'its file makes no claims'}")
    surprises = [one.claim.says for one in judged if one.surprises]
    if surprises:
        raise RayscError(f"not as the sweep file expects: {'; '.join(surprises)}")


def plain(judged: "JudgedClaim") -> dict[str, Any]:
    """A judged claim as a plain object; numbers that are not there are None."""
    claim = judged.claim
    return {
        "says": claim.says,
        "source": claim.source,
        "metric": claim.metric,
        "relation": claim.relation,
        "by": claim.by,
        "unit": judged.unit,
        "expected": "holds" if claim.fails is None else "fails",
        "verdict": judged.verdict,
        "cases": [
            {
                "where": dict(case.where),
                "verdict": case.verdict,
                "value": _finite(case.value),
                "low": _finite(case.low),
                "high": _finite(case.high),
                "level": case.level,
                "p": case.p,
                "generation": case.generation,
                "seeds": case.seeds,
                "why": case.why,
                "diverged": {str(cell): count for cell, count in case.diverged.items()},
            }
            for case in judged.cases
        ],
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
