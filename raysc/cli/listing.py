"""raysc list: registered components and shipped sweep files."""

import inspect
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, cast

import typer

from raysc import registry
from raysc.cli.shipped import purpose, shipped
from raysc.display import print_lines
from raysc.errors import InputError
from raysc.reference.papers import papers
from raysc.sweepfile.components import parameter_text
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.signature import ComponentKind, Signature

SWEEPS, PAPERS = "sweep", "paper"
HEADINGS = {
    "data": "data sets",
    "model": "models",
    "regime": "regimes",
    "curation": "curations",
    "metric": "metrics",
    SWEEPS: "sweep files: raysc init NAME copies one here",
    PAPERS: "papers, with what cites them",
}
"""Kind -> its heading."""
KINDS = {**{kind: kind for kind in HEADINGS}, **{f"{kind}s": kind for kind in HEADINGS if kind != "data"}}
"""Words for a kind."""


def listing(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND|NAME",
            help="data, models, regimes, curations, metrics, sweeps, papers, a name, or a folder of sweeps.",
            autocompletion=lambda incomplete: [word for word in (*KINDS, *shipped()) if word.startswith(incomplete)],
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object for each kind.")] = False,
) -> None:
    """List data sets, models, regimes, curations and metrics with their parameters, and the shipped sweep files.

    ``raysc list papers`` groups all of them by the papers that they cite; a part of a paper's name stands for it.
    """
    listed = _select(what)
    if as_json:
        typer.echo(
            json.dumps({kind: {name: _as_object(kind, name) for name in names} for kind, names in listed.items()})
        )
        return
    texts = []
    for kind, names in listed.items():
        lines = [f"  {name}: {_entry_text(kind, name)}" for name in names]
        texts.append("\n".join([HEADINGS[kind], *lines]))
    print_lines("\n\n".join(texts))


def _select(what: str | None) -> dict[str, list[str]]:
    """Return kinds with their names: all, those of one kind, of one name, or of a paper.

    Raises:
        InputError: there is no such kind or name.
    """
    if what is None or what in KINDS:
        return {kind: _names(kind) for kind in (HEADINGS if what is None else [KINDS[what]])}
    every = {kind: _names(kind) for kind in HEADINGS if kind != PAPERS}
    named = {kind: [what] for kind, names in every.items() if what in names}
    if files := [name for name in every[SWEEPS] if what == name or what in name.split("/")]:
        named[SWEEPS] = files
    if named:
        return named
    if titles := [title for title in _papers() if what.lower() in title.lower()]:
        return {PAPERS: titles}
    known = [*KINDS, *(name for names in every.values() for name in names), *_papers()]
    near = did_you_mean(what, known)
    if "did you mean" not in near:  # without all names, some hundred
        near = f"; names are those that raysc list KIND prints, for a kind of {', '.join(KINDS)}"
    raise InputError(f"raysc list {what}: no such kind or name{near}")


def _names(kind: str) -> list[str]:
    if kind == PAPERS:
        return list(_papers())
    return list(shipped()) if kind == SWEEPS else list(registry.names(_kind(kind)))


@cache
def _papers() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return papers(shipped())


def _entry_text(kind: str, name: str) -> str:
    """Return the lines of an entry: its first sentence, then its settings."""
    entry = _as_object(kind, name)
    return "\n".join([entry["about"], *(f"      {setting}" for setting in entry["settings"])])


def _as_object(kind: str, name: str) -> dict[str, Any]:
    """Return an entry with its first sentence and its settings as texts."""
    if kind == PAPERS:
        cited = [f"{HEADINGS[cites].partition(':')[0]}: {', '.join(names)}" for cites, names in _papers()[name].items()]
        return {"about": cited[0], "settings": cited[1:]}
    if kind == SWEEPS:
        return {"about": purpose(shipped()[name]), "settings": []}
    component = _kind(kind)
    about = (inspect.getdoc(registry.load(component, name)) or "").partition("\n\n")[0]
    settings = _settings(component, registry.signature(component, name))
    return {"about": " ".join(about.split()), "settings": settings}


def _kind(kind: str) -> ComponentKind:
    return cast("ComponentKind", kind)


def _settings(kind: ComponentKind, signature: Signature) -> list[str]:
    """Format the settings of a component, one line each."""
    settings = [parameter_text(name, declared) for name, declared in signature.parameters.items()]
    if kind == "regime" and signature.default_lambda != "not taken":
        default = signature.default_lambda
        settings.insert(0, "lambda (float, required)" if default is None else f"lambda (float, default {default:g})")
    return settings
