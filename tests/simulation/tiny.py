"""A trained family that takes microseconds. It has what real ones have: averaged and raw weights, and momentum."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors.numpy import load_file, save_file

from raysc.models.family import FitResult
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train
from tests.simulation.world import current_world

FIT_SECONDS = 20.0
"""Virtual seconds of one call of ``fit``."""


@dataclass(frozen=True)
class Tiny:
    """Stochastic gradient descent with momentum on the mean of the rows.

    A state holds the averaged weights and, as training state, the raw ones and the momentum. All are of shape
    (seeds, *event).
    """

    learning_rate: float = 0.1
    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = 4

    def check(self, event: tuple[int, ...]) -> None:
        """Accept every shape."""

    def initial(self, event: tuple[int, ...], streams: Streams) -> Any:
        """Return normal weights without momentum."""
        weights = streams.normal(event, "init")
        return {"average": weights, "weights": weights, "momentum": np.zeros_like(weights)}

    def fit(
        self,
        training_set: TrainingSet,
        start: Any,
        steps: range,
        train: Train,
        streams: Streams,
        length: int | None = None,
    ) -> FitResult:
        """Train over some steps, each of which pulls the weights to one row."""
        world = current_world()
        world.record_fit(streams.generation, steps, streams.seeds)
        world.scheduler.wait(FIT_SECONDS)
        rows = training_set.load()
        average, weights, momentum = (start[name].copy() for name in ("average", "weights", "momentum"))
        loss = 0.0
        for step in steps:
            draws = streams.normal(weights.shape[1:], "train", step)
            for seed in range(len(weights)):
                of_seed = rows[seed if len(rows) > 1 else 0]
                row = of_seed[int(abs(draws[seed].flat[0]) * 1e6) % len(of_seed)]
                momentum[seed] = 0.9 * momentum[seed] + weights[seed] - row
            weights = weights - self.learning_rate * momentum
            average = 0.7 * average + 0.3 * weights
            loss += float(np.abs(momentum).mean())
        diverged = ~np.isfinite(weights).reshape(len(weights), -1).all(axis=1)
        state = {"average": average, "weights": weights, "momentum": momentum}
        return FitResult(state, diverged, loss / max(1, len(steps)))

    def sample(self, state: Any, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        """Draw rows around the averaged weights, (seeds, count, *event)."""
        average = state["average"]
        blocks = range(first // self.block, -(-(first + count) // self.block))
        shape = (self.block, *average.shape[1:])
        noise = np.concatenate([streams.normal(shape, "sample", block) for block in blocks], axis=1)
        rows: np.ndarray = average[:, None] * (1 + 0.3 * noise) + 0.5 * noise
        offset = first - blocks.start * self.block
        return rows[:, offset : offset + count]

    def save(self, state: Any, folder: Path, training_state: bool) -> None:
        """Write the averaged weights, and the training state."""
        save_file({"average": state["average"]}, folder / "model.safetensors")
        if training_state:
            files = {name: state[name] for name in ("weights", "momentum")}
            save_file(files, folder / "training_state.safetensors")

    def load(self, folder: Path) -> Any:
        """Read a state; without its training state the averaged weights serve as raw ones, as the protocol says."""
        average = load_file(folder / "model.safetensors")["average"]
        if not (folder / "training_state.safetensors").exists():
            return {"average": average, "weights": average, "momentum": np.zeros_like(average)}
        return {"average": average, **load_file(folder / "training_state.safetensors")}

    def parameter_count(self, event: tuple[int, ...]) -> int:
        """Return the number of weights of one seed."""
        return int(np.prod(event))
