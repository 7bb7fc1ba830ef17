"""Several models in one cell: the section ``models`` of a sweep file, and the place of one model among them."""

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from raysc.settings.base import Settings

GRAPHS = ("self", "cycle", "star", "complete", "pooled")
"""Named graphs. In all but ``pooled`` a model reads itself and its neighbours in equal shares, and every model draws by
itself which rows it reads; ``pooled``: all samples are dealt out, so that one model reads each row."""

RealRows = Literal["own", "common"]
"""Real rows of coupled models: each draws its own, or all have the rows of model 0."""

MAX_MODELS = 100
"""Most models of a cell; every one of them has the matrix of all."""

READS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": list(GRAPHS)},
        {"type": "array", "items": {"type": "array", "items": {"type": "number", "minimum": 0}}},
    ]
}
"""JSON Schema of ``Models.reads``, which the reader checks with more precise messages."""


class Models(Settings):
    """Models that train on each other's samples.

    Attributes:
        count: K, the number of models; 1: a loop by itself.
        reads: how the models read each other's samples: self, cycle, star, complete, pooled, or a matrix whose row i
            has the shares in which model i reads the models; its rows sum to 1.
        real: own: every model draws its own real rows; common: all models have the same ones.
        each: settings that differ between the models: a dotted axis with a list of K values.
    """

    count: Annotated[int, Field(ge=1, le=MAX_MODELS)] = 1
    reads: Annotated[Any, WithJsonSchema(READS_SCHEMA)] = "complete"
    real: RealRows = "own"
    each: dict[str, list[Any]] = Field(default_factory=dict)


class Coupling(Settings):
    """Place of a cell's model among the models that read each other's samples.

    Attributes:
        index: number of the model, from 0.
        graph: name of the graph, or "matrix"; None: the models train on real rows only.
        reads: W, row-stochastic: model i reads the share W[i][j] of its synthetic rows from model j.
        real: their real rows.
        models: a hash of the settings of each model, in order; the cells with equal ones are coupled.
    """

    index: int
    graph: str | None
    reads: tuple[tuple[float, ...], ...]
    real: RealRows
    models: tuple[str, ...]

    @property
    def count(self) -> int:
        """K, the number of models."""
        return len(self.models)

    @property
    def group(self) -> Hashable:
        """The settings that the models of one cell share.

        Graphs of equal matrices are different cells: complete is cycle for 3 models. Their lineages are the same.
        """
        return self.models, self.reads, self.real, self.graph

    @property
    def key(self) -> Mapping[str, Any]:
        """Part of a lineage key beside the settings of the models."""
        pooled = {"pooled": True} if self.graph == "pooled" else {}
        return {"index": self.index, "reads": self.reads, "real": self.real, **pooled}


def coupling_value(coupling: Coupling | None, column: str) -> Any:
    """Return the value of a column of ``models`` for a cell; None where the cell has no such setting."""
    if column == "index":
        return 0 if coupling is None else coupling.index
    if column == "count":
        return 1 if coupling is None else coupling.count
    if coupling is None:
        return None
    if column == "real":
        return coupling.real
    return [list(row) for row in coupling.reads] if coupling.graph == "matrix" else coupling.graph
