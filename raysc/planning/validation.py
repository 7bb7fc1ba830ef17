"""Validation: checks that the parts of a sweep go together. The sweep file's grammar cannot tell; all run before work.

Every check raises ``InputError`` with file, line and key.
"""

from collections.abc import Hashable
from typing import Any, cast

from raysc import registry
from raysc.errors import InputError
from raysc.machine.content_cache import content_cache
from raysc.machine.cores import core_count
from raysc.machine.memory import memory_limit
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.features import extractor_name, feature_dim
from raysc.metrics.core.metric import ModelMetric
from raysc.models.family import (
    ROWWISE_METHODS,
    SupportsBiasedSampling,
    SupportsSettingsCheck,
    SupportsText,
)
from raysc.models.packing import needs_packs
from raysc.planning.component_errors import located_errors
from raysc.planning.coupled_checks import check_coupling, check_single_models
from raysc.planning.curation_checks import check_curation
from raysc.planning.fork_checks import check_forks
from raysc.planning.memory import check_data, check_rows
from raysc.planning.regime_checks import check_regime, check_rows_of_rules
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.planning.seed_checks import check_data_seeds, check_seeds
from raysc.rng import Streams
from raysc.sweepfile.sweep import Sweep


def validate(resolved: ResolvedSweep) -> None:
    """Refuse a sweep that cannot work.

    Raises:
        InputError: names file, line and key, the problem and its remedy.
    """
    limit = memory_limit()
    _check_search(resolved.sweep)
    check_single_models(resolved)
    checked: set[Hashable] = set()
    for cell in resolved.cells:
        sweep = resolved.sweep.of_cell(cell.number)
        check_seeds(sweep, cell)
        check_forks(sweep, cell)
        if (rules_key := _rules_key(cell)) not in checked:
            checked.add(rules_key)
            check_rows_of_rules(sweep, cell)
        check_regime(sweep, cell)
        check_coupling(sweep, cell)
        check_curation(sweep, cell)
        check_rows(sweep, cell, limit)
        if (model_key := _model_key(cell)) not in checked:
            checked.add(model_key)
            _check_model(sweep, cell)
            _check_training(sweep, cell)
            _check_sampling(sweep, cell)
            _check_initial(sweep, cell)
            check_data(sweep, cell, limit)
            _check_metrics(sweep, cell)
    check_data_seeds(resolved)


def _check_search(sweep: Sweep) -> None:
    """A search that goes on with undecided values needs the states from which they go on."""
    search = sweep.search
    if search and search.max_generations > search.generations and sweep.keep.training_state == "none":
        problem = "expected last: with search.generations, values that are undecided go on from these states"
        raise sweep.error("keep.training_state", problem)


def _rules_key(cell: ResolvedCell) -> Hashable:
    """Return what the checks of rows by regime and curation depend on. Cells share these objects."""
    return tuple(map(id, (cell.data, cell.rules.regime, cell.rules.curation)))


def _model_key(cell: ResolvedCell) -> Hashable:
    """Return what the checks of models depend on. Cells share these objects; large grids differ in few of them.

    Each cell has a closed-form family of its own, so the settings of the model stand for it.
    """
    settings = cell.settings
    sections = settings.initial, settings.train, settings.sample, settings.loop_train, settings.loop_sample
    return settings.start, *map(id, (cell.data, settings.model, *sections))


def validation_notes(resolved: ResolvedSweep) -> tuple[str, ...]:
    """Warn of Fréchet distances of fewer rows than feature dimensions, which are biased."""
    notes: dict[str, None] = {}
    for cell in resolved.cells:
        for component in resolved.sweep.metrics:
            if component.name != "frechet_distance":
                continue
            metric = registry.build("metric", component)
            features = extractor_name(metric.features, cell.data.kind)
            rows = min(cell.rules.sample_rows, cell.data.count, len(cell.data.test()))
            dim = feature_dim(features, cell.data.event)
            if rows < dim:
                notes[
                    f"frechet_distance on {features}: {rows} rows are fewer than its {dim} features, so it is biased "
                    "upwards; compare it with its floor and at equal row counts only (in the table, "
                    f"{metric.columns[0].name}_rows says how many)"
                ] = None
    return tuple(notes)


def check_machine(sweep: Sweep) -> None:
    """Refuse a sweep whose trials need more cores than this machine has, before Ray is started on it."""
    resources, cores = sweep.resources, core_count()
    required = resources.workers * resources.cpus
    if required > cores:
        raise sweep.error(
            "resources",
            f"a trial asks for {required:g} cores ({resources.workers} workers x {resources.cpus:g}), this machine has "
            f"{cores}; lower workers or cpus",
        )


