"""What the sweep file needs to know of a registered component, passed in from above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from raysc.settings import Component

REQUIRED: Any = object()
"""The default of a parameter that must be given."""

Room = Literal["data", "model", "regime", "metric"]


@dataclass(frozen=True)
class Parameter:
    """One typed parameter of a component.

    Attributes:
        annotation: its type, as pydantic understands it.
        default: its default, or REQUIRED.
    """

    annotation: Any
    default: Any = REQUIRED


@dataclass(frozen=True)
class Signature:
    """What a component declares.

    Attributes:
        parameters: by name, in order.
        default_lambda: of a regime: lambda where none is set; None: must be set; "not taken": has none.
        matched_control: of a regime: the parameters that make its matched control of it; None: that is real_only.
        trained: of a model: takes initial.steps, train, loop.start, loop.budget, loop.train and sample.steps.
    """

    parameters: Mapping[str, Parameter]
    default_lambda: float | Literal["not taken"] | None = "not taken"
    matched_control: Mapping[str, Any] | None = None
    trained: bool = False


class Catalogue(Protocol):
    """All registered components."""

    def names(self, room: Room) -> Sequence[str]:
        """Short names, sorted."""
        ...

    def signature(self, room: Room, name: str) -> Signature:
        """The signature of a short name or ``package.module:Name``; InputError if there is none, and why."""
        ...

    def columns(self, metric: Component) -> Mapping[str, Literal["log", "linear"]]:
        """The columns that a metric gives, each with its scale."""
        ...

    def training_rows(
        self, data: Component, regime: Component, lambda_: float | None, generations: int
    ) -> tuple[int, ...]:
        """How many rows generations 1 to ``generations`` train on; InputError if the data have too few."""
        ...

    def build(self, room: Room, component: Component) -> object:
        """The object that a component names; InputError if its class refuses the parameters."""
        ...
