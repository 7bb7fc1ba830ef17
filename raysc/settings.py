"""The settings of one cell: what a sweep file's words mean once they are read, checked and expanded."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

Start = Literal["previous", "initial", "scratch"]


class Settings(BaseModel):
    """Frozen, strict about unknown keys; the base of every mapping in a sweep file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Component(Settings):
    """A data set, model, regime or metric by name, with the parameters that the sweep file gives it.

    Attributes:
        name: a registered short name, or ``package.module:Name``.
        parameters: checked against the component's signature; those equal to their default are left out.
    """

    name: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)


class Initial(Settings):
    """How generation 0 is made.

    Attributes:
        steps: optimiser steps (trained families).
        rows: it trains on the first so many real rows only; later generations use all n.
        from_: a diffusers folder or hub id to start from instead of training; excludes both.
    """

    steps: PositiveInt | None = None
    rows: PositiveInt | None = None
    from_: str | None = Field(default=None, alias="from")


LOOP_ONLY = {
    "train.optimizer_state": "generation 0 carries no optimiser state",
    "train.start_weights": "generation 0 starts from random weights",
    "sample.latents": "generation 0 draws its own latents",
}
"""Settings that only retrainings have: under ``loop``, and why."""


class Ema(Settings):
    """Exponential moving average of the weights.

    Attributes:
        half_life: optimiser steps after which old weights count half.
        half_life_rows: the same in rows seen, whatever the batch; exactly one of the two is set.
        rampup: the half-life in rows is at most this times those seen so far in the generation.
    """

    half_life: PositiveFloat | None = None
    half_life_rows: PositiveFloat | None = None
    rampup: PositiveFloat | None = None

    def steps(self, batch: int) -> float:
        """The half-life in optimiser steps, once it is ramped up."""
        if self.half_life is not None:
            return self.half_life
        assert self.half_life_rows is not None, "a half-life is in steps or in rows"
        return self.half_life_rows / batch

    def decay(self, step: int, batch: int) -> float:
        """What the average keeps of itself in a step of a generation."""
        half_life = self.steps(batch)
        if self.rampup is not None:
            half_life = min(half_life, self.rampup * step)
        return 0.5 ** (1 / half_life) if half_life > 0 else 0.0


class Ramp(Settings):
    """A learning rate that rises from 0 in proportion to the steps taken.

    Attributes:
        steps: optimiser steps until it is whole.
        rows: the same in rows seen, whatever the batch; exactly one of the two is set.
        restarted: every generation begins at 0; else the steps before it count, from the random weights on.
    """

    steps: PositiveInt | None = None
    rows: PositiveInt | None = None
    restarted: bool = True

    def share(self, step: int, before: int, batch: int) -> float:
        """What there is of the learning rate in a step of a generation, after so many steps of those before it."""
        taken = step if self.restarted else before + step
        whole = self.steps if self.steps is not None else (self.rows or 0) / batch
        return min(1.0, taken / whole)


class Train(Settings):
    """How a trained family is trained.

    Attributes:
        batch: rows per optimiser step over all ranks.
        lr: learning rate of AdamW.
        weight_decay: of AdamW.
        schedule: learning rate over the steps of a generation: constant, or half a cosine down to zero.
        warmup: share of a generation's steps over which the learning rate rises to ``lr``, 0 to 1.
        clip: gradient norm that is not exceeded, or none.
        ramp: in the place of ``warmup``: the rate rises over a fixed number of steps or rows, be it across generations.
        ema: none: the raw weights are the model, the one that samples.
        precision: of the forward and backward pass; fp32 is torch's, whose convolutions are TF32 on GPUs that have it.
        dropout: share of the values that a residual block of a U-Net drops.
        flips: every image of a batch is mirrored left to right with probability 1/2.
        augmentation: of a U-Net: the probability of each change that EDM's augmentation makes to an image; the network
            is told of them, and draws images without any. It mirrors half of the images too.
        optimizer_state: what a retraining starts with: the moments of the generation before, or none. Under
            ``loop.train`` only.
        start_weights: the raw weights of the model that a retraining starts from, or their moving average. Under
            ``loop.train`` only.
        micro_batch: rows that a rank gives the network at once; its part of ``batch`` if not set, and fewer where a
            device has no room for so many. In no key, as what follows: they change memory and time, and results by
            rounding only.
        recompute: activations are computed again in the backward pass (gradient checkpointing) instead of being kept.
        shard: with several ranks, each keeps only its part of parameters, gradients and the optimiser's state while it
            trains (FSDP). The model itself must fit on each device, since each rank samples by itself.
    """

    batch: PositiveInt = 128
    lr: PositiveFloat = 1e-3
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = Field(default=0.0, ge=0, le=1)
    clip: PositiveFloat | None = None
    ramp: Ramp | None = None
    ema: Ema | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    flips: bool = False
    augmentation: float = Field(default=0.0, ge=0, le=1)
    optimizer_state: Literal["carried", "reset"] = "carried"
    start_weights: Literal["raw", "ema"] = "raw"
    micro_batch: PositiveInt | None = None
    recompute: bool = False
    shard: bool = False


