"""Learning rate schedule: constant or cosine, with a warm-up or a ramp."""

from math import ceil, cos, pi

from raysc.settings import Train


def learning_rate(train: Train, step: int, total_steps: int, steps_before: int = 0) -> float:
    """Return the learning rate of an optimiser step.

    During the warm-up, ceil(warmup * total_steps) steps, it rises linearly; the last warm-up step has the full rate.

    Args:
        train: ``lr``, ``schedule``, ``warmup``, ``ramp`` and ``batch`` are read.
        step: step of the generation, from 0.
        total_steps: steps of the generation.
        steps_before: steps of the generations before, since the weights were random.
    """
    scale = 1.0 if train.schedule == "constant" else 0.5 * (1 + cos(pi * step / total_steps))
    if train.ramp is not None:
        return train.lr * scale * train.ramp.share(step, steps_before, train.batch)
    warmup_steps = ceil(train.warmup * total_steps)
    return train.lr * scale * (min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0)
