"""raysc score: run a mitigation of one's own on the benchmark."""

from pathlib import Path
from typing import Annotated, Any

import typer

from raysc import registry
from raysc.cli.arguments import Storage
from raysc.cli.benchmark.leaderboard import print_leaderboard
from raysc.cli.shipped import shipped
from raysc.display import ConsoleDisplay, open_console
from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.settings import UNCURATED
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
    from raysc.results.leaderboard.leaderboard import read_leaderboard
    from raysc.runner import RunOptions, run_sweep

    files = benchmark_files(shipped())
    names = [name for name in files if searched_data(name) is None]
    for name in on or ():
        if name not in names:
            raise InputError(f"--on {name}: no data set of the benchmark{did_you_mean(name, names)}")
    mitigation = (_plain("--regime", regime), _plain("--curation", curation))
    registry.add_plugin_folder(Path.cwd())
    rules = ((BASELINE, UNCURATED), mitigation)
    # All are read before the first one runs, so that a mistake comes before work starts.
    sweeps = [open_sweep(sweep_with(files[name], *pair), storage) for name in on or [DEFAULT] for pair in rules]
    display = ConsoleDisplay(open_console())
    outcomes = [run_sweep(sweep, objects, display, RunOptions(address)) for sweep, objects in sweeps]
    print_leaderboard(read_leaderboard([sweeps[0][1]], files))
    if any(outcome.failures for outcome in outcomes):
        raise typer.Exit(1)


def _plain(option: str, text: str) -> Any:
    """Return the plain value of an option that is YAML."""
    value, _ = read_value(text, lambda line: option)
    if isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("name"), str)):
        return value
    raise InputError(f"{option} {text}: expected a name, module:Name, or a mapping such as {{name: window, width: 3}}")
