"""The command line: one file per command. A command imports heavy modules when it runs."""

# ruff: noqa: E402

from raysc.cli.interruption import end_at_first_signal

restore_handler = end_at_first_signal()  # the imports below take half a second

import sys
from gc import set_threshold
from typing import Annotated

import typer

import raysc
from raysc.cli.benchmark.leaderboard import leaderboard
from raysc.cli.benchmark.score import score
from raysc.cli.checkpoint import checkpoint
from raysc.cli.claims import claims
from raysc.cli.doctor import doctor
from raysc.cli.export import export
from raysc.cli.failures import failures
from raysc.cli.figure import figure
from raysc.cli.gc import gc
from raysc.cli.init import init
from raysc.cli.interruption import answered_signals
from raysc.cli.listing import listing
from raysc.cli.plan import plan
from raysc.cli.profile import profile
from raysc.cli.report import report
from raysc.cli.results import results
from raysc.cli.samples import samples
from raysc.cli.schema import schema
from raysc.cli.statistics.variance import variance
from raysc.cli.status import status
from raysc.cli.store import store
from raysc.cli.sweep import sweep
from raysc.cli.verify import verify
from raysc.display import replace_unknown_signs
from raysc.errors import InputError, RayscError
from raysc.formatting import printable
from raysc.store.publishing import DamagedObjectError

GARBAGE_THRESHOLD = 10_000
"""Objects between two collections. At Python's 700 they take a tenth of a report's time, since all imports live on."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(sweep)
app.command()(plan)
app.command()(status)
app.command()(failures)
app.command()(results)
app.command()(profile)
app.command()(variance)
app.command()(claims)
app.command()(leaderboard)
app.command()(score)
app.command()(report)
app.command()(figure)
app.command()(samples)
app.command()(export)
app.command()(verify)
app.command("list")(listing)
app.command()(init)
app.command()(schema)
app.command()(doctor)
app.command()(gc)
app.add_typer(checkpoint, name="checkpoint")
app.add_typer(store, name="store")


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"raysc {raysc.__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Sweeps of self-consuming generative training loops on Ray."""


def main() -> None:
    """Run the ``raysc`` command.

    Exit status: 0 on success, 1 if something failed, 2 for unusable input, 130 after Ctrl-C, 143 after SIGTERM.
    """
    set_threshold(GARBAGE_THRESHOLD)
    replace_unknown_signs(sys.stdout, sys.stderr)
    with answered_signals():
        _run()


def _run() -> None:
    """Run the command of the process's arguments; errors end the process with one message."""
    if sys.argv[-1] == "--csv":
        sys.argv.append("-")  # a bare --csv prints; typer has no option with an optional value
    try:
        app()
    except InputError as error:
        print(f"raysc: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    except DamagedObjectError as damage:
        print(f"raysc: {printable(str(damage))}; raysc sweep sets it aside and makes it again", file=sys.stderr)
        sys.exit(1)
    except RayscError as error:
        print(f"raysc: {printable(str(error))}", file=sys.stderr)
        sys.exit(1)


restore_handler()
