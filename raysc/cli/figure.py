"""raysc figure: one metric over generations, for a paper."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.errors import InputError
from raysc.planning.open_sweep import no_results, open_sweep

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*[x,]\s*(\d+(?:\.\d+)?)")
MIN_INCHES, MAX_INCHES = 1.0, 60.0


def figure(
    sweep_file: SweepArgument,
    metric: Annotated[str | None, typer.Option(help="Column of the table; the first metric if not given.")] = None,
    by: Annotated[str | None, typer.Option(help="Axes in which curves differ, as in regime,lambda.")] = None,
    panels: Annotated[str | None, typer.Option(help="Axes in which panels differ.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="AXIS=VALUE", help="Draw these cells only; may be repeated.")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Inches, as in 3.25x2.2.")] = None,
    font: Annotated[str | None, typer.Option(help="serif, sans-serif or the name of a font.")] = None,
    usetex: Annotated[bool, typer.Option("--usetex", help="Let LaTeX set the text.")] = False,
    scale: Annotated[
        Literal["log", "linear"] | None, typer.Option(help="Scale of the y axis, unless the metric's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A .pdf, .svg or .png; NAME-METRIC.pdf if not given.", dir_okay=False)
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Draw a metric over generations for a paper: PDF with embedded fonts, SVG or PNG. A matplotlibrc is honoured."""
    inches = read_size(size)
    suffix = out.suffix.removeprefix(".").lower() if out else "pdf"
    if suffix not in ("pdf", "svg", "png"):
        raise InputError(f"--out {out}: expected a file that ends with .pdf, .svg or .png")

    from raysc.results.plots.figure_cells import read_where
    from raysc.results.plots.paper_figure import FigureOptions, figure_file, paper_figure
    from raysc.results.table.selection import metric_column
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    column = metric_column(sweep, metric)
    options = FigureOptions(_names(by), _names(panels), read_where(where or ()), inches, font, usetex, scale)
    resolved = resolve_in_store(sweep, objects)
    table = load_table(resolved, objects)
    if table.empty:
        raise no_results(sweep, objects)
    plain_name = re.sub(r"[^\w-]+", "-", column.name).strip("-")
    file = out or Path(f"{sweep.name}-{plain_name}.pdf")
    data = figure_file(paper_figure(resolved, table, column, options), suffix)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)


def read_size(text: str | None) -> tuple[float, float] | None:
    """Return width and height in inches from ``3.25x2.2``.

    Raises:
        InputError: it is no size, or too small or large for a figure.
    """
    if text is None:
        return None
    match = SIZE.fullmatch(text.strip())
    size = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if not all(MIN_INCHES <= length <= MAX_INCHES for length in size):
        raise InputError(f"--size {text}: expected width x height from 1 to 60 inches, such as 3.25x2.2")
    return size


def _names(text: str | None) -> list[str] | None:
    """Split names at commas."""
    return [name.strip() for name in text.split(",") if name.strip()] if text is not None else None
