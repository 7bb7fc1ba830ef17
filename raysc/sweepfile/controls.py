"""Controls: the baseline cell of each cell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from raysc.errors import InputError
from raysc.settings import UNCURATED, Budget, CellSettings, StepsOf
from raysc.sweepfile.cells import REAL_ONLY, Draft
from raysc.sweepfile.components import ComponentChecker
from raysc.sweepfile.coupled_models import couple
from raysc.sweepfile.messages import Locations

ControlKind = Literal["declared", "matched", "none"]


@dataclass(frozen=True)
class Controls:
    """Builds the control of each cell.

    declared: real_only with all other settings equal, so with the declared budget. matched: real rows only, with as
    many optimiser steps as the cell in every generation. The two differ under ``loop.budget.epochs``, where a larger
    training set means more steps, and for regimes that train on fewer than n real rows and declare a control of their
    own.

    Attributes:
        kind: kind of the controls; "none": the sweep adds no controls and uses those of the file.
        generations: T.
        checker: checks regimes.
        locations: for messages.
    """

    kind: ControlKind
    generations: int
    checker: ComponentChecker
    locations: Locations

    def of(self, draft: Draft) -> Draft:
        """Return the control of a cell; equal to the cell if that is a control itself.

        Raises:
            InputError: a matched control of a family without optimiser steps, or a control without rows.
        """
        coupling = draft.cell.coupling
        if coupling is None:
            return self._of_model(draft)
        controls = [self._of_model(model) for model in draft.models]
        return couple(controls, coupling.graph, coupling.reads, coupling.real)[coupling.index]

    def _of_model(self, draft: Draft) -> Draft:
        """Return the control of a single model."""
        if self.kind != "matched":
            return self._as_control(draft, REAL_ONLY)
        if not draft.components["model"].signature.trained:
            raise self.locations.error(
                "control",
                f"matched compares optimiser steps, and {draft.cell.model.name} is fitted by a formula; use true",
            )
        overrides = draft.components["regime"].signature.matched_control
        regime = draft.cell.regime
        entry = {"name": regime.name, **regime.parameters, **overrides} if overrides is not None else REAL_ONLY
        control = self._as_control(draft, entry)
        return replace(control, cell=control.cell.model_copy(update=self._matched_steps(draft.cell, control.cell)))

    def _as_control(self, draft: Draft, regime: str | Mapping[str, Any]) -> Draft:
        """Return a draft with another regime and without a curation, marked as a control."""

        def make_error(key: str, problem: str) -> InputError:
            return self.locations.error("control", problem)

        components = {
            **draft.components,
            "regime": self.checker.check("regime", regime, "regime", make_error),
            "curation": self.checker.check("curation", UNCURATED, "curation", make_error),
        }
        update = {
            "regime": components["regime"].component,
            "curation": components["curation"].component,
            "lambda_": None,
            "control": True,
        }
        return Draft(draft.cell.model_copy(update=update), components, ignores_lambda=False, origins=draft.origins)

    def _matched_steps(self, cell: CellSettings, control: CellSettings) -> dict[str, Any]:
        """Return the changes that give a control the optimiser steps of its cell.

        The changes do not depend on T, so that a longer sweep continues the control of a shorter one: a number of steps
        if all training sets have one size, else the regime whose training sets grow.
        """
        budget, batch = cell.budget, cell.loop_train.batch
        if budget is None or budget.epochs is None:
            return {}
        try:
            rows, control_rows = (
                self.checker.registry.training_rows(
                    settings.data, settings.regime, settings.lambda_, self.generations + 1
                )
                for settings in (cell, control)
            )
        except InputError:
            return {}  # too few rows for the regime: refused later, with all other conflicts
        if rows == control_rows or not any(control_rows):
            return {}  # no rows: no steps, whatever the budget
        if len(set(rows)) > 1:
            return {"steps_of": StepsOf(regime=cell.regime, lambda_=cell.lambda_)}
        steps = budget.optimiser_steps(rows[0], batch)
        is_same = all(budget.optimiser_steps(count, batch) == steps for count in control_rows)
        return {} if is_same else {"budget": Budget(steps=steps)}

    def columns(self, pairs: Iterable[tuple[Draft, Draft]]) -> list[str]:
        """Return the axes in which controls differ, beside those of ``space``, from pairs of cell and control."""
        cells = [(draft.cell, control.cell) for draft, control in pairs]
        steps = ["loop.budget.steps"] if any(cell.budget != control.budget for cell, control in cells) else []
        return steps + (["loop.budget.steps_of"] if any(control.steps_of for _, control in cells) else [])

    def notes(self, added: Sequence[Draft]) -> list[str]:
        """Return a note that names the added matched controls."""
        if self.kind != "matched" or not added:
            return []
        lengths_by_regime: dict[str, list[str]] = {}
        for draft in added:
            cell = draft.cell
            lengths_by_regime.setdefault(_regime_text(cell.regime.name, cell.regime.parameters), []).append(
                _length_text(cell)
            )
        texts = [f"{regime} for {', '.join(dict.fromkeys(lengths))}" for regime, lengths in lengths_by_regime.items()]
        return [f"matched controls train on real rows only, as long as their cells: {'; '.join(texts)}"]


def _regime_text(name: str, parameters: Mapping[str, Any]) -> str:
    return ", ".join([name, *(f"{key} {value}" for key, value in parameters.items())])


def _length_text(cell: CellSettings) -> str:
    if cell.steps_of is not None:
        return f"the steps of {cell.steps_of}"
    if cell.budget is not None and cell.budget.steps is not None:
        return f"{cell.budget.steps} steps"
    return "the declared budget"
