"""The base class of all settings, and components."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of every mapping in a sweep file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Component(Settings):
    """A data set, model, regime, curation or metric by name, with its parameters in the sweep file.

    Attributes:
        name: a registered short name, or ``package.module:Name``.
        parameters: checked against the component's signature, without those equal to their default.
    """

    name: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)

    def __hash__(self) -> int:
        """Return a hash of the names alone, since a parameter may be a list."""
        return hash((self.name, *sorted(self.parameters)))
