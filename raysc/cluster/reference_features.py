"""What networks make of the real rows: stored, keyed artifacts, made once per data, extractor and split.

Features of 50,000 images take minutes, and what a Fréchet distance needs of them takes a while more. So units only read
them: from Ray's object store, where all processes of a node read the same memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import ray
from ray.exceptions import RayTaskError
from safetensors.numpy import load, save

from raysc.cluster.process_resources import use_resources, use_threads
from raysc.errors import RayscError
from raysc.metrics.core.features import load_extractors
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.frechet_distance import moments
from raysc.planning.resolved import Line, Split, reference_key
from raysc.settings import Resources
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.objects import Objects

TASK = 4096
"""Rows of one task. It asks for what a rank asks for, and as many run at once as there is room for."""

Files = Mapping[str, Mapping[str, bytes]]
"""Extractor -> file name -> content."""


@dataclass(frozen=True)
class Reference:
    """What one extractor makes of the real rows: ``Vectors`` in the object store, with their moments.

    Attributes:
        train: (n, dim); None where each seed has its own rows, whose features its crew computes.
        test: of the held-out rows.
    """

    train: "ray.ObjectRef[Vectors] | None"
    test: "ray.ObjectRef[Vectors]"


@dataclass(frozen=True)
class References:
    """Reads or makes what networks make of one data setting's real rows.

    Attributes:
        line: a cell with these data.
        extractors: files of the networks that its metrics need.
        objects: the store.
        resources: of a rank.
        say: told of what takes long.
    """

    line: Line
    extractors: Files
    objects: Objects
    resources: Resources
    say: Callable[[str], None]

    def put(self, train: "ray.ObjectRef[np.ndarray] | None", test: "ray.ObjectRef[np.ndarray]") -> dict[str, Reference]:
        """Extractor -> its reference.

        Args:
            train: (1, n, *event); None where each seed has its own.
            test: (rows, *event).

        Raises:
            Damaged: what is stored is not what was published; once that is set aside, it is made again.
        """
        return {
            name: Reference(None if train is None else self._put(name, "train", train), self._put(name, "test", test))
            for name in self.extractors
        }

    def _put(self, extractor: str, split: Split, rows: "ray.ObjectRef[np.ndarray]") -> "ray.ObjectRef[Vectors]":
        key = reference_key(self.line, extractor, split)
        files = read_artifact(self.objects, key)
        if files is None:
            write_artifact(self.objects, key, self._make(extractor, split, rows))
            files = read_artifact(self.objects, key)
            assert files is not None, "an artifact that was written can be read"
        statistics = load(files["moments.safetensors"])
        vectors = Vectors(load(files["features.safetensors"])["features"].astype(np.float64))
        vectors.once(moments, lambda: (statistics["mean"], statistics["factor"]))
        return ray.put(vectors)

    def _make(self, extractor: str, split: Split, rows: "ray.ObjectRef[np.ndarray]") -> dict[str, bytes]:
        count = ray.get(rows).shape[1 if split == "train" else 0]
        if count > TASK:
            self.say(f"computing {extractor} features of {count:,} real rows ({split}), once; the store keeps them")
        cpus, gpus = self.resources.cpus, self.resources.gpus
        of_some = ray.remote(_features).options(num_cpus=cpus, num_gpus=gpus)
        together = ray.remote(_together).options(num_cpus=cpus)
        files: ray.ObjectRef[Files] = ray.put({extractor: self.extractors[extractor]})
        parts = [
            of_some.remote(files, rows, split, range(first, min(count, first + TASK)), self.resources)
            for first in range(0, count, TASK)
        ]
        try:
            made: dict[str, bytes] = ray.get(together.remote(cpus, *parts))
        except RayTaskError as error:
            raise error.cause if isinstance(error.cause, RayscError) else error from None
        return made


def _features(files: Files, rows: np.ndarray, split: Split, which: range, resources: Resources) -> np.ndarray:
    """A task: features of some rows, float32, in which networks compute them."""
    use_resources(resources, trained=True)
    ((_, extractor),) = load_extractors(files).items()
    own = rows[0] if split == "train" else rows
    return extractor.features(own[which.start : which.stop]).astype(np.float32)


def _together(cpus: float, *parts: np.ndarray) -> dict[str, bytes]:
    """A task: the files of an artifact, features (rows, dim) and what ``moments`` says of them."""
    use_threads(cpus, trained=False)
    features = np.concatenate(parts)
    mean, factor = moments(features.astype(np.float64))
    return {
        "features.safetensors": save({"features": features}),
        "moments.safetensors": save({"mean": mean, "factor": factor}),
    }
