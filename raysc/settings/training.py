"""Settings of training: generation 0, optimiser, averages, length."""

from fractions import Fraction
from math import ceil
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from raysc.settings.base import Settings

LOOP_ONLY = {
    "train.optimizer_state": "generation 0 carries no optimiser state",
    "train.start_weights": "generation 0 starts from random weights",
    "sample.latents": "generation 0 draws its own latents",
    "sample.guide": "generation 0 has no older model",
}
"""Settings of retrainings only, valid under ``loop``, each with the reason."""

UNKEYED = ("micro_batch", "recompute", "shard", "compile")
"""Settings of ``Train`` that change results by rounding only; they are part of no key."""


class Initial(Settings):
    """Settings of generation 0.

    Attributes:
        steps: optimiser steps (trained families).
        rows: number of real rows for generation 0, the first ones; later generations use all n.
        from_: a diffusers folder, a hub id, or a checkpoint file of EDM, torchcfm or ddpm-torch to load in place of
            training; excludes both.
    """

    steps: PositiveInt | None = None
    rows: PositiveInt | None = None
    from_: str | None = Field(default=None, alias="from")


class Ema(Settings):
    """Exponential moving average of the weights.

    Attributes:
        half_life: optimiser steps after which old weights count half.
        half_life_rows: the same in training rows, for any batch; exactly one of the two is set.
        rampup: the half-life in rows is at most this factor times the rows seen so far in the generation.
        samples: true: rows are sampled from the average; false: from the raw weights, and the average is the start of
            a retraining under ``start_weights: ema``.
    """

    half_life: PositiveFloat | None = None
    half_life_rows: PositiveFloat | None = None
    rampup: PositiveFloat | None = None
    samples: bool = True

    def steps(self, batch: int) -> float:
        """Return the half-life in optimiser steps, after the ramp-up."""
        if self.half_life is not None:
            return self.half_life
        assert self.half_life_rows is not None, "a half-life is in steps or in rows"
        return self.half_life_rows / batch

    def decay(self, step: int, batch: int) -> float:
        """Return the decay of the average at a step of a generation, 0 to 1."""
        half_life = self.steps(batch)
        if self.rampup is not None:
            half_life = min(half_life, self.rampup * step)
        return 0.5 ** (1 / half_life) if half_life > 0 else 0.0


class Ramp(Settings):
    """A linear rise of the learning rate from 0.

    Attributes:
        steps: optimiser steps until the full learning rate.
        rows: the same in training rows, for any batch; exactly one of the two is set.
        restarted: true: every generation begins at 0; false: steps are counted from the random weights on.
    """

    steps: PositiveInt | None = None
    rows: PositiveInt | None = None
    restarted: bool = True

    def share(self, step: int, before: int, batch: int) -> float:
        """Return the fraction of the learning rate at a step of a generation, 0 to 1.

        Args:
            step: steps of the generation.
            before: steps of all generations before it.
            batch: rows per step.
        """
        taken = step if self.restarted else before + step
        ramp_steps = self.steps if self.steps is not None else (self.rows or 0) / batch
        return min(1.0, taken / ramp_steps)


class Train(Settings):
    """Training settings of a trained family.

    Attributes:
        batch: rows per optimiser step over all ranks.
        lr: learning rate of AdamW.
        weight_decay: of AdamW.
        schedule: learning rate over the steps of a generation: constant, or half a cosine down to zero.
        warmup: fraction of a generation's steps over which the learning rate rises to ``lr``, 0 to 1.
        clip: maximum norm of the gradient; none: no clipping.
        ramp: alternative to ``warmup``: the rate rises over a number of steps or rows, also across generations.
        ema: moving average of the weights, from which rows are sampled by default; none: the raw weights sample.
        precision: of the forward and backward pass; fp32 is torch's, with TF32 convolutions on GPUs that have it;
            fp32_ieee is without TF32.
        weights: dtype of the weights, their gradients and AdamW's moments; bf16 weights round each step, so that small
            ones move few of them. With precision bf16, of language models. The moving average stays fp32.
        dropout: fraction of values that a residual block of a U-Net drops.
        flips: every image of a batch is mirrored left to right with probability 1/2.
        augmentation: of a U-Net: probability of each change of EDM's augmentation. The network gets the changes as
            input and samples images without changes. The augmentation mirrors half of the images, too.
        optimizer_state: moments of AdamW at the start of a retraining: those of the generation before, or none. Under
            ``loop.train`` only.
        start_weights: weights of the start model from which a retraining starts: raw, or their moving average. Under
            ``loop.train`` only.
        micro_batch: rows per forward pass of a rank; default: its part of ``batch``, reduced if the device runs out of
            memory. This and the following settings change memory and time, and results by rounding only, and are part
            of no key.
        recompute: activations are recomputed in the backward pass (gradient checkpointing) and not stored.
        shard: with several ranks, each stores only its part of parameters, gradients and optimiser state during
            training (FSDP). Each rank samples by itself, so the model must fit on each device.
        compile: auto: torch.compile for training large networks of images on GPUs; off: training runs without it, and
            sampling alone compiles them.
    """

    batch: PositiveInt = 128
    lr: PositiveFloat = 1e-3
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = Field(default=0.0, ge=0, le=1)
    clip: PositiveFloat | None = None
    ramp: Ramp | None = None
    ema: Ema | None = None
    precision: Literal["fp32", "fp32_ieee", "bf16", "fp16"] = "fp32"
    weights: Literal["fp32", "bf16"] = "fp32"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    flips: bool = False
    augmentation: float = Field(default=0.0, ge=0, le=1)
    optimizer_state: Literal["carried", "reset"] = "carried"
    start_weights: Literal["raw", "ema"] = "raw"
    micro_batch: PositiveInt | None = None
    recompute: bool = False
    shard: bool = False
    compile: Literal["auto", "off"] = "auto"


class Budget(Settings):
    """Length of each retraining; exactly one is set.

    Attributes:
        steps: optimiser steps.
        epochs: passes over the current training set, so steps grow with it.
        rows_seen: rows over all steps, for any size of the training set.
    """

    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    rows_seen: PositiveInt | None = None

    def optimiser_steps(self, rows: int, batch: int) -> int:
        """Return the steps on a training set of ``rows`` rows, at least 1; an incomplete last batch is one step."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, ceil(Fraction(repr(self.epochs)) * rows / batch))  # exact decimal of the sweep file
        assert self.rows_seen is not None, "a budget has one of steps, epochs and rows_seen"
        return ceil(self.rows_seen / batch)
