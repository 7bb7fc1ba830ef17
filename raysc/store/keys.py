"""Addresses: a lineage key is one hash of the settings that determine a chain of generations, and of nothing else.

Not hashed, because they change no result beyond rounding: the number of generations and seeds, packing, ranks, device,
metrics, pool, storage and names. Settings equal to their default are left out, so that a new option with a default
changes no key.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from raysc.settings import UNKEYED, Cell, Component, Settings


def key_of(settings: Mapping[str, Any]) -> str:
    """128 bits of SHA-256 of the canonical JSON of some settings, as 32 hex digits."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False, default=list)
    return sha256(text.encode()).hexdigest()[:32]


def identity(
    component: Component, version: str, fingerprint: str = "", located: Collection[str] = ()
) -> dict[str, Any]:
    """What tells a component apart: name, parameters that are not their default, version, and the content of its files.

    ``located``: parameters that say where those files lie, which makes no difference.
    """
    parameters = {name: value for name, value in component.parameters.items() if name not in located}
    told = {"name": component.name, "version": version, **({"content": fingerprint} if fingerprint else {})}
    return {**told, **({"parameters": parameters} if parameters else {})}


@dataclass(frozen=True)
class Identities:
    """The components of a cell, as ``identity`` tells them apart, and the content of the model that it begins with."""

    data: Mapping[str, Any]
    model: Mapping[str, Any]
    regime: Mapping[str, Any]
    steps_of: Mapping[str, Any] | None = None
    loaded: str | None = None


@dataclass(frozen=True)
class Zero:
    """The addresses of generation 0 of a trained family, which every lambda and regime shares.

    Attributes:
        rows: S_0: regime and loop are left out.
        model: G_0: ``sample`` is left out too.
        run: the training run of which G_0 is a snapshot: the number of steps is left out as well, if nothing in the
            run depends on it.
    """

    rows: str
    model: str
    run: str


@dataclass(frozen=True)
class Keys:
    """The addresses of one cell.

    Attributes:
        lineage: its generations from 1 on; of a closed-form family, from 0 on.
        zero: generation 0 of a trained family; None for a closed-form one, whose lineages make their own.
        settings: what the lineage key is a hash of.
    """

    lineage: str
    zero: Zero | None
    settings: Mapping[str, Any]


def keys(cell: Cell, identities: Identities, rows: int, trained: bool) -> Keys:
    """The addresses of a cell.

    Args:
        cell: its settings.
        identities: of its components.
        rows: n; a number of rows that is set to n means the same as one that is not set.
        trained: whether the family is trained, and generation 0 shared.
    """
    initial = _given(cell.initial)
    if cell.initial.rows == rows:
        del initial["rows"]
    if identities.loaded is not None:
        initial["from"] = identities.loaded
    sample = _given(cell.sample)
    if cell.sample.rows == rows:
        del sample["rows"]
    model = {"data": identities.data, "model": identities.model, "initial": initial, "train": _given(cell.train)}
    everything = {
        **model,
        "sample": sample,
        "start": cell.start,
        "budget": _given(cell.budget) if cell.budget else {},
        "loop.train": _changed(cell.loop_train, cell.train),
        "loop.sample": _changed(cell.loop_sample, cell.sample),
        "regime": identities.regime,
        "lambda": cell.lambda_,
    }
    if cell.steps_of is not None:
        everything["steps_of"] = {"regime": identities.steps_of, "lambda": cell.steps_of.lambda_}
    if not trained:
        return Keys(key_of(everything), None, everything)
    length_matters = cell.train.schedule != "constant" or cell.train.warmup > 0
    run = {**model, "initial": {k: v for k, v in initial.items() if k != "steps" or length_matters}}
    zero = Zero(rows=key_of({**model, "sample": sample}), model=key_of(model), run=key_of(run))
    return Keys(key_of(everything), zero, everything)


def _given(settings: Settings) -> dict[str, Any]:
    given = settings.model_dump(exclude_defaults=True, by_alias=True)
    return {name: value for name, value in given.items() if name not in UNKEYED}


def _changed(settings: Settings, base: Settings) -> dict[str, Any]:
    """What ``loop.train`` or ``loop.sample`` changes; setting it to what it is anyway is no change."""
    before, after, given = base.model_dump(by_alias=True), settings.model_dump(by_alias=True), _given(settings)
    changed = {name: value for name, value in after.items() if value != before[name] and name not in UNKEYED}
    return {name: given.get(name, value) for name, value in changed.items()}
