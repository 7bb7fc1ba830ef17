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
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.yaml_reader import read_value


def score(
    regime: Annotated[
        str, typer.Option(help="A regime as in a sweep file: a name, module:Name, or {name: ..., ...}.")
    ] = "mix",
    curation: Annotated[str, typer.Option(help="A curation on top of it, written likewise.")] = "none",
    on: Annotated[list[str] | None, typer.Option(help="Data set of the benchmark; may be repeated.")] = None,
    storage: Storage = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS. Else this machine.")] = None,
) -> None:
    """Run a mitigation on the benchmark, at lambda 1, and print the leaderboard of the store.

    Plug-ins are modules of this folder. What is published is not run again.
    """
    from raysc.results.leaderboard.benchmark import benchmark_files, sweep_with
    from raysc.results.leaderboard.leaderboard import read_leaderboard
    from raysc.runner import RunOptions, run_sweep

    files = benchmark_files(shipped())
    values = [_plain("--regime", regime), _plain("--curation", curation)]
    registry.add_plugin_folder(Path.cwd())
    console, failures = open_console(), 0
    stores = []
    for name in on or ["gaussian"]:
        if name not in files:
            raise InputError(f"--on {name}: no data set of the benchmark{did_you_mean(name, list(files))}")
        sweep, objects = open_sweep(sweep_with(files[name], *values), storage)
        outcome = run_sweep(sweep, objects, ConsoleDisplay(console), RunOptions(address))
        failures += len(outcome.failures)
        stores.append(objects)
    print_leaderboard(read_leaderboard(stores[:1], files))
    if failures:
        raise typer.Exit(1)


def _plain(option: str, text: str) -> Any:
    """Return the plain value of an option that is YAML."""
    value, _ = read_value(text, lambda line: option)
    if isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("name"), str)):
        return value
    raise InputError(f"{option} {text}: expected a name, module:Name, or a mapping such as {{name: window, width: 3}}")
