"""Description of the exported rows of one generation, for people and for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from raysc.planning.resolved import ResolvedCell
from raysc.pool.exchange import rows_read
from raysc.regimes.recipe import REAL, Recipe, Source
from raysc.results.samples.sampled_rows import provenance
from raysc.settings import UNCURATED
from raysc.store.keys import key_of


@dataclass(frozen=True)
class Origin:
    """Rows that a model was trained on, or the pretrained model that it started from.

    Attributes:
        uri: name of the origin: a URN of the data set, of the samples of a generation or of a pretrained model.
        label: the origin in words.
    """

    uri: str
    label: str


@dataclass(frozen=True)
class SampleDescription:
    """The rows of one generation of one seed, and the model that sampled them.

    Attributes:
        sweep: name of the sweep.
        seed: the seed.
        generation: t.
        rows: number of rows.
        kind: kind of the rows: points, images or text.
        lineage: key of the rows in the store.
        data: name of the data set.
        model: name of the family of G_t.
        regime: rule of the training sets.
        curation: rule on top of the regime; None for samples as they are.
        lambda_: synthetic rows per real row; None if the regime takes none.
        sampler: name of the sampler.
        sampling: other sampling settings that are not at their default.
        training_rows: rows of D_t, on which G_t was trained: "all", and "real" and "synthetic" where the recipe fixes
            them.
        origins: sources of D_t, and the pretrained model of ``initial.from``, if there is one.
        columns: the metadata columns of the rows, the same in every row.
        version: version of raysc that exported them.
    """

    sweep: str
    seed: int
    generation: int
    rows: int
    kind: str
    lineage: str
    data: str
    model: str
    regime: str
    curation: str | None
    lambda_: float | None
    sampler: str
    sampling: Mapping[str, object]
    training_rows: Mapping[str, int]
    origins: tuple[Origin, ...]
    columns: Mapping[str, object]
    version: str

    @property
    def name(self) -> str:
        """Name of the data set that the rows make up."""
        cell = self.columns["cell"]
        return f"{self.sweep}-cell{cell}-seed{self.seed}-generation{self.generation}"

    @property
    def model_uri(self) -> str:
        """URN of G_t."""
        return f"urn:raysc:model:{self.lineage}:seed{self.seed}:generation{self.generation}"

    @property
    def summary(self) -> str:
        """The rows in one sentence."""
        return (
            f"{self.rows} synthetic rows ({self.kind}) sampled from a model ({self.model}): generation "
            f"{self.generation} of a self-consuming loop on {self.data} under the regime {self.regime}"
            + (f" with lambda = {self.lambda_:g}" if self.lambda_ is not None else "")
            + (f" and the curation {self.curation}" if self.curation is not None else "")
            + f", seed {self.seed}."
        )


def describe(sweep: str, cell: ResolvedCell, seed: int, t: int, rows: int) -> SampleDescription:
    """Describe the exported rows of one generation.

    Args:
        sweep: name of the sweep.
        cell: the cell.
        seed: the seed.
        t: number of the generation.
        rows: number of exported rows.
    """
    settings, recipe = cell.settings, cell.rules.recipe(t)
    sources = dict.fromkeys(take.source for take in recipe.takes)
    columns = provenance(cell, seed, t)
    sample = cell.rules.sample(t)
    sampling = sample.model_dump(exclude_defaults=True, by_alias=True, exclude={"rows", "sampler"})
    return SampleDescription(
        sweep=sweep,
        seed=seed,
        generation=t,
        rows=rows,
        kind=cell.data.kind,
        lineage=str(columns["lineage"]),
        data=settings.data.name,
        model=settings.model.name,
        regime=settings.regime.name,
        curation=None if settings.curation.name == UNCURATED else settings.curation.name,
        lambda_=settings.lambda_,
        sampler=sample.sampler or f"default of {settings.model.name}",
        sampling=sampling,
        training_rows=_training_rows(recipe),
        origins=(*(origin for source in sources for origin in _origins(source, cell, seed)), *_pretrained(cell)),
        columns=columns,
        version=version("raysc"),
    )


def _training_rows(recipe: Recipe) -> dict[str, int]:
    """Return the number of rows of a training set; by kind only if none are left out by chance."""
    if recipe.subsample is not None:
        return {"all": recipe.rows}
    synthetic = sum(take.count for take in recipe.takes if take.source.kind == "synthetic")
    return {"all": recipe.rows, "real": recipe.rows - synthetic, "synthetic": synthetic}


def _origins(source: Source, cell: ResolvedCell, seed: int) -> Iterator[Origin]:
    """Yield the names of a source of rows. A coupled model reads the samples of several models."""
    if source.kind == "synthetic":
        for model in _models_read(cell):
            lineage = provenance(model, seed, source.generation)["lineage"]
            uri = f"urn:raysc:samples:{lineage}:seed{seed}:generation{source.generation}"
            coupling = model.settings.coupling
            of_model = "" if coupling is None else f" of model {coupling.index}"
            yield Origin(uri, f"samples of generation {source.generation}{of_model}, seed {seed}")
        return
    data = f"urn:raysc:data:{key_of(_model_settings(cell)['data'])}"
    name = cell.settings.data.name
    if source == REAL:
        yield Origin(data, f"real rows of {name}")
    else:
        t = source.generation
        yield Origin(f"{data}:seed{seed}:fresh{t}", f"new real rows of {name} for generation {t}")


def _models_read(cell: ResolvedCell) -> tuple[ResolvedCell, ...]:
    """Return the cells whose samples a model is trained on: its own, or those that a coupled model reads."""
    coupling = cell.settings.coupling
    if coupling is None:
        return (cell,)
    counts = rows_read(coupling, coupling.index, cell.rules.sample_rows)
    return tuple(model for model, count in zip(cell.coupled, counts, strict=True) if count > 0)


def _model_settings(cell: ResolvedCell) -> Mapping[str, Any]:
    """Return the settings in the key of a model; a coupled model's key holds those of all models."""
    coupling = cell.settings.coupling
    settings: Mapping[str, Any] = cell.keys.settings
    return settings if coupling is None else settings["models"][coupling.index]


def _pretrained(cell: ResolvedCell) -> tuple[Origin, ...]:
    """Return the pretrained model from which generation 0 started, if there is one."""
    content = _model_settings(cell)["initial"].get("from")
    return () if content is None else (Origin(f"urn:raysc:pretrained:{content}", "pretrained model"),)
