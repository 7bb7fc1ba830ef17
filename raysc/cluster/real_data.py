"""Real rows in Ray's object store: put there once a run, and read by all trials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ray

from raysc.cluster.reference_features import ReferenceFeatureLoader, ReferenceFeatures
from raysc.datasets.dataset import SupportsLabels
from raysc.execution.extractors import classifier_files, trained_extractors
from raysc.planning.resolved import ResolvedCell, metric_keys
from raysc.store.keys import key_of
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class RealData:
    """The real rows of one data setting in the object store.

    Attributes:
        train: training rows, (1, n, *event), where all seeds share them; None where each seed has its own, which its
            trial makes.
        test: held-out rows, (rows, *event).
        extractors: name of a network that computes features -> its files.
        reference_features: name of a network -> its features of these rows.
    """

    train: "ray.ObjectRef[Any] | None"
    test: "ray.ObjectRef[Any]"
    extractors: Mapping[str, Mapping[str, bytes]]
    reference_features: Mapping[str, ReferenceFeatures]


@dataclass(frozen=True)
class RealDataCache:
    """The real data of all waves of a run; one entry for each data setting.

    Attributes:
        sweep: the sweep.
        objects: the store.
        say: prints a line before a long computation.
    """

    sweep: Sweep
    objects: Objects
    say: Callable[[str], None]
    _by_key: dict[str, RealData] = field(default_factory=dict)

    def get(self, cell: ResolvedCell) -> RealData:
        """Return the real data of a cell; at the first call, put them into the object store.

        Raises:
            DamagedObjectError: stored features of the real rows are damaged.
        """
        key = key_of(cell.settings.data.model_dump())
        if key not in self._by_key:
            self._by_key[key] = self._put(cell)
        return self._by_key[key]

    def _put(self, cell: ResolvedCell) -> RealData:
        train = cell.data.train((0, 1))
        train_ref = ray.put(train) if train.shape[0] == 1 else None
        test_ref = ray.put(cell.data.test())
        extractors = trained_extractors(
            metric_keys(self.sweep, cell).values(), cell.data, self.objects, _train_classifier
        )
        loader = ReferenceFeatureLoader(cell, extractors, self.objects, self.sweep.resources, self.say)
        return RealData(train_ref, test_ref, extractors, loader.load(train_ref, test_ref))


def _train_classifier(dataset: SupportsLabels) -> dict[str, bytes]:
    """Train a classifier in a task; return its files."""
    files: dict[str, bytes] = ray.get(ray.remote(classifier_files).remote(dataset))
    return files