def _check_model(sweep: Sweep, cell: ResolvedCell) -> None:
    """The family must take the data's rows, the start of the loop and the number of workers."""
    settings, family = cell.settings, cell.family
    with located_errors(sweep, "model"):
        family.check(cell.data.event)
    if cell.data.kind == "text" and not isinstance(family, SupportsText):
        raise sweep.error("model", f"{settings.model.name} is no model of text, and the data are; take causal_lm")
    pretrained = isinstance(family, SupportsText) and settings.model.parameters.get("base") is not None
    if settings.start == "scratch" and pretrained:
        raise sweep.error("loop.start", "a pretrained base has no random initialisation; take initial or previous")
    one_rank = not family.trained or needs_packs(family, cell.data.event)
    if sweep.resources.workers > 1 and one_rank:
        raise sweep.error(
            "resources.workers", f"{settings.model.name} on {settings.data.name} runs on one rank; set workers: 1"
        )


def _check_training(sweep: Sweep, cell: ResolvedCell) -> None:
    """The settings of training must suit the family and the resources."""
    settings, resources = cell.settings, sweep.resources
    if isinstance(cell.family, SupportsSettingsCheck):
        for prefix, train, sample in (
            ("", settings.train, settings.sample),
            ("loop.", settings.loop_train, settings.loop_sample),
        ):
            try:
                cell.family.check_settings(cell.data.event, train, sample)
            except InputError as error:
                key, _, problem = str(error).partition(": ")
                raise sweep.error(f"{prefix}{key}", problem) from error
    if not cell.family.trained:
        return
    for key, sample in (("sample", settings.sample), ("loop.sample", settings.loop_sample)):
        if sample.precision in ("tf32", "fp16") and not resources.gpus:
            raise sweep.error(
                f"{key}.precision", f"{sample.precision} needs a GPU; set resources.gpus, or use bf16 or fp32"
            )
    for key, train in (("train", settings.train), ("loop.train", settings.loop_train)):
        if train.precision == "fp16" and not resources.gpus:
            raise sweep.error(f"{key}.precision", "fp16 needs a GPU; set resources.gpus, or use bf16 or fp32")
        if train.batch % resources.workers:
            raise sweep.error(
                "train.batch", f"{train.batch} rows cannot be split evenly over {resources.workers} workers"
            )


def _check_sampling(sweep: Sweep, cell: ResolvedCell) -> None:
    """The family must take every sampling setting that differs from its default; none is ignored."""
    applies = cell.family.trained or isinstance(cell.family, SupportsBiasedSampling)
    if getattr(cell.family, "sample_settings", ()) and not applies:
        raise sweep.error(
            "model",
            f"{cell.settings.model.name} has sample_settings, but no sampling_state(state, sample) that applies them; "
            "write this method, or take sample_settings out",
        )
    supported = getattr(cell.family, "sample_settings", ("steps",) if cell.family.trained else ())
    for key, sample in (("sample", cell.settings.sample), ("loop.sample", cell.settings.loop_sample)):
        for name, value in sample:
            if name != "rows" and name not in supported and value != type(sample).model_fields[name].default:
                raise sweep.error(
                    f"{key}.{name}",
                    f"{cell.settings.model.name} does not take it; it takes {', '.join(['rows', *supported])}",
                )


def _check_initial(sweep: Sweep, cell: ResolvedCell) -> None:
    """A loaded generation 0 must fit family and data; ``initial.rows`` must not exceed the data."""
    initial = cell.settings.initial
    if initial.from_ is not None:
        with located_errors(sweep, "initial.from"):
            _load(initial.from_, cast(Hashable, cell.family), cell.data.event)
    if initial.rows is not None and initial.rows > cell.rules.rows:
        raise sweep.error("initial.rows", f"{initial.rows} rows, but the data has {cell.rules.rows}")


@content_cache
def _load(source: str, family: Any, event: tuple[int, ...]) -> None:
    """Load a model once for each pair of family and data."""
    family.initial(event, Streams((0,), 0))


def _check_metrics(sweep: Sweep, cell: ResolvedCell) -> None:
    """The metrics must suit data, family and the number of workers."""
    metrics = [registry.build("metric", metric) for metric in sweep.metrics]
    if sweep.resources.workers > 1:
        for metric in metrics:
            if isinstance(metric, ModelMetric) and not set(metric.model_requirements) <= set(ROWWISE_METHODS):
                raise sweep.error(
                    "resources.workers",
                    f"{metric.columns[0].name} looks at models, which several workers hold elsewhere; set workers: 1",
                )
    with located_errors(sweep, "metrics"):
        check_metrics(metrics, cell.data, cell.family, cell.rules.sample_rows)
