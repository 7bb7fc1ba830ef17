"""The stable import surface for authors of plug-ins.

A plug-in is one class in one file, named in a sweep file by its import path (``window:Window``). Names in this module
keep their meaning from version to version; modules elsewhere in raysc may move. Each protocol states what a class of
its kind must have, and ``raysc.testing`` has the tests that every class of its kind passes.

Regimes implement ``Regime``: a recipe of takes for each generation, whose functions may choose, transform and weigh
rows (``Take``). Curations implement ``Curation``: they change the takes of samples of any regime. Data sets implement
``DataSet``, models ``ClosedFormFamily`` or ``TrainedFamily``, metrics ``Metric``, ``ModelMetric``, ``AcrossMetric`` or
``ForkMetric``.
The ``Supports...`` protocols are optional capabilities: a class has one if it has its members.
"""

from raysc.curation.curation import Curation
from raysc.datasets.dataset import (
    DataSet,
    LabelledRows,
    SupportsFingerprint,
    SupportsFreshRows,
    SupportsLabels,
    SupportsModes,
    SupportsMoments,
    SupportsProbabilities,
    SupportsReserve,
    SupportsTarget,
    SupportsTokens,
)
from raysc.errors import InputError, RayscError
from raysc.metrics.core.metric import (
    AcrossMetric,
    Column,
    FeatureSets,
    FittedModels,
    ForkMetric,
    Metric,
    ModelMetric,
    SupportsDataRequirements,
    Vectors,
)
from raysc.models.family import (
    Arrays,
    ClosedFormFamily,
    FitResult,
    StateWithRows,
    SupportsBiasedSampling,
    SupportsDataBinding,
    SupportsGuidance,
    SupportsLazySampling,
    SupportsRandomFits,
    SupportsSettingsCheck,
    SupportsText,
    SupportsWeights,
    TrainedFamily,
)
from raysc.models.packing import SupportsPacking, SupportsSingleSeeds
from raysc.pool.blocks import Block
from raysc.pool.rows import Rows
from raysc.pool.tokens import Texts, Tokenizer
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import (
    REAL,
    Chooser,
    Recipe,
    Source,
    Take,
    Transform,
    Weigher,
    exact,
    fresh,
    per_real_row,
    synthetic,
)
from raysc.regimes.regime import Regime, SupportsRowCheck
from raysc.rng import Streams
from raysc.settings import Guide, Sample, Train

__all__ = [
    "REAL",
    "AcrossMetric",
    "Arrays",
    "Block",
    "Chooser",
    "ClosedFormFamily",
    "Column",
    "Curation",
    "DataSet",
    "FeatureSets",
    "FitResult",
    "FittedModels",
    "ForkMetric",
    "Guide",
    "InputError",
    "LabelledRows",
    "Metric",
    "ModelMetric",
    "RayscError",
    "Recipe",
    "Regime",
    "Rows",
    "Sample",
    "Source",
    "StateWithRows",
    "Streams",
    "SupportsBiasedSampling",
    "SupportsDataBinding",
    "SupportsDataRequirements",
    "SupportsFingerprint",
    "SupportsFreshRows",
    "SupportsGuidance",
    "SupportsLabels",
    "SupportsLazySampling",
    "SupportsModes",
    "SupportsMoments",
    "SupportsPacking",
    "SupportsProbabilities",
    "SupportsRandomFits",
    "SupportsReserve",
    "SupportsRowCheck",
    "SupportsSettingsCheck",
    "SupportsSingleSeeds",
    "SupportsTarget",
    "SupportsText",
    "SupportsTokens",
    "SupportsWeights",
    "Take",
    "Texts",
    "Tokenizer",
    "Train",
    "TrainedFamily",
    "TrainingSet",
    "Transform",
    "Vectors",
    "Weigher",
    "exact",
    "fresh",
    "per_real_row",
    "synthetic",
]
