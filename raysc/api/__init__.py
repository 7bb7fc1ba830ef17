"""The Python interface: run a sweep; read its table, figures, rows and models.

A sweep is a file, or a dict with the keys of a sweep file:

>>> import raysc
>>> results = raysc.sweep({
...     "name": "spread",
...     "data": {"name": "gaussian", "dim": 2, "rows": 50},
...     "model": "gaussian",
...     "loop": {"generations": 5},
...     "space": {"regime": ["replace", "accumulate"]},
...     "seeds": 20,
...     "metrics": ["trace_ratio"],
... })
spread: 3 cells x 20 seeds x 5 generations...
>>> table = results.frame()
>>> sorted(table["regime"].unique())
['accumulate', 'real_only', 'replace']
>>> results.figure("trace_ratio", by="regime").savefig("trace_ratio.pdf")

``plan`` says what would run, and runs nothing:

>>> raysc.plan("spread").to_do
0

``load`` opens the results of a sweep and runs nothing. Rows and models are read on access:

>>> results = raysc.load("spread")
>>> generation = results.generation(cell=0, seed=3, t=5)
>>> generation.rows.shape
(50, 2)
>>> generation.model["mean"].shape
(1, 2)
>>> len(results.tune)
3
"""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from raysc.api.results import Results as Results
from raysc.errors import InputError, RayscError

if TYPE_CHECKING:
    from raysc.api.sweep_plan import SweepPlan
    from raysc.display import Display

SweepSource = str | PathLike[str] | Mapping[str, Any]
"""A sweep file, a sweep's folder in a store or its name there, or a mapping with the keys of a sweep file."""


def sweep(
    source: SweepSource,
    *,
    overrides: Sequence[str] | str = (),
    storage: str | PathLike[str] | None = None,
    address: str | None = None,
    display: "Display | None" = None,
) -> "Results":
    """Run what is missing of a sweep, as ``raysc sweep`` does; safe to repeat.

    The state of the process is restored at the end: module search path, environment variables, loggers, signal
    handlers and warning filters.

    Args:
        source: a sweep file, or a dict with its keys; a dict needs a ``name``.
        overrides: ``a.b=c``, as ``--set``.
        storage: a folder or URI; else RAYSC_STORAGE, the file's, ./raysc-store.
        address: a Ray cluster; a Ray that is connected already is used.
        display: shows progress; the notebook's or the standard output if not given.

    Returns:
        Its results.

    Raises:
        InputError: the sweep cannot work; nothing was started.
        RayscError: units failed; everything else is published, and ``load`` shows it.
    """
    from raysc.display import open_display
    from raysc.machine.process_state import restored_process_state
    from raysc.runner import RunOptions, run_sweep

    with restored_process_state():
        results = _open(source, storage, overrides)
        display = display or open_display()
        outcome = run_sweep(results.sweep, results.objects, display, RunOptions(address))
    if outcome.failures:
        last = next(iter(outcome.failures.values())).strip().splitlines()[-1]
        raise RayscError(
            f"{len(outcome.failures)} units of {results.sweep.name} failed, one with: {last}; tracebacks: "
            f"{results.objects.uri}/sweeps/{results.sweep.name}/failures/; raysc.load shows the rest"
        )
    return results


def load(
    source: SweepSource, *, overrides: Sequence[str] | str = (), storage: str | PathLike[str] | None = None
) -> "Results":
    """Open the results of a sweep, as far as its store has them. Nothing is run, and no Ray is needed.

    Files are read anew at each call, also those of plug-ins that were edited. The module search path stays as it is.

    Args:
        source: a sweep file, a sweep's folder in the store or its name there, or a dict as for ``sweep``.
        overrides: ``a.b=c``, as ``--set``.
        storage: a folder or URI; else RAYSC_STORAGE, the file's, ./raysc-store.

    Raises:
        InputError: the sweep does not exist or cannot work.
    """
    from raysc.machine.process_state import restored_module_path

    with restored_module_path():
        return _open(source, storage, overrides)


def plan(
    source: SweepSource, *, overrides: Sequence[str] | str = (), storage: str | PathLike[str] | None = None
) -> "SweepPlan":
    """Say what ``sweep`` would run, and why; checks the sweep as ``raysc plan`` does, and runs nothing.

    Args:
        source: a sweep file, a sweep's folder in the store or its name there, or a dict as for ``sweep``.
        overrides: ``a.b=c``, as ``--set``.
        storage: a folder or URI; else RAYSC_STORAGE, the file's, ./raysc-store.

    Raises:
        InputError: the sweep cannot work.
    """
    from raysc.api.sweep_plan import sweep_plan
    from raysc.machine.process_state import restored_module_path

    with restored_module_path():
        results = _open(source, storage, overrides)
        return sweep_plan(results.sweep, results.objects)


def _open(source: SweepSource, storage: str | PathLike[str] | None, overrides: Sequence[str] | str) -> "Results":
    """Read a sweep and open its store; folders of plug-ins are added to the module search path."""
    from raysc.planning.open_sweep import open_sweep

    try:
        path = source if isinstance(source, Mapping) else fspath(source)
    except TypeError:
        raise InputError(
            f"expected a sweep file, a name or a dict with the keys of a sweep file, got {type(source).__name__}"
        ) from None
    return Results(*open_sweep(path, storage, overrides))
