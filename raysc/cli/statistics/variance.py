"""raysc variance: how much of a metric's variance comes from the data, generation 0, training and sampling."""

import json
from typing import Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.cli.results import json_objects
from raysc.cli.results_text import print_plain_table
from raysc.planning.open_sweep import no_results, open_sweep


def variance(
    sweep_file: SweepArgument,
    metric: Annotated[str | None, typer.Option(help="A column of the table; the first metric if not given.")] = None,
    generation: Annotated[str, typer.Option(help="last, all or a number.")] = "last",
    terms: Annotated[
        bool,
        typer.Option(
            "--terms",
            help="Sum them to finite samples, optimisation and generation 0; a term is empty where none of its "
            "purposes has several seeds.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a list of objects, one per cell, generation and component.")
    ] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Estimate the components of a metric's variance, for a sweep with seeds by purpose.

    The components are those of a crossed design with random effects, with 95 % intervals; of the logarithm of metrics
    whose means are geometric.
    """
    from raysc.planning.resolved import measured_generations, resolve
    from raysc.results.table.selection import at_generation, metric_column
    from raysc.results.table.table import load_table
    from raysc.results.table.variance import terms_frame, variance_frame, variance_texts

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved, column = resolve(sweep), metric_column(sweep, metric)
    table = load_table(resolved, objects)
    if table.empty:
        raise no_results(sweep, objects)
    tabulate = terms_frame if terms else variance_frame
    components = tabulate(resolved, at_generation(table, generation, measured_generations(sweep)), column)
    if as_json:
        typer.echo(json.dumps(json_objects(components), indent=1, allow_nan=False))
        return
    typer.echo(f"{sweep.name}: components of the variance of {'log ' * column.geometric}{column.name}")
    print_plain_table(variance_texts(components), ("regime", "component", "purposes"))