UNKEYED = ("micro_batch", "recompute", "shard")
"""Settings of ``Train`` that change no result beyond rounding."""


class Accept(Settings):
    """Which texts count as rows; others are rejected, and drawn again.

    Attributes:
        starts: how a text must begin.
        once: what it must hold exactly once; nothing if empty.
        floor: share of accepted texts below which sampling fails instead of going on for ever.
    """

    starts: str = ""
    once: str = ""
    floor: float = Field(default=0.01, gt=0, le=1)


class Sample(Settings):
    """How a generation is sampled.

    Attributes:
        rows: rows that every generation samples, n if not set.
        steps: network evaluations or steps of the sampler; the family's own number if not set.
        sampler: which one, of a family that has several; its own choice if not set.
        rtol: relative error that a sampler with a tolerance allows itself per step.
        atol: absolute one.
        spacing: of the noise levels that a sampler visits, of a family that has several.
        latents: the noise that rows begin as, and what a sampler adds to it: each generation's own, or that of
            generation 0 again and again. Under ``loop.sample`` only.
        temperature: of text: logits are divided by it.
        top_k: of text: only so many most likely tokens are drawn.
        top_p: of text: only the most likely tokens are drawn that together have this probability.
        prompt_tokens: of text: row i goes on from so many first tokens of real training row i (mod n), which are part
            of it; none: rows are written from nothing.
        accept: of text: which rows are rejected; none if not set.
        precision: of text: of the network while it writes.
    """

    rows: PositiveInt | None = None
    steps: PositiveInt | None = None
    sampler: Literal["euler", "heun", "midpoint", "dopri5", "ddim", "ancestral"] | None = None
    rtol: PositiveFloat | None = None
    atol: PositiveFloat | None = None
    spacing: Literal["even", "quadratic"] | None = None
    latents: Literal["fresh", "repeated"] = "fresh"
    temperature: PositiveFloat = 1.0
    top_k: PositiveInt | None = None
    top_p: float = Field(default=1.0, gt=0, le=1)
    prompt_tokens: PositiveInt | None = None
    accept: Accept | None = None
    precision: Literal["fp32", "bf16"] = "fp32"


