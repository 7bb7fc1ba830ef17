"""raysc sweep --debug: one cell and one seed in this process, with a debugger at errors."""

import sys
import traceback
from bdb import BdbQuit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from raysc.errors import InputError, RayscError
from raysc.formatting import printable
from raysc.seeds import seed_text

if TYPE_CHECKING:
    from raysc.sweepfile import Sweep


def debug(sweep: "Sweep", storage: str | None, cell: int | None, seed: int | None) -> None:
    """Run one seed of one cell in this process, and print the metrics of its generations.

    Args:
        sweep: the sweep.
        storage: a folder or URI that keeps the results; None: a temporary folder.
        cell: number of the cell; None: the first one.
        seed: the seed; None: the first one.
    """
    from raysc.execution.debugging import run_all_units, single_seed
    from raysc.planning.resolved import resolve
    from raysc.planning.validation import validate
    from raysc.results.plots.labels import cell_label
    from raysc.store.objects import Objects

    single = single_seed(sweep, cell, seed)
    with nullcontext(storage) if storage else TemporaryDirectory(prefix="raysc-debug-") as place, _debugged():
        resolved = resolve(single)
        validate(resolved)
        label = cell_label(resolved.cells[0])
        name = f"cell {cell or 0} ({label}), seed {seed_text(single.seeds[0])}"
        kept = "" if storage else "; nothing is stored"
        typer.echo(printable(f"{name}, in this process, without Ray{kept}"))
        if not run_all_units(resolved, Objects.open(place), _print_means):
            typer.echo(f"nothing to do: {place} has all of it")


def _print_means(columns: Mapping[str, Any]) -> None:
    """Print ``generation 3: mean_error 0.012``, or ``model 1, generation 3: ...``; floors of real rows are left out."""
    index = [name for name in ("model", "generation") if name in columns]
    values = [f"{name} {value:.4g}" for name, value in columns.items() if name not in index and "_floor" not in name]
    label = ", ".join(f"{name} {columns[name]}" for name in index)
    typer.echo(printable(f"{label}: {', '.join(values)}"))


@contextmanager
def _debugged() -> Iterator[None]:
    """Print the traceback of an error of a component; in a terminal, open pdb where it was raised."""
    from raysc.results.failure_reasons import failure_reason

    try:
        yield
    except BdbQuit:  # "q" in the debugger
        raise typer.Exit(1) from None
    except Exception as error:
        cause = _component_error(error)
        text = "".join(traceback.format_exception(cause))
        print(f"{text}{printable(failure_reason(text))}", file=sys.stderr)
        if sys.stdin.isatty() and sys.stdout.isatty():
            import pdb  # noqa: T100

            pdb.post_mortem(cause.__traceback__)
        raise typer.Exit(1) from None


def _component_error(error: Exception) -> Exception:
    """Return the error that a component raised, behind the refusal that it became.

    Raises:
        RayscError: the error is a refusal of raysc, whose message says all.
    """
    from raysc.machine.plugin_modules import is_recorded

    cause = error.__cause__ if isinstance(error, InputError) and isinstance(error.__cause__, Exception) else error
    frames = traceback.extract_tb(cause.__traceback__)
    if isinstance(error, RayscError) and not any(is_recorded(frame.filename) for frame in frames):
        raise error
    return cause
