"""raysc claims: the claims of a sweep file, judged from its table."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.cli.results import json_value
from raysc.display import print_lines
from raysc.errors import RayscError
from raysc.formatting import printable
from raysc.planning.open_sweep import open_sweep

if TYPE_CHECKING:
    from raysc.results.claims.judging import JudgedClaim

MAX_CASES = 8
"""Number of cases of a claim that are printed; --json has all of them."""


def claims(
    sweep_file: SweepArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, with every case.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Status 1 also for an undecided claim that is expected to hold.")
    ] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Judge each claim of a sweep: it holds, fails or is undecided. Status 1 if one is not as the file expects it."""
    from raysc.results.claims.claim_text import claim_text, verdict_counts
    from raysc.results.claims.judging import judge_claims
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved = resolve_in_store(sweep, objects)
    judged = judge_claims(resolved, load_table(resolved, objects))
    if as_json:
        typer.echo(json.dumps([as_object(claim) for claim in judged], indent=1, allow_nan=False))
    else:
        for claim in judged:
            print_lines(claim_text(claim, MAX_CASES))
        print_lines(f"{sweep.name}: {verdict_counts(judged) if judged else 'its file makes no claims'}")
    unexpected = [claim.claim.says for claim in judged if claim.unexpected(strict)]
    if unexpected:
        raise RayscError(f"not as the sweep file expects: {printable('; '.join(unexpected))}")


def as_object(judged: "JudgedClaim") -> dict[str, Any]:
    """Return a judged claim as a JSON object; absent numbers are None, infinite ones the texts inf and -inf."""
    claim = judged.claim
    return {
        "says": claim.says,
        "source": claim.source,
        "metric": claim.metric,
        "relation": claim.relation,
        "by": claim.by,
        "noise": claim.noise,
        "unit": judged.unit,
        "expected": claim.expected,
        "verdict": judged.verdict,
        "cases": [
            {
                "where": dict(case.where),
                "verdict": case.verdict,
                "value": json_value(case.value),
                "low": json_value(case.low),
                "high": json_value(case.high),
                "by": json_value(case.by),
                "p_against": case.p_against,
                "generation": case.generation,
                "seeds": case.seeds,
                "why": case.why,
                "diverged": {str(cell): count for cell, count in case.diverged.items()},
                "infinite": {str(cell): count for cell, count in case.infinite.items()},
            }
            for case in judged.cases
        ],
    }
