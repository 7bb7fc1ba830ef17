"""What a sweep file's grammar cannot tell: whether its parts go together. All of it before anything starts."""

import os
from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from raysc import registry
from raysc.datasets.dataset import Distribution
from raysc.errors import InputError
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.features import extractor_name, feature_dim
from raysc.metrics.core.metric import ModelMetric
from raysc.models.family import BY_ROWS, ChecksSettings, OfText, in_packs
from raysc.planning.resolved import Line
from raysc.regimes.recipe import REAL, ChecksRows, Recipe
from raysc.rng import Streams
from raysc.sweepfile.sweep import Sweep


def check(sweep: Sweep, lines: tuple[Line, ...]) -> None:
    """Refuse a sweep that cannot work.

    Raises:
        InputError: names file, line and key, what is wrong and what to do.
    """
    seen: set[str] = set()
    for line in lines:
        _check_model(sweep, line)
        _check_regime(sweep, line)
        told = f"{line.cell.data} {line.cell.model}"
        if told not in seen:
            seen.add(told)
            _check_metrics(sweep, line)


def notes(sweep: Sweep, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """What is allowed, and better known: Fréchet distances of fewer rows than there are features."""
    found: dict[str, None] = {}
    for line in lines:
        for component in sweep.metrics:
            if component.name != "frechet_distance":
                continue
            metric = registry.build("metric", component)
            features = extractor_name(metric.features, line.data.kind)
            rows = min(line.rules.sample_rows, line.data.count, len(line.data.test()))
            dim = feature_dim(features, line.data.event)
            if rows < dim:
                found[
                    f"frechet_distance on {features}: {rows} rows are fewer than its {dim} features, so it is biased "
                    "upwards; compare it with its floor and at equal row counts only (in the table, "
                    f"{metric.columns[0].name}_rows says how many)"
                ] = None
    return tuple(found)


def check_machine(sweep: Sweep) -> None:
    """Refuse what this machine does not have, before Ray is started on it."""
    resources, cores = sweep.resources, os.cpu_count() or 1
    asked = resources.workers * resources.cpus
    if asked > cores:
        raise sweep.error(
            "resources",
            f"a trial asks for {asked:g} cores ({resources.workers} workers x {resources.cpus:g}), this machine has "
            f"{cores}; lower workers or cpus",
        )


def _check_model(sweep: Sweep, line: Line) -> None:
    cell, resources = line.cell, sweep.resources
    try:
        line.family.check(line.data.event)
    except InputError as error:
        raise sweep.error("model", str(error)) from error
    if line.data.kind == "text" and not isinstance(line.family, OfText):
        raise sweep.error("model", f"{cell.model.name} is no model of text, and the data are; take causal_lm")
    _check_sampling(sweep, line)
    if cell.start == "scratch" and isinstance(line.family, OfText) and cell.model.parameters.get("base") is not None:
        raise sweep.error("loop.start", "a pretrained base has no random initialisation; take initial or previous")
    if resources.workers > 1 and (not line.family.trained or in_packs(line.family, line.data.event)):
        raise sweep.error(
            "resources.workers", f"{cell.model.name} on {cell.data.name} runs on one rank; set workers: 1"
        )
    if isinstance(line.family, ChecksSettings):
        for loop, train, sample in (("", cell.train, cell.sample), ("loop.", cell.loop_train, cell.loop_sample)):
            try:
                line.family.check_settings(line.data.event, train, sample)
            except InputError as error:
                key, _, problem = str(error).partition(": ")
                raise sweep.error(f"{loop}{key}", problem) from error
    for place, train in (("train", cell.train), ("loop.train", cell.loop_train)) if line.family.trained else ():
        if train.precision == "fp16" and not resources.gpus:
            raise sweep.error(f"{place}.precision", "fp16 needs a GPU; set resources.gpus, or use bf16 or fp32")
    if cell.initial.from_ is not None:
        _check_loaded(sweep, line, cell.initial.from_)
    if cell.initial.rows is not None and cell.initial.rows > line.rules.rows:
        raise sweep.error("initial.rows", f"{cell.initial.rows} rows, but the data has {line.rules.rows}")
    for train in (cell.train, cell.loop_train) if line.family.trained else ():
        if train.batch % resources.workers:
            raise sweep.error(
                "train.batch", f"{train.batch} rows cannot be split evenly over {resources.workers} workers"
            )


def _check_sampling(sweep: Sweep, line: Line) -> None:
    """No setting of a sampler that the family does not have is passed over."""
    takes = getattr(line.family, "samples_by", ("steps",))
    for place, sample in (("sample", line.cell.sample), ("loop.sample", line.cell.loop_sample)):
        for name, value in sample:
            if name != "rows" and name not in takes and value != type(sample).model_fields[name].default:
                raise sweep.error(
                    f"{place}.{name}",
                    f"{line.cell.model.name} does not take it; it takes {', '.join(['rows', *takes])}",
                )


def _check_loaded(sweep: Sweep, line: Line, source: str) -> None:
    """The model that generation 0 is to be must fit family and data; it is loaded once for every such pair."""
    try:
        _load(source, cast(Hashable, line.family), line.data.event)
    except InputError as error:
        raise sweep.error("initial.from", str(error).removeprefix("initial.from: ")) from error


@cache
def _load(source: str, family: Any, event: tuple[int, ...]) -> None:
    family.initial(event, Streams((0,), 0))


def _check_regime(sweep: Sweep, line: Line) -> None:
    """Every recipe of the loop must have rows that can be had, and that its regime can choose among."""
    if isinstance(line.rules.regime, ChecksRows):
        try:
            line.rules.regime.check(line.data.kind, line.data.event)
        except InputError as error:
            raise sweep.error(*_blamed(error)) from error
    for t in (1, sweep.generations):
        try:
            recipe = line.rules.recipe(t)
        except InputError as error:
            raise sweep.error(*_blamed(error)) from error
        if not isinstance(recipe, Recipe):  # of a plug-in
            told = f"{line.cell.regime.name} gave {type(recipe).__name__} for generation {t}; expected a Recipe"
            raise sweep.error("regime", told)
        if recipe.rows == 0:
            raise sweep.error("lambda", f"{line.cell.lambda_:g} leaves {line.cell.regime.name} nothing to train on")
        for take in recipe.takes:
            if take.source == REAL and take.candidates > line.rules.rows:
                told = f"{line.cell.regime.name} asks for {take.candidates} real rows, the data has {line.rules.rows}"
                raise sweep.error("regime", told)
        if any(take.source.kind == "fresh" for take in recipe.takes) and not isinstance(line.data, Distribution):
            raise sweep.error(
                "regime",
                f"{line.cell.regime.name} needs new real rows every generation, and {line.cell.data.name} is a finite "
                "set; take data that are a distribution, such as gaussian or eight_gaussians",
            )


def _blamed(error: InputError) -> tuple[str, str]:
    """Key and problem: a rule may say which of its parameters is to blame."""
    key, _, problem = str(error).partition(": ")
    return (key, problem) if key.startswith("regime.") else ("regime", str(error))


def _check_metrics(sweep: Sweep, line: Line) -> None:
    metrics = [registry.build("metric", metric) for metric in sweep.metrics]
    if sweep.resources.workers > 1:
        for metric in metrics:
            if isinstance(metric, ModelMetric) and not set(metric.asks) <= set(BY_ROWS):
                raise sweep.error(
                    "resources.workers",
                    f"{metric.columns[0].name} looks at models, which several workers hold elsewhere; set workers: 1",
                )
    try:
        check_metrics(metrics, line.data, line.family, line.rules.sample_rows)
    except InputError as error:
        raise sweep.error("metrics", str(error)) from error
