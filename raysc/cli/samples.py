"""raysc samples: pictures of rows across generations, and exports of one generation."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, nothing_yet, open_sweep
from raysc.errors import InputError


def samples(
    sweep_file: SweepArgument,
    seed: Annotated[int | None, typer.Option(help="The replicate; the first one if not given.")] = None,
    generations: Annotated[str | None, typer.Option(help="Which columns, as in 0,4,8; five if not given.")] = None,
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
        Literal["huggingface", "png"], typer.Option("--format", help="With --export: a data set, or a folder of PNGs.")
    ] = "huggingface",
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Draw a picture of rows: one row per cell, one column per generation, the same latents in every row."""
    from raysc.planning.resolved import lines, measured_generations
    from raysc.results.plots.subset import spread
    from raysc.results.samples.sampled_rows import sampled_rows

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    chosen = sweep.seeds[0] if seed is None else seed
    if chosen not in sweep.seeds:
        raise InputError(f"--seed {chosen}: the sweep has seeds {', '.join(map(str, sweep.seeds))}")
    built = lines(sweep)
    if export is not None:
        from raysc.models.family import OfText
        from raysc.results.samples.export import export_rows
        from raysc.results.samples.sampled_rows import where_from

        if cell is None or not 0 <= cell < len(built):
            raise InputError(f"--export needs --cell, a number from 0 to {len(built) - 1}")
        which = _within(sweep.generations if generation is None else generation, sweep.generations, "--generation")
        rows = sampled_rows(built[cell], chosen, which, objects)
        if rows is None:
            raise InputError(f"cell {cell}, seed {chosen} has no generation {which}: not run yet, or diverged")
        family = built[cell].family
        texts = family.texts(rows) if isinstance(family, OfText) else None
        try:
            export_rows(rows, export, form, where_from(built[cell], chosen, which), texts)
        except OSError as error:
            raise InputError(f"{export}: cannot be written: {error.strerror}") from None
        typer.echo(f"wrote {export}")
        return
    from raysc.results.plots.sample_grid import drawn_rows, samples_picture

    if generations:
        columns = [_within(t, sweep.generations, "--generations") for t in _numbers(generations)]
    else:
        columns = spread(measured_generations(sweep), 5)
    target = out or Path(f"{sweep.name}-samples.png")
    drawn = drawn_rows(built, columns, chosen, objects, count)
    if all(rows is None for rows in drawn.values()):
        raise nothing_yet(sweep, objects)
    picture = samples_picture(sweep, built, columns, drawn)
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


def _within(generation: int, last: int, option: str) -> int:
    if not 0 <= generation <= last:
        raise InputError(f"{option} {generation}: the sweep has generations 0 to {last}")
    return generation
