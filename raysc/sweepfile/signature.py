"""Signatures of components, and the protocol of their registry, which stands above this room and is passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from raysc.settings import Component

REQUIRED: Any = object()
"""The default of a parameter without a default."""

ComponentKind = Literal["data", "model", "regime", "curation", "metric"]


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
    """Declarations of a component's class.

    Attributes:
        parameters: by name, in order.
        default_lambda: of a regime: lambda if the sweep file sets none; None: the sweep file must set it; "not taken":
            the regime has no lambda.
        matched_control: of a regime: the parameters that turn it into its own matched control; None: the matched
            control is real_only.
        trained: of a model: it takes initial.steps, train, loop.start, loop.budget, loop.train and sample.steps.
        sample_settings: of a closed-form model: the settings under ``sample`` that it takes, apart from ``rows``.
        locations: of data and models: the parameters that locate files. The content of the files is in the keys, their
            location is not.
    """

    parameters: Mapping[str, Parameter]
    default_lambda: float | Literal["not taken"] | None = "not taken"
    matched_control: Mapping[str, Any] | None = None
    trained: bool = False
    sample_settings: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


class ComponentRegistry(Protocol):
    """All registered components."""

    def names(self, kind: ComponentKind) -> Sequence[str]:
        """Return the short names, sorted."""
        ...

    def signature(self, kind: ComponentKind, name: str) -> Signature:
        """Return the signature of a short name or ``package.module:Name``; InputError for an unknown name."""
        ...

    def columns(self, metric: Component) -> Mapping[str, Literal["log", "linear"]]:
        """Return the columns of a metric, each with its scale."""
        ...

    def training_rows(
        self, data: Component, regime: Component, lambda_: float | None, generations: int
    ) -> tuple[int, ...]:
        """Return the training rows of generations 1 to ``generations``; InputError if the data have too few rows."""
        ...

    def build(self, kind: ComponentKind, component: Component) -> object:
        """Return the object of a component; InputError if its class refuses the parameters."""
        ...
