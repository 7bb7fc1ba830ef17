"""Settings of one cell."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import NonNegativeInt

from raysc.settings.base import Component, Settings
from raysc.settings.coupled_models import Coupling
from raysc.settings.sampling import Sample
from raysc.settings.training import Budget, Initial, Train

Start = Literal["previous", "initial", "scratch"]
"""Start weights of a retraining: those of G_{t-1}, those from which generation 0 started, or new random weights."""

Measure = Literal["all", "log"] | tuple[NonNegativeInt, ...]
"""The generations to measure."""


UNCURATED = "none"
"""Name of the curation that leaves samples as they are; it is part of no key."""


class StepsOf(Settings):
    """The regime of a cell, in its matched control: its training sets convert epochs to optimiser steps.

    Attributes:
        regime: the regime.
        lambda_: synthetic rows per real row; None if the regime takes none.
    """

    regime: Component
    lambda_: float | None

    def __str__(self) -> str:
        parameters = [f"{key} {value}" for key, value in self.regime.parameters.items()]
        lambda_ = [] if self.lambda_ is None else [f"lambda {self.lambda_:g}"]
        return ", ".join([self.regime.name, *parameters, *lambda_])


class CellSettings(Settings):
    """Settings of one point of the grid: all but the seed.

    Attributes:
        data: the data set.
        model: the family.
        initial: settings of generation 0.
        train: training settings of generation 0.
        sample: sampling settings of generation 0.
        loop_train: training settings of generations >= 1 (``loop.train`` over ``train``).
        loop_sample: sampling settings of generations >= 1 (``loop.sample`` over ``sample``).
        start: start weights of a retraining.
        budget: length of a retraining; None for closed-form families.
        regime: the rule for training sets.
        lambda_: synthetic rows per real row; None if the regime takes none.
        curation: the rule for the synthetic rows of training sets.
        axes: dotted column name -> value, in the file's order; every cell has all axes of the sweep, with None for a
            setting that it does not have.
        control: the cell was added as the control of other cells.
        steps_of: of a matched control: the regime whose training sets convert epochs to steps; None: its own regime.
        coupling: place of the model among the models that read each other's samples; None: a loop by itself.
        compared_with: index of its control among the sweep's cells, its own index for a control; None: no control.
    """

    data: Component
    model: Component
    initial: Initial
    train: Train
    sample: Sample
    loop_train: Train
    loop_sample: Sample
    start: Start
    budget: Budget | None
    regime: Component
    lambda_: float | None
    axes: Mapping[str, Any]
    curation: Component = Component(name=UNCURATED)
    control: bool = False
    steps_of: StepsOf | None = None
    coupling: Coupling | None = None
    compared_with: int | None = None