class Budget(Settings):
    """How long each retraining trains; exactly one is set.

    Attributes:
        steps: optimiser steps.
        epochs: passes over the current training set, so steps grow with it.
        rows_seen: rows over all steps, whatever the size of the training set.
    """

    steps: PositiveInt | None = None
    epochs: PositiveFloat | None = None
    rows_seen: PositiveInt | None = None

    def optimiser_steps(self, rows: int, batch: int) -> int:
        """Steps on a training set of so many rows, at least 1; a last part of a batch counts as one."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, ceil(Fraction(repr(self.epochs)) * rows / batch))  # the decimal as it was written
        assert self.rows_seen is not None, "a budget has one of steps, epochs and rows_seen"
        return ceil(self.rows_seen / batch)


class Until(Settings):
    """Where a seed ends before the last generation: the first at which a metric is at or beyond a level.

    It is judged at every generation, measured or not, of every cell, controls too. Later ones are not run: they count
    as done, and their metrics are those at the end. It is in no lineage key, since it changes no generation that there
    is: a sweep without it goes on from where a seed ended, and one with it takes what goes further. Closed-form
    lineages keep no rows, and are run again for either.

    Attributes:
        metric: a column of a listed metric.
        below: values at or under it end the seed.
        above: values at or over it do; exactly one of the two is set.
    """

    metric: str
    below: float | None = None
    above: float | None = None

    def __str__(self) -> str:
        side, level = ("below", self.below) if self.below is not None else ("above", self.above)
        return f"{self.metric} is at or {side} {level:g}"

    def reached(self, values: np.ndarray) -> np.ndarray:
        """Which values end a seed, bool of the same shape; NaN does not."""
        return np.asarray(values <= self.below if self.below is not None else values >= self.above)


class StepsOf(Settings):
    """Another regime, by whose training sets a budget in epochs is counted out: what a matched control has.

    Attributes:
        regime: the rule.
        lambda_: synthetic rows per real row; none where the rule takes none.
    """

    regime: Component
    lambda_: float | None

    def __str__(self) -> str:
        parameters = [f"{key} {value}" for key, value in self.regime.parameters.items()]
        lambda_ = [] if self.lambda_ is None else [f"lambda {self.lambda_:g}"]
        return ", ".join([self.regime.name, *parameters, *lambda_])


class Resources(Settings):
    """What a trial asks for.

    Attributes:
        workers: ranks of a crew.
        cpus: cores per rank, whole or fractional below 1.
        gpus: devices per rank; a fraction only with one worker.
        checkpoint_minutes: within a generation of a trained family the training state is saved so often, so that a
            unit that was stopped goes on there.
    """

    workers: PositiveInt = 1
    cpus: PositiveFloat = 1
    gpus: float = Field(default=0, ge=0)
    checkpoint_minutes: PositiveFloat = 15


class Price(Settings):
    """What a type of node costs, and what it has: from that the plan tells how many a sweep would use.

    Attributes:
        hour: of one node, in any currency.
        cpus: cores of one node.
        gpus: devices of one node.
        most: so many nodes at once at most.
    """

    hour: PositiveFloat
    cpus: PositiveFloat
    gpus: float = Field(default=0, ge=0)
    most: PositiveInt | None = None


class Keep(Settings):
    """What stays in the store of a trained family's lineage, from generation 1 on; generation 0 stays whole.

    Attributes:
        models: EMA models of all generations, or of the last one.
        training_state: raw weights and optimiser state of the last generation, from which a longer sweep goes on, or
            of none.
        rows: of all generations, or those that a further generation would train on. Others are drawn again from the
            models when they are wanted.
    """

    models: Literal["all", "last"] = "all"
    training_state: Literal["last", "none"] = "last"
    rows: Literal["all", "needed"] = "needed"


class Cell(Settings):
    """One point of the grid: everything but the seed.

    Attributes:
        data: the data set.
        model: the family.
        initial: how generation 0 is made.
        train: training settings of generation 0.
        sample: sampling settings of generation 0.
        loop_train: training settings of generations >= 1 (``loop.train`` over ``train``).
        loop_sample: sampling settings of generations >= 1 (``loop.sample`` over ``sample``).
        start: weights at the start of a retraining.
        budget: length of a retraining; none for closed-form families.
        regime: the rule for training sets.
        lambda_: synthetic rows per real row; none where the regime takes none.
        axes: dotted column name -> value, in the file's order; every axis of the sweep appears in every cell,
            with None where a cell does not set it.
        control: it was added as the control of other cells.
        steps_of: epochs are those of this rule's training sets; none: of the cell's own.
        compared_with: place of its control among the sweep's cells, itself if it is one; none: there is no control.
    """

    data: Component
    model: Component
    initial: Initial
    train: Train
    sample: Sample
    loop_train: Train
    loop_sample: Sample
    start: Start
    budget: Budget | None
    regime: Component
    lambda_: float | None
    axes: Mapping[str, Any]
    control: bool = False
    steps_of: StepsOf | None = None
    compared_with: int | None = None


Measure = Literal["all", "log"] | tuple[NonNegativeInt, ...]
