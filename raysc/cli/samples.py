"""raysc samples: pictures of rows across generations, and exports of one generation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from raysc.cli.arguments import Overrides, Seed, Storage, SweepArgument
from raysc.errors import InputError
from raysc.planning.open_sweep import no_results, open_sweep
from raysc.seeds import seed_text, seeds_text

if TYPE_CHECKING:
    from raysc.planning.resolved import ResolvedSweep
    from raysc.store.objects import Objects

ExportFormat = Literal["huggingface", "png"]

COLUMNS = 5
"""Number of generations in a picture, unless they are named."""


def samples(
    sweep_file: SweepArgument,
    seed: Seed = None,
    generations: Annotated[str | None, typer.Option(help="The columns, as in 0,4,8; five if not given.")] = None,
    out: Annotated[Path | None, typer.Option(help="The PNG to write; NAME-samples.png if not given.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Images per panel.")] = 9,
    export: Annotated[
        Path | None, typer.Option(help="Write one generation's rows into this new folder instead.")
    ] = None,
    cell: Annotated[int | None, typer.Option(help="With --export: the cell, as numbered in the table.")] = None,
    generation: Annotated[
        int | None, typer.Option(help="With --export: the generation; the last if not given.")
    ] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="With --export: a data set, or a folder of PNGs.")
    ] = "huggingface",
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Draw a picture of rows: one row per cell, one column per generation, the same latents in every row."""
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved = resolve_in_store(sweep, objects)
    sweep = resolved.sweep
    replicate = sweep.seeds[0] if seed is None else seed
    if replicate not in sweep.seeds:
        raise InputError(f"--seed {seed_text(replicate)}: the sweep has seeds {seeds_text(sweep.seeds)}")
    if export is not None:
        _export(resolved, objects, replicate, export, cell, generation, form)
        return
    columns = (
        [_generation(t, sweep.generations, "--generations") for t in _numbers(generations)] if generations else None
    )
    _draw(resolved, objects, replicate, columns, count, out or Path(f"{sweep.name}-samples.png"))


def _export(
    resolved: "ResolvedSweep",
    objects: "Objects",
    seed: int,
    folder: Path,
    cell: int | None,
    generation: int | None,
    form: ExportFormat,
) -> None:
    """Write the rows of one generation into a new folder."""
    from raysc.models.family import SupportsText
    from raysc.results.samples.card import PUBLISHER_PROPERTIES
    from raysc.results.samples.description import describe
    from raysc.results.samples.export import CROISSANT, export_generation
    from raysc.results.samples.sampled_rows import sampled_rows

    cells = resolved.cells
    if cell is None or not 0 <= cell < len(cells):
        raise InputError(f"--export needs --cell, a number from 0 to {len(cells) - 1}")
    last = cells[cell].generations
    t = _generation(last if generation is None else generation, last, "--generation", f"cell {cell}")
    rows = sampled_rows(cells[cell], seed, t, objects)
    if rows is None:
        raise InputError(f"cell {cell}, seed {seed_text(seed)} has no generation {t}: not run yet, or diverged")
    family = cells[cell].family
    texts = family.texts(rows) if isinstance(family, SupportsText) else None
    try:
        description = describe(resolved.sweep.name, cells[cell], seed, t, len(rows))
        export_generation(rows, folder, form, description, texts)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {folder}")
    typer.echo(f"before you publish it, add {', '.join(PUBLISHER_PROPERTIES)} to {folder / CROISSANT}")


def _draw(
    resolved: "ResolvedSweep", objects: "Objects", seed: int, generations: list[int] | None, count: int, target: Path
) -> None:
    """Draw the picture and write it."""
    from raysc.planning.resolved import measured_generations
    from raysc.results.plots.sample_grid import read_samples, sample_grid_png
    from raysc.results.plots.subset import evenly_spaced

    columns = evenly_spaced(measured_generations(resolved.sweep), COLUMNS) if generations is None else generations
    rows = read_samples(resolved.cells, columns, seed, objects, count)
    if all(panel is None for panel in rows.values()):
        raise no_results(resolved.sweep, objects)
    picture = sample_grid_png(resolved.sweep, resolved.cells, columns, rows)
    try:
        target.write_bytes(picture)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {target}")


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--generations {text}: expected numbers with commas between them, as in 0,4,8") from None


def _generation(t: int, last: int, option: str, holder: str = "the sweep") -> int:
    """Check that a sweep or cell has a generation."""
    if not 0 <= t <= last:
        raise InputError(f"{option} {t}: {holder} has generations 0 to {last}")
    return t
