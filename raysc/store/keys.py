"""Keys: the key of a lineage is one hash of the settings that determine its generations, and of nothing else.

Not hashed, because they change no result beyond rounding: the number of generations and seeds, packing, ranks, device,
metrics, pool, storage and names. Settings equal to their default are left out, so that a new option with a default
changes no key.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from raysc.settings import UNCURATED, UNKEYED, CellSettings, Component, Coupling, Settings


def key_of(settings: Mapping[str, Any]) -> str:
    """Return 128 bits of the SHA-256 of some settings' canonical JSON, as 32 hex digits."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False, default=list)
    return sha256(text.encode()).hexdigest()[:32]


def component_identity(
    component: Component, version: str, fingerprint: str = "", location_parameters: Collection[str] = ()
) -> dict[str, Any]:
    """Return the identity of a component: name, parameters that differ from their default, version, content of files.

    Args:
        component: its name and parameters.
        version: its version.
        fingerprint: hash of the content of its files; "" if it reads none.
        location_parameters: parameters that name the location of these files. They are left out.
    """
    parameters = {name: value for name, value in component.parameters.items() if name not in location_parameters}
    identity = {"name": component.name, "version": version, **({"content": fingerprint} if fingerprint else {})}
    return {**identity, **({"parameters": parameters} if parameters else {})}


TRAINED_COUPLING_VERSION = 2
"""Version of the rule by which rows of a diverged seed end the seeds of other models; part of trained lineages' keys.

Version 1 is in no key. Models of closed-form families have no such rule.
"""


@dataclass(frozen=True)
class Identities:
    """Identities of a cell's components, as ``component_identity`` returns them.

    Attributes:
        data: of the data set.
        model: of the model family.
        regime: of the regime.
        curation: of the curation; in no key if it leaves samples as they are.
        steps_of: of the regime whose training sets convert epochs to optimiser steps; None without one.
        pretrained: hash of the pretrained model that ``initial.from`` names; None without one.
    """

    data: Mapping[str, Any]
    model: Mapping[str, Any]
    regime: Mapping[str, Any]
    curation: Mapping[str, Any]
    steps_of: Mapping[str, Any] | None = None
    pretrained: str | None = None


@dataclass(frozen=True)
class GenerationZeroKeys:
    """Keys of generation 0 of a trained family, which all lambdas and regimes share.

    Attributes:
        rows: key of S_0: regime and loop are left out.
        model: key of G_0: ``sample`` is left out too.
        run: key of the training run of which G_0 is a snapshot. The number of steps is left out as well, if nothing
            else in the run depends on it.
    """

    rows: str
    model: str
    run: str


@dataclass(frozen=True)
class Keys:
    """Keys of one cell.

    Attributes:
        lineage: key of its generations from 1 on; from 0 on for a closed-form family.
        generation_zero: keys of generation 0 of a trained family; None for a closed-form one, whose lineages each have
            their own generation 0.
        settings: the settings of which the lineage key is a hash.
    """

    lineage: str
    generation_zero: GenerationZeroKeys | None
    settings: Mapping[str, Any]


def cell_keys(cell: CellSettings, identities: Identities, rows: int, trained: bool) -> Keys:
    """Compute the keys of a cell.

    Args:
        cell: its settings.
        identities: of its components.
        rows: n; a number of rows that is set to n is the same as one that is not set.
        trained: True for a trained family, whose generation 0 is shared.
    """
    initial = _non_default(cell.initial)
    if cell.initial.rows == rows:
        del initial["rows"]
    if identities.pretrained is not None:
        initial["from"] = identities.pretrained
    sample = _non_default(cell.sample)
    if cell.sample.rows == rows:
        del sample["rows"]
    model = {"data": identities.data, "model": identities.model, "initial": initial, "train": _non_default(cell.train)}
    lineage = {
        **model,
        "sample": sample,
        "start": cell.start,
        "budget": _non_default(cell.budget) if cell.budget else {},
        "loop.train": _differences(cell.loop_train, cell.train),
        "loop.sample": _differences(cell.loop_sample, cell.sample),
        "regime": identities.regime,
        "lambda": cell.lambda_,
    }
    if cell.curation.name != UNCURATED:
        lineage["curation"] = identities.curation
    if cell.steps_of is not None:
        lineage["steps_of"] = {"regime": identities.steps_of, "lambda": cell.steps_of.lambda_}
    if not trained:
        return Keys(key_of(lineage), None, lineage)
    length_matters = cell.train.schedule != "constant" or cell.train.warmup > 0
    run = {**model, "initial": {k: v for k, v in initial.items() if k != "steps" or length_matters}}
    generation_zero = GenerationZeroKeys(rows=key_of({**model, "sample": sample}), model=key_of(model), run=key_of(run))
    return Keys(key_of(lineage), generation_zero, lineage)


def coupled_keys(models: Sequence[Keys], coupling: Coupling) -> Keys:
    """Return the keys of one of several coupled models: its lineage depends on the settings of all of them.

    Args:
        models: keys of the models, in order, each as a loop by itself.
        coupling: of this model.
    """
    initial = [keys.generation_zero for keys in models if keys.generation_zero is not None]
    trained = len(initial) == len(models)
    version = {"version": TRAINED_COUPLING_VERSION} if trained else {}
    lineage = {"coupling": {**coupling.key, **version}, "models": [keys.settings for keys in models]}
    return Keys(key_of(lineage), _coupled_generation_zero(initial, coupling) if trained else None, lineage)


def _coupled_generation_zero(models: Sequence[GenerationZeroKeys], coupling: Coupling) -> GenerationZeroKeys:
    """Return the keys of generation 0 of one of several coupled models, which all graphs, lambdas and regimes share.

    Model 0 has the draws of a loop by itself, so it has the same G_0. The key of S_0 depends on all models: metrics
    that compare them are among its metrics.
    """
    of_model, place = models[coupling.index], {"index": coupling.index, "real": coupling.real}
    rows = key_of({"models": [keys.rows for keys in models], **place})
    if coupling.index == 0:
        return replace(of_model, rows=rows)
    return GenerationZeroKeys(
        rows, model=key_of({"model": of_model.model, **place}), run=key_of({"run": of_model.run, **place})
    )


def _non_default(settings: Settings) -> dict[str, Any]:
    """Return the settings that differ from their default, without those that belong to no key."""
    values = settings.model_dump(exclude_defaults=True, by_alias=True)
    return {name: value for name, value in values.items() if name not in UNKEYED}


def _differences(settings: Settings, base: Settings) -> dict[str, Any]:
    """Return the settings in which ``loop.train`` or ``loop.sample`` differs from the base; equal ones are left out."""
    base_values, values = base.model_dump(by_alias=True), settings.model_dump(by_alias=True)
    non_default = _non_default(settings)
    changed = {name: value for name, value in values.items() if value != base_values[name] and name not in UNKEYED}
    return {name: non_default.get(name, value) for name, value in changed.items()}
