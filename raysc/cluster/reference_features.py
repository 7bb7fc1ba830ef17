"""Reference features: features of the real rows, computed once per data, extractor and split as keyed artifacts.

The features of 50,000 images take minutes, and their covariance takes longer. So units only read them, from Ray's
object store, where all processes of a node share the memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import ray
from ray.exceptions import RayTaskError
from safetensors.numpy import load, save

from raysc.cluster import ray_compat
from raysc.errors import RayscError
from raysc.machine.process_resources import use_resources, use_threads
from raysc.metrics.core.features import load_extractors
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.frechet_distance import FeatureStatistics, feature_statistics
from raysc.planning.resolved import ResolvedCell, Split, reference_key
from raysc.settings import Resources
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.objects import Objects

TASK_ROWS = 4096
"""Rows of one task. A task requests the resources of a rank, so the tasks run in parallel as far as these suffice."""

Files = Mapping[str, Mapping[str, bytes]]
"""Extractor -> file name -> content."""


@dataclass(frozen=True)
class ReferenceFeatures:
    """Features of the real rows by one extractor: ``Vectors`` in the object store, with mean and covariance.

    Attributes:
        train: features of the training rows, (n, dim); None where each seed has its own rows, whose features its crew
            computes.
        test: features of the held-out rows.
    """

    train: "ray.ObjectRef[Vectors] | None"
    test: "ray.ObjectRef[Vectors]"


@dataclass(frozen=True)
class ReferenceFeatureLoader:
    """A loader of the reference features of one data setting; it computes those that the store lacks.

    Attributes:
        cell: a cell with these data.
        extractors: files of the networks that its metrics need.
        objects: the store.
        resources: resources of a rank.
        say: prints a line before a long computation.
    """

    cell: ResolvedCell
    extractors: Files
    objects: Objects
    resources: Resources
    say: Callable[[str], None]

    def load(
        self, train: "ray.ObjectRef[np.ndarray] | None", test: "ray.ObjectRef[np.ndarray]"
    ) -> dict[str, ReferenceFeatures]:
        """Put the features of real rows into the object store, by extractor.

        Args:
            train: training rows, (1, n, *event); None where each seed has its own.
            test: held-out rows, (rows, *event).

        Raises:
            DamagedObjectError: a stored file differs from what was published. Once it is in the trash, the features are
                computed again.
        """
        return {
            name: ReferenceFeatures(
                None if train is None else self._load(name, "train", train), self._load(name, "test", test)
            )
            for name in self.extractors
        }

    def _load(self, extractor: str, split: Split, rows: "ray.ObjectRef[np.ndarray]") -> "ray.ObjectRef[Vectors]":
        """Put the features of one split into the object store, with their mean and covariance factor."""
        key = reference_key(self.cell, extractor, split)
        files = read_artifact(self.objects, key)
        if files is None:
            write_artifact(self.objects, key, self._compute(extractor, split, rows))
            files = read_artifact(self.objects, key)
            assert files is not None, "an artifact that was written can be read"
        statistics = load(files["moments.safetensors"])
        vectors = Vectors(load(files["features.safetensors"])["features"].astype(np.float64))
        vectors.cached(feature_statistics, lambda: FeatureStatistics.of(statistics["mean"], statistics["factor"]))
        return ray.put(vectors)

    def _compute(self, extractor: str, split: Split, rows: "ray.ObjectRef[np.ndarray]") -> dict[str, bytes]:
        """Compute the files of an artifact in tasks of ``TASK_ROWS`` rows."""
        count = ray.get(rows).shape[1 if split == "train" else 0]
        if count > TASK_ROWS:
            self.say(f"computing {extractor} features of {count:,} real rows ({split}), once; the store keeps them")
        cpus, gpus = self.resources.cpus, self.resources.gpus
        compute = ray.remote(_features).options(num_cpus=cpus, num_gpus=gpus)
        join = ray.remote(_artifact_files).options(num_cpus=cpus)
        files: ray.ObjectRef[Files] = ray.put({extractor: self.extractors[extractor]})
        parts = [
            compute.remote(files, rows, split, range(first, min(count, first + TASK_ROWS)), self.resources)
            for first in range(0, count, TASK_ROWS)
        ]
        try:
            contents: dict[str, bytes] = ray.get(join.remote(cpus, *parts))
        except RayTaskError as error:
            cause = ray_compat.unwrap(error)
            raise (cause if isinstance(cause, RayscError) else error) from None
        return contents


def _features(files: Files, rows: np.ndarray, split: Split, part: range, resources: Resources) -> np.ndarray:
    """Compute the features of a part of the rows, in a task: float32, the precision of the networks."""
    use_resources(resources, trained=True)
    ((_, extractor),) = load_extractors(files).items()
    split_rows = rows[0] if split == "train" else rows
    return extractor.features(split_rows[part.start : part.stop]).astype(np.float32)


def _artifact_files(cpus: float, *parts: np.ndarray) -> dict[str, bytes]:
    """Return the files of an artifact, in a task: features (rows, dim) and their ``feature_statistics``."""
    use_threads(cpus, trained=False)
    features = np.concatenate(parts)
    mean, factor, _ = feature_statistics(features.astype(np.float64))
    return {
        "features.safetensors": save({"features": features}),
        "moments.safetensors": save({"mean": mean, "factor": factor}),
    }
