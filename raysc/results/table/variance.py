"""Components of the variance of a metric, by the purposes of the seeds, for each cell and generation."""

from collections.abc import Collection, Iterable, Mapping
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.seed_checks import draws_in_training
from raysc.results.statistics.averages import logarithms
from raysc.results.statistics.crossed import CrossedDesign, Effect
from raysc.results.statistics.variance_components import Component, levels, summed_component, variance_components
from raysc.results.table.number_format import interval_text
from raysc.results.table.table import varying_axes
from raysc.seeds import PURPOSES, varied_purposes

TOTAL = "total"
"""Text for the sum of all components."""
TERMS: Mapping[str, Effect] = {
    "finite samples": ("data", "sample"),
    "optimisation": ("train",),
    "generation 0": ("initial",),
}
"""The three terms of the bound of Bertrand et al. 2023, theorem 2 (recalled), and the purposes whose draws make each
vary. An interaction belongs to the last of its purposes, in the order data, initial, train, sample."""


def variance_frame(
    resolved: ResolvedSweep, table: pd.DataFrame, column: Column, generation: int | None = None
) -> pd.DataFrame:
    """Return the components of the variance of a metric; of its logarithm for metrics with geometric means.

    Args:
        resolved: the sweep, with seeds by purpose.
        table: the tidy table, or a part of it with whole cells and generations.
        column: the metric's column.
        generation: a measured generation; None: all of the table.

    Returns:
        One row per cell, generation and component, in order: cell, the axes that vary, generation, component (purposes
        with " x " between them, or "total"), levels (combinations of their seeds), variance (0 for a negative
        estimate), low and high (95 % interval), share (of the total). NaN if a combination of seeds has no finite
        value.

    Raises:
        InputError: no purpose has several seeds, or the generation has no results.
    """
    sweep = resolved.sweep
    if not varied_purposes(sweep.seeds):
        raise InputError(
            f"{sweep.name}: a variance has components where purposes have seeds of their own; write for example "
            "seeds: {data: 8, train: 4}"
        )
    table = table if generation is None else table[table["generation"] == generation]
    if table.empty:
        raise InputError(f"generation {generation}: {sweep.name} has no results of it")
    axes = varying_axes(sweep.cells)
    rows: list[dict[str, Any]] = []
    for (cell, t), group in table.groupby(["cell", "generation"]):
        number = int(str(cell))
        values = group_values(group, column)
        settings = {axis: sweep.cells[number].axes[axis] for axis in axes}
        for component in _components(group["seed"].tolist(), values, sweep.seeds):
            rows.append({"cell": number, **settings, "generation": int(str(t)), **component})
    return pd.DataFrame(rows)


def terms_frame(
    resolved: ResolvedSweep, table: pd.DataFrame, column: Column, generation: int | None = None
) -> pd.DataFrame:
    """Return the variance of a metric by the three terms of ``TERMS``, and in total.

    Arguments, columns and errors are those of ``variance_frame``; the column "component" has the name of the term, and
    in the place of "levels" the column "purposes" has those of the term's purposes that have several seeds, or "none".
    Without any, the term is not known and its numbers are NaN. Only the optimisation of closed forms that draw nothing
    in training has the variance 0.
    """
    frame = variance_frame(resolved, table, column, generation)
    design, varied = CrossedDesign.of(resolved.sweep.seeds), varied_purposes(resolved.sweep.seeds)
    assert design is not None, "the seeds of a sweep are a whole design"
    rows: list[dict[Any, Any]] = []
    for total in frame[frame["component"] == TOTAL].rename(columns={"levels": "purposes"}).to_dict("records"):
        group = table[(table["cell"] == total["cell"]) & (table["generation"] == total["generation"])]
        values, cell_design = group_values(group, column), CrossedDesign.of(group["seed"].tolist())
        for term, purposes in TERMS.items():
            effects = [effect for effect in design.effects if effect[-1] in purposes]
            variance = low = high = nan
            if cell_design is not None and not isnan(total["variance"]):
                if effects:
                    component = summed_component(cell_design, values, effects)
                    variance, low, high = component.variance, component.low, component.high
                elif purposes == ("train",) and not draws_in_training(resolved.cells[total["cell"]]):
                    variance = low = high = 0.0
            rows.append(
                total
                | {"component": term, "purposes": _joined(set(purposes).intersection(varied))}
                | {"variance": variance, "low": low, "high": high, "share": _share(variance, total["variance"])}
            )
        rows.append(total | {"purposes": _joined(varied)})
    return pd.DataFrame(rows)


def _joined(purposes: Collection[str]) -> str:
    """Return purposes in their order, as a text; "none" without any."""
    return ", ".join(purpose for purpose in PURPOSES if purpose in purposes) or "none"


def _share(variance: float, total: float) -> float:
    """Return the part of a variance in the total; NaN without a total above 0."""
    return variance / total if total > 0 else nan


def group_values(group: pd.DataFrame, column: Column) -> np.ndarray:
    """Return a metric of some rows of the table, float64 (rows,); its logarithm if geometric, NaN if diverged."""
    values = np.where(group["diverged"].astype(bool), np.nan, group[column.name].to_numpy(float))
    return logarithms(values) if column.geometric else values


def _components(seeds: list[int], values: np.ndarray, all_seeds: Iterable[int]) -> list[dict[str, Any]]:
    """Return the columns of the components of one cell and generation; NaN unless all seeds have a finite value."""
    design = CrossedDesign.of(tuple(all_seeds))
    assert design is not None, "the seeds of a sweep are a whole design"
    cell_design = CrossedDesign.of(seeds)
    if cell_design is None or cell_design.sizes != design.sizes or not np.isfinite(values).all():
        effects = [*design.effects, ()]
        return [_row(Component(effect, levels(design, effect), *3 * [nan]), nan) for effect in effects]
    components = variance_components(cell_design, values)
    total = components[-1].variance
    return [_row(component, _share(component.variance, total)) for component in components]


def _row(component: Component, share: float) -> dict[str, Any]:
    return {
        "component": " x ".join(component.effect) or TOTAL,
        "levels": component.levels,
        "variance": component.variance,
        "low": component.low,
        "high": component.high,
        "share": share,
    }


def variance_texts(components: pd.DataFrame) -> pd.DataFrame:
    """Return the components as texts: the variance with its interval in one column, the share in per cent."""
    numbers = components[["variance", "low", "high"]].itertuples(index=False, name=None)
    texts = [interval_text(variance, low, high) for variance, low, high in numbers]
    shares = ["" if np.isnan(share) else f"{100 * share:.1f} %" for share in components["share"]]
    return components.drop(columns=["variance", "low", "high"]).assign(variance=texts, share=shares)
