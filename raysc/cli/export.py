"""raysc export: the results of a sweep in one zip file, for a paper's supplement."""

from pathlib import Path
from typing import Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.errors import InputError
from raysc.planning.open_sweep import no_results, open_sweep


def export(
    sweep_file: SweepArgument,
    out: Annotated[
        Path | None, typer.Option(help="The zip file to write; NAME-supplement.zip if not given.", dir_okay=False)
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Write table, claims, figures, sweep file, versions and checksums as one zip file, for a paper's supplement."""
    from raysc.cluster.plugin_shipping import plugin_files, plugin_modules
    from raysc.planning.plan import make_plan
    from raysc.results.supplement.archive import write_archive
    from raysc.results.supplement.checksums import CHECKSUMS, checksums_text, digest
    from raysc.results.supplement.contents import supplement_contents
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    target = out or Path(f"{sweep.name}-supplement.zip")
    if not target.parent.is_dir():  # before the figures are drawn, which takes a while
        raise InputError(f"{target}: cannot be written: there is no folder {target.parent}")
    resolved = resolve_in_store(sweep, objects)
    table, plan = load_table(resolved, objects), make_plan(resolved, objects)
    if table.empty:
        raise no_results(sweep, objects)
    files = supplement_contents(plan, table, objects, plugin_files(plugin_modules(resolved)))
    supplement = write_archive({**files, CHECKSUMS: checksums_text(files).encode()})
    try:
        target.write_bytes(supplement)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from None
    if plan.units:
        typer.echo(f"note: the sweep is not complete: {plan.done} generations are done, {plan.to_do} to do")
    typer.echo(f"wrote {target} ({len(files)} members and their checksums, sha256 {digest([supplement])})")
