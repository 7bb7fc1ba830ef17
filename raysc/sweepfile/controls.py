"""Controls: the cell that each cell is told against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raysc.errors import InputError
from raysc.settings import Budget, Cell, StepsOf
from raysc.sweepfile.cells import Draft
from raysc.sweepfile.components import Checked, Components
from raysc.sweepfile.messages import Places

REAL_ONLY = "real_only"
"""The regime of controls, unless a regime has one of its own."""

Kind = Literal["declared", "matched", "none"]


@dataclass(frozen=True)
class Controls:
    """Makes the control of a cell.

    declared: real_only with everything else as it is, so with the declared budget. matched: real rows alone for as many
    optimiser steps as the cell itself takes, generation by generation. The two differ under ``loop.budget.epochs``,
    where a larger training set means more steps, and for regimes that train on fewer real rows than there are and so
    have a control of their own.

    Attributes:
        kind: "none": controls are found where the file has them, and not added.
        generations: T.
        components: checks regimes.
        places: for messages.
    """

    kind: Kind
    generations: int
    components: Components
    places: Places

    def of(self, draft: Draft) -> Draft:
        """The control of a cell; equal to the cell where that is a control itself.

        Raises:
            InputError: a matched control of a family that takes no steps, or one without rows.
        """
        if self.kind != "matched":
            return _changed(draft, self._regime(REAL_ONLY), {})
        if not draft.components["model"].signature.trained:
            raise self.places.error(
                "control",
                f"matched goes by optimiser steps, and {draft.cell.model.name} is fitted by a formula; use true",
            )
        own = draft.components["regime"].signature.matched_control
        regime = draft.cell.regime
        given = {"name": regime.name, **regime.parameters, **own} if own is not None else REAL_ONLY
        control = _changed(draft, self._regime(given), {})
        return _changed(control, control.components["regime"], self._steps(draft.cell, control.cell))

    def _regime(self, given: str | Mapping[str, Any]) -> Checked:
        def refuse(key: str, problem: str) -> InputError:
            return self.places.error("control", problem)

        return self.components.check("regime", given, "regime", refuse)

    def _steps(self, cell: Cell, control: Cell) -> dict[str, Any]:
        """What a control must change so that it takes the steps of a cell.

        Neither depends on T, so that a longer sweep goes on with the control of a shorter one: the number of steps
        where all training sets have one size, else the rule that says how they grow.
        """
        budget, batch = cell.budget, cell.loop_train.batch
        if budget is None or budget.epochs is None:
            return {}
        try:
            rows, own = (
                self.components.catalogue.training_rows(one.data, one.regime, one.lambda_, self.generations + 1)
                for one in (cell, control)
            )
        except InputError:
            return {}  # the data have too few rows for the rule: refused with all that does not go together
        if rows == own:
            return {}
        if len(set(rows)) > 1:
            return {"steps_of": StepsOf(regime=cell.regime, lambda_=cell.lambda_)}
        steps = budget.optimiser_steps(rows[0], batch)
        same = all(budget.optimiser_steps(count, batch) == steps for count in own)
        return {} if same else {"budget": Budget(steps=steps)}

    def columns(self, pairs: Iterable[tuple[Draft, Draft]]) -> list[str]:
        """The axes by which controls differ, beside those of ``space``, from cells and their controls."""
        both = [(draft.cell, control.cell) for draft, control in pairs]
        steps = ["loop.budget.steps"] if any(cell.budget != control.budget for cell, control in both) else []
        return steps + (["loop.budget.steps_of"] if any(control.steps_of for _, control in both) else [])

    def notes(self, added: Sequence[Draft]) -> list[str]:
        """The added controls by name, where they are more than real_only with the declared budget."""
        if self.kind != "matched" or not added:
            return []
        lengths: dict[str, list[str]] = {}
        for draft in added:
            cell = draft.cell
            lengths.setdefault(_told(cell.regime.name, cell.regime.parameters), []).append(_length(cell))
        told = [f"{regime} for {', '.join(dict.fromkeys(own))}" for regime, own in lengths.items()]
        return [f"matched controls train on real rows alone as long as their cells do: {'; '.join(told)}"]


def _changed(draft: Draft, regime: Checked, changes: Mapping[str, Any]) -> Draft:
    """A draft under another regime, marked as a control."""
    update = {"regime": regime.component, "lambda_": None, "control": True, **changes}
    components = {**draft.components, "regime": regime}
    return Draft(draft.cell.model_copy(update=update), components, dropped_lambda=False)


def _told(name: str, parameters: Mapping[str, Any]) -> str:
    return ", ".join([name, *(f"{key} {value}" for key, value in parameters.items())])


def _length(cell: Cell) -> str:
    if cell.steps_of is not None:
        return f"the steps of {cell.steps_of}"
    if cell.budget is not None and cell.budget.steps is not None:
        return f"{cell.budget.steps} steps"
    return "the declared budget"
