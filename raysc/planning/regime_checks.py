"""Checks that a cell's recipes go with its data and its family; they run before work starts."""

from typing import Any

from raysc import registry
from raysc.datasets.dataset import SupportsFreshRows, SupportsLabels, SupportsReserve, SupportsTokens
from raysc.errors import InputError
from raysc.models.family import SupportsText, SupportsWeights
from raysc.planning.resolved import ResolvedCell
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.regimes.regime import SupportsRowCheck
from raysc.settings import UNCURATED
from raysc.sweepfile.sweep import Sweep


def check_rows_of_rules(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse rows of a kind or shape that the regime or the curation does not take."""
    try:
        for rule in (cell.rules.regime, cell.rules.curation):
            if isinstance(rule, SupportsRowCheck):
                rule.check(cell.data.kind, cell.data.event)
    except InputError as error:
        raise sweep.error(*_regime_key(error)) from error


def check_regime(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse recipes that data or family cannot serve: of the first and last generation, of plug-ins of all."""
    for t in checked_generations(sweep, cell):
        _check_recipe(sweep, cell, t, _recipe(sweep, cell, t))


def checked_generations(sweep: Sweep, cell: ResolvedCell) -> tuple[int, ...]:
    """Return the generations whose recipes are checked: the first and last one, of plug-ins all.

    The rules of raysc are monotone in t; a plug-in may do anything at any generation.
    """
    is_plugin = any(":" in rule.name for rule in (cell.settings.regime, cell.settings.curation))
    return (1, sweep.ceiling, *(range(2, sweep.ceiling) if is_plugin else ()))


def _recipe(sweep: Sweep, cell: ResolvedCell, t: int) -> Any:
    """Return the recipe of a generation, which may be no Recipe; every error of the regime becomes a refusal."""
    try:
        return cell.rules.recipe(t)
    except InputError as error:
        raise sweep.error(*_regime_key(error)) from error
    except Exception as error:  # a plug-in may raise anything
        problem = f"{cell.settings.regime.name} gives no recipe for generation {t}: {registry.describe_error(error)}"
        raise sweep.error("regime", problem) from error


def _check_recipe(sweep: Sweep, cell: ResolvedCell, t: int, recipe: Any) -> None:
    """A recipe must be one, train on something, and take rows that the data have."""
    regime = cell.settings.regime.name
    if not isinstance(recipe, Recipe):  # a plug-in may return anything
        raise sweep.error("regime", f"{regime} gave {type(recipe).__name__} for generation {t}; expected a Recipe")
    if not recipe.takes:
        if not cell.family.trained:
            raise sweep.error(
                "regime", f"{regime} leaves generation {t} no rows, and {cell.settings.model.name} is fitted to rows"
            )
        return
    if recipe.rows == 0:
        raise sweep.error("lambda", f"{cell.settings.lambda_:g} leaves {regime} nothing to train on")
    for take in recipe.takes:
        _check_source(sweep, cell, t, take.source)
        if take.source == REAL and take.source_rows > cell.rules.rows:
            raise sweep.error(
                "regime", f"{regime} asks for {take.source_rows} real rows, the data has {cell.rules.rows}"
            )
        if take.needs:
            _check_needs(sweep, cell, t, take)
    if any(take.source.kind == "fresh" for take in recipe.takes):
        _check_fresh_rows(sweep, cell)
    _check_older_rows(sweep, cell, t, recipe)
    if recipe.weighted and not isinstance(cell.family, SupportsWeights):
        raise sweep.error(
            "regime",
            f"{regime} weighs rows, and {cell.settings.model.name} fits rows without weights; take a model that "
            "honours them, such as gaussian, kde, linear_regression or discrete",
        )


def _check_source(sweep: Sweep, cell: ResolvedCell, t: int, source: Source) -> None:
    """Generation t takes samples of generations 0 to t - 1, and new real rows of generations 1 to t."""
    kind, generation = source
    exists = {"real": True, "synthetic": 0 <= generation < t, "fresh": 1 <= generation <= t}
    if not exists[kind]:
        rows, newest = ("samples", "0 to t - 1") if kind == "synthetic" else ("new real rows", "1 to t")
        raise sweep.error(
            "regime",
            f"{cell.settings.regime.name} takes {rows} of generation {generation} at generation {t}, and there are "
            f"none yet: generation t can take those of generations {newest}",
        )


def _check_fresh_rows(sweep: Sweep, cell: ResolvedCell) -> None:
    """The data must have as many new real rows as the generations take."""
    regime, data = cell.settings.regime.name, cell.data
    if isinstance(data, SupportsFreshRows):
        return
    if not isinstance(data, SupportsReserve):
        raise sweep.error(
            "regime",
            f"{regime} needs new real rows every generation, and {cell.settings.data.name} is a finite set; take data "
            "that are a distribution, such as gaussian or eight_gaussians, or images with data.reserve",
        )
    needed = cell.rules.fresh_rows_before(sweep.ceiling + 1)
    if needed > data.reserve:
        raise sweep.error(
            "data.reserve" if "reserve" in cell.settings.data.parameters else "data",
            f"{regime} takes {needed} new real rows in {sweep.ceiling} generations, and the reserve of "
            f"{cell.settings.data.name} has {data.reserve}; set data.reserve to at least {needed}, or lower "
            "loop.generations",
        )


def _check_older_rows(sweep: Sweep, cell: ResolvedCell, t: int, recipe: Recipe) -> None:
    """An older generation cannot be sampled again: it has ``sample.rows`` rows, or those that generation s + 1 took.

    Checked for the oldest generation that needs more than ``sample.rows``; the loop checks all.
    """
    longer = (take for take in recipe.takes if take.source_rows > cell.rules.sample_rows)
    oldest = next((take for take in longer if take.source.kind == "synthetic" and take.source.generation < t - 1), None)
    if oldest is None:
        return
    newer = cell.rules.recipe(oldest.source.generation + 1).takes
    if oldest.source_rows > max((take.source_rows for take in newer if take.source == oldest.source), default=0):
        raise sweep.error(
            "sample.rows",
            f"{cell.settings.regime.name} takes {oldest.source_rows} rows of generation {oldest.source.generation} at "
            f"generation {t}, and only the newest model can sample more than sample.rows; set sample.rows to at least "
            f"{oldest.source_rows}",
        )


def _check_needs(sweep: Sweep, cell: ResolvedCell, t: int, take: Take) -> None:
    """The views that a chooser asks for must exist."""
    data, model = cell.settings.data.name, cell.settings.model.name
    problems = {
        "texts": "" if isinstance(cell.data, SupportsTokens) else f"{data} has no texts",
        "labels": "" if isinstance(cell.data, SupportsLabels) else f"{data} has no classes",
        "scores": "",
    }
    if take.source != synthetic(t - 1):
        problems["scores"] = f"only rows of the newest model have scores, not {take.source.kind} rows of generation "
        problems["scores"] += f"{take.source.generation} at generation {t}"
    elif not (isinstance(cell.family, SupportsText) or (not cell.family.trained and hasattr(cell.family, "log_prob"))):
        problems["scores"] = f"{model} computes no probabilities of rows"
    for need in take.needs:
        if problems[need]:
            key = "regime" if cell.settings.curation.name == UNCURATED else "curation"
            name = getattr(cell.settings, key).name
            raise sweep.error(key, f"{name} needs {need} of candidates, and {problems[need]}")


def _regime_key(error: InputError) -> tuple[str, str]:
    """Split an error of a regime or a curation into key and problem: it may name the parameter at fault."""
    key, _, problem = str(error).partition(": ")
    return (key, problem) if key.partition(".")[0] in ("regime", "curation") else ("regime", str(error))
