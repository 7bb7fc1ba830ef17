"""raysc score: run a mitigation of one's own on the benchmark."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from raysc import registry
from raysc.cli.arguments import Storage
from raysc.cli.benchmark.leaderboard import print_leaderboard, read_with_notes
from raysc.cli.shipped import shipped
from raysc.display import ConsoleDisplay, open_console
from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.settings import UNCURATED
from raysc.sweepfile.cells import REAL_ONLY
from raysc.sweepfile.components import ComponentChecker
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.yaml_reader import read_value

DEFAULT = "gaussian"
"""The data set that takes a minute."""


def score(
    regime: Annotated[
        str, typer.Option(help="A regime as in a sweep file: a name, module:Name, or {name: ..., ...}.")
    ] = "mix",
    curation: Annotated[str, typer.Option(help="A curation on top of it, written likewise.")] = "none",
    on: Annotated[
        list[str] | None, typer.Option(help=f"Data set of the benchmark, {DEFAULT} unless given; may be repeated.")
    ] = None,
    storage: Storage = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS. Else this machine.")] = None,
) -> None:
    """Run a mitigation on the benchmark, at lambda 1, and print the leaderboard of the store.

    The loop without a mitigation runs too, for comparison. What is published is not run again. Plug-ins are modules of
    this folder.
    """
    from raysc.results.leaderboard.benchmark import BASELINE, benchmark_files, searched_data, sweep_with
    from raysc.runner import RunOptions, run_sweep

    files = benchmark_files(shipped())
    names = [name for name in files if searched_data(name) is None]
    for name in on or ():
        if name not in names:
            raise InputError(f"--on {name}: no data set of the benchmark{did_you_mean(name, names)}")
    registry.add_plugin_folder(Path.cwd())
    mitigation = (_component("regime", regime), _component("curation", curation))
    rules = ((BASELINE, UNCURATED), mitigation)
    # All are read before the first one runs, so that a mistake comes before work starts.
    sweeps = [open_sweep(sweep_with(files[name], *pair), storage) for name in on or [DEFAULT] for pair in rules]
    display = ConsoleDisplay(open_console())
    outcomes = [run_sweep(sweep, objects, display, RunOptions(address)) for sweep, objects in sweeps]
    print_leaderboard(read_with_notes([sweeps[0][1]], files))
    if any(outcome.failures for outcome in outcomes):
        raise typer.Exit(1)


def _component(kind: Literal["regime", "curation"], text: str) -> Any:
    """Return the plain value of an option that is YAML.

    Raises:
        InputError: it is no component of this kind, or the regime of the control.
    """
    option = f"--{kind}"
    value, _ = read_value(text, lambda line: option)
    checked = ComponentChecker(registry).check(kind, value, option, _option_error)
    if checked.component.name == REAL_ONLY:
        raise InputError(f"{option} {REAL_ONLY}: this is the control, which runs beside every mitigation; give another")
    return value


def _option_error(option: str, problem: str) -> InputError:
    return InputError(f"{option}: {problem}")
