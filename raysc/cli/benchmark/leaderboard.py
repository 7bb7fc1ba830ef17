"""raysc leaderboard: mitigations of the benchmark, scored from the results of any number of stores."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.results import json_objects
from raysc.cli.results_text import print_plain_table
from raysc.cli.shipped import shipped
from raysc.formatting import printable
from raysc.planning.open_sweep import open_existing_store

if TYPE_CHECKING:
    from raysc.results.leaderboard.benchmark import BenchmarkFile
    from raysc.results.leaderboard.leaderboard import Leaderboard, SourceChecksum
    from raysc.store.objects import Objects

LEFT = ("data", "mitigation")
"""Columns of texts."""


def leaderboard(
    stores: Annotated[list[str], typer.Argument(metavar="STORE...", help="Stores: folders or URIs.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a table in Markdown.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a table in LaTeX, with booktabs.")] = False,
) -> None:
    """Score the mitigations of the benchmark: damage, gain over no mitigation, lambda*, cost, with 95 % intervals.

    A store with a frozen sweep that has other keys is refused. A sweep of a mitigation of one's own that does not keep
    to the benchmark is left out, with a note. docs/benchmark.md defines the scores.
    """
    from raysc.results.leaderboard.benchmark import benchmark_files
    from raysc.results.leaderboard.leaderboard import text_table
    from raysc.results.table import markup

    scored = read_with_notes([open_existing_store(store) for store in stores], benchmark_files(shipped()))
    if as_json:
        checksums = {(source.data, source.store): source.sha256 for source in scored.sources}
        digests = [checksums[pair] for pair in zip(scored.rows["data"], scored.rows["store"], strict=True)]
        typer.echo(json.dumps(json_objects(scored.rows.assign(sha256=digests)), indent=1, allow_nan=False))
        return
    table = text_table(scored.rows)
    headings = [str(name) for name in table]
    # Names come from stores of any origin.
    rows = [[printable(text) for text in row] for row in table.to_numpy().tolist()]
    if not rows:
        print_leaderboard(scored)
    elif as_latex:
        headings = [markup.latex_text(name) for name in headings]
        typer.echo(markup.latex(headings, rows, LEFT), nl=False)
        typer.echo(_checksum_lines(scored.sources, "% "))
    elif as_markdown:
        typer.echo(markup.markdown(headings, rows, LEFT), nl=False)
        typer.echo(f"\n{_checksum_lines(scored.sources, '    ')}")
    else:
        print_leaderboard(scored)


def read_with_notes(stores: Sequence["Objects"], files: Mapping[str, "BenchmarkFile"]) -> "Leaderboard":
    """Read the leaderboard of some stores, and print the notes on sweeps that are left out on the error output."""
    from raysc.results.leaderboard.leaderboard import read_leaderboard

    scored = read_leaderboard(stores, files)
    for note in scored.notes:
        typer.echo(printable(f"note: {note}"), err=True)
    return scored


def print_leaderboard(scored: "Leaderboard") -> None:
    """Print the table, and the checksums of what it stands on."""
    from raysc.results.leaderboard.leaderboard import text_table

    if scored.rows.empty:
        typer.echo("no complete seed yet")
        return
    print_plain_table(text_table(scored.rows), LEFT)
    typer.echo(_checksum_lines(scored.sources, ""))


def _checksum_lines(sources: Sequence["SourceChecksum"], prefix: str) -> str:
    """Return a line for each data set and store."""
    return "\n".join(
        printable(f"{prefix}sha256 {source.sha256} of {source.data} in {source.store}") for source in sources
    )
