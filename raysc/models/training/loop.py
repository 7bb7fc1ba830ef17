"""Training loop with Accelerate, for every neural network that does not train in a pack."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite, nan
from typing import Any, Protocol

import torch
from accelerate.state import PartialState
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.models.family import FitResult
from raysc.models.networks.build import with_weights
from raysc.models.networks.network import IMAGE_NETWORKS, Config, Tensors
from raysc.models.neural.augmentation_embedding import with_augmentation_embedding
from raysc.models.neural.compiling import UNCOMPILED, FirstCall, compile_large, first_call
from raysc.models.neural.gpu import free_memory, on_gpu, prefetch, to_channels_last, without_tf32
from raysc.models.neural.state import State
from raysc.models.training import augmentation, micro_batch
from raysc.models.training.accelerate_compat import new_accelerator, prepare_model, prepare_optimizer, was_skipped
from raysc.models.training.batches import Batches
from raysc.models.training.dropout import WholeBatchDropout
from raysc.models.training.fsdp import shard_network
from raysc.models.training.gradient_checkpointing import enable_gradient_checkpointing
from raysc.models.training.optimizer_state import (
    WEIGHT_DTYPES,
    OptimizerState,
    carries_optimizer_state,
    starting_weights,
)
from raysc.models.training.weights_moved import weights_moved
from raysc.pool.training_set import TrainingSet
from raysc.progress import report
from raysc.rng import Streams
from raysc.settings import Train

CHECK_EVERY = 50
"""Steps between two checks of the loss. A check makes a GPU and all ranks wait."""

Loss = Callable[[nn.Module, Any], Tensor]
"""A family's loss: (network, micro-batch) -> scalar."""


class StepBatches(Protocol):
    """The batches of a run, cut into micro-batches."""

    def micro_batches(self, step: int) -> Sequence[tuple[Any, float]]:
        """Return this rank's micro-batches of a step, each with the weight of its loss.

        The weighted losses, summed over a rank and averaged over ranks, are the loss of the global batch.
        """
        ...


MakeBatches = Callable[[TrainingSet, Train, int, int, Streams, torch.device], StepBatches]
"""(training set, settings, rank, world size, streams, device) -> batches, as in ``Batches``."""

MakeNetwork = Callable[[Config, Tensors], nn.Module]
"""(configuration, weights) -> network with these tensors as parameters, not copies."""


@dataclass(frozen=True)
class Task:
    """A training run.

    Attributes:
        activity: label of its progress reports. All other attributes are arguments of ``fit``.
    """

    loss: Loss
    training_set: TrainingSet
    start: State
    steps: range
    train: Train
    streams: Streams
    total_steps: int
    make_network: MakeNetwork
    make_batches: MakeBatches
    activity: str = "training"


def fit(
    loss: Loss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    total_steps: int | None = None, make_network: MakeNetwork = with_weights, make_batches: MakeBatches = Batches,
) -> FitResult:  # fmt: skip
    """Run optimiser steps on one rank or several; see ``TrainedFamily.fit``.

    Only parameters that require gradients are trained, and a state holds no others.

    A run has diverged if a loss, a parameter or the EMA model's loss on the last batch is not finite. All ranks stop
    together, within ``CHECK_EVERY`` steps of the divergence, and return the state at that point.

    A run whose micro-batch does not fit on the device starts again with micro-batches of half as many rows, and the
    next run of its kind starts with that size. Of several ranks, each tries its micro-batch in a dry run before it
    joins the others, which would wait forever for a rank that fails later. Ranks may end up with different sizes.

    Args:
        loss: of a micro-batch.
        training_set: rows of one seed.
        start: the state to train from; it is not modified. The result has a seed axis if it has one.
        steps: optimiser steps to run, within their generation.
        train: training settings.
        streams: of one seed.
        total_steps: optimiser steps of the generation, for the schedule; None: ``steps.stop``.
        make_network: builds the network.
        make_batches: builds the batches.

    Raises:
        InputError: the batch cannot be split evenly over the ranks.
        RayscError: the precision is fp16 and there is no GPU or the network is sharded; ``train.recompute`` is set for
            a network that does not support it; or one row does not fit on the device.
    """
    if not steps:
        return FitResult(start, False, nan)
    _check_precision(train)
    has_seed_axis = start.is_pack
    if has_seed_axis:
        start = start.map_tensors(lambda tensor: tensor.squeeze(0))
    start = with_augmentation_embedding(start, augmentation.NUM_LABELS if train.augmentation else 0)
    total_steps = total_steps or steps.stop
    fitted = _fit(Task(loss, training_set, start, steps, train, streams, total_steps, make_network, make_batches))
    return replace(fitted, state=fitted.state.map_tensors(lambda tensor: tensor[None])) if has_seed_axis else fitted


def _fit(task: Task) -> FitResult:
    """Run a task, with micro-batches of half as many rows as long as they do not fit on the device."""
    train, kind = task.train, f"{task.start.config} {task.train}"
    if on_gpu(task.start.device):
        free_memory()  # networks of earlier runs
    while True:
        attempt = _with_micro_batch(task, micro_batch.remembered_size(kind))
        try:
            with without_tf32() if train.precision == "fp32_ieee" else nullcontext():
                return TrainingRun(attempt).run()
        except (torch.OutOfMemoryError, micro_batch.DryRunOutOfMemory) as error:
            micro_batch.halve(kind, attempt.train, error)
        free_memory()  # only now: the error holds references to the tensors of the failed run


def _check_precision(train: Train) -> None:
    """Raise RayscError where fp16 is impossible."""
    if train.precision != "fp16":
        return
    if train.shard:
        raise RayscError("train.shard: fp16 cannot be sharded; use bf16 or fp32")
    if PartialState().device.type == "cpu":
        raise RayscError("train.precision: fp16 needs a GPU, and this process has none; use bf16 or fp32")


def _with_micro_batch(task: Task, size: int | None) -> Task:
    """Return the task with a micro-batch size that an earlier run fell back to, if any."""
    if size is None:
        return task
    activity = f"training in micro-batches of {size} rows for lack of memory"
    return replace(task, train=task.train.model_copy(update={"micro_batch": size}), activity=activity)


class TrainingRun:
    """A training run with a fixed micro-batch size: construction sets it up, ``run`` steps and finishes."""

    def __init__(self, task: Task) -> None:
        """Set up batches, network, optimiser and EMA.

        Raises:
            torch.OutOfMemoryError: the network does not fit on the device.
            DryRunOutOfMemory: a micro-batch does not fit, and no other rank waits for this one yet.
        """
        train, self._task = task.train, task
        self._accelerator = new_accelerator(train.precision)
        self._device, self._world_size = self._accelerator.device, self._accelerator.num_processes
        self._sharded = train.shard and self._world_size > 1
        placement = (self._accelerator.process_index, self._world_size, task.streams, self._device)
        self._batches = task.make_batches(task.training_set, train, *placement)
        self._dropout = WholeBatchDropout(train, *placement) if train.dropout else None
        self._network = self._build_network()
        if self._world_size > 1 and on_gpu(self._device) and not self._sharded:
            self._dry_run()
        self._activity = task.activity
        self._model = self._distribute()
        self._optimizer_state = self._new_optimizer_state()
        adamw = self._optimizer_state.adamw
        assert isinstance(adamw, torch.optim.AdamW), "only packs, which train without Accelerate, have another one"
        self._optimizer = prepare_optimizer(self._accelerator, adamw)
        if carries_optimizer_state(task.steps, train):
            self._load_optimizer_state()
        self._loss, self._unchecked_loss = 0.0, torch.zeros((), device=self._device)
        self._skipped_steps = 0

    def _build_network(self) -> nn.Module:
        """Return the network with copies of the starting weights, and set up dropout and gradient checkpointing."""
        task = self._task
        weights = starting_weights(task.start, task.steps, task.train)
        dtype = WEIGHT_DTYPES[task.train.weights]
        copies = {name: tensor.to(dtype, copy=True) for name, tensor in weights.items()}
        network = to_channels_last(task.make_network(task.start.config, copies).train(), self._device)
        if self._dropout is not None:
            row = self._batches.micro_batches(task.steps.start)[0][0].select(slice(1))
            self._dropout.install(network, lambda: task.loss(network, row))
        if task.train.recompute:
            enable_gradient_checkpointing(network)
        return network

    def _dry_run(self) -> None:
        """Try the first micro-batch on this rank alone; DryRunOutOfMemory."""
        batch, _ = self._batches.micro_batches(self._task.steps.start)[0]
        if self._dropout is not None:
            self._dropout.set_masks(self._task.steps.start, 0)
        micro_batch.dry_run(self._network, lambda: self._task.loss(self._network, batch), self._accelerator)

    def _distribute(self) -> Any:
        """Shard or compile the network, and wrap it in autocast and DDP."""
        if self._sharded:
            shard_network(self._network, self._world_size, self._device)
        elif self._compiles() and not compile_large(self._network, self._device):
            self._activity += UNCOMPILED
        self._compiling = self._first_call()  # before Accelerate replaces the network's forward
        return prepare_model(self._accelerator, self._network, self._sharded)

    def _compiles(self) -> bool:
        """Return whether the network may be compiled: one of images without gradient checkpointing."""
        train = self._task.train
        return self._task.start.config["network"] in IMAGE_NETWORKS and train.compile == "auto" and not train.recompute

    def _first_call(self) -> FirstCall | None:
        """Return the network's first call if it will be compiled in this process."""
        train = self._task.train
        sizes = (train.batch, train.micro_batch, train.dropout, self._world_size)
        return first_call(self._network, self._activity, self._task.start.config, train.precision, train.weights, sizes)

    def _new_optimizer_state(self) -> OptimizerState:
        """Return AdamW and EMA of the trained parameters."""
        task = self._task
        parameters = {name: value for name, value in self._network.named_parameters() if value.requires_grad}
        return OptimizerState(parameters, task.start, task.steps, task.train, task.total_steps)

    def _load_optimizer_state(self) -> None:
        """Load AdamW's moments and the loss scaling of the state that the run starts from."""
        start, scaler = self._task.start, self._accelerator.scaler
        self._optimizer_state.load_moments(start.moments)
        if scaler is not None and start.scaler:
            scaler.load_state_dict(start.scaler)

    def run(self) -> FitResult:
        """Run the steps, or as many as a divergence leaves, and return the result."""
        steps = self._task.steps
        steps_batches = prefetch(self._batches.micro_batches, steps, self._device)
        for step, micro_batches in zip(steps, steps_batches, strict=True):
            if (step - steps.start) % CHECK_EVERY == 0:
                report(self._activity, "steps", step, self._task.total_steps)
            if step == steps.start and self._compiling is not None:
                self._compiling.run(partial(self._step, step, micro_batches))
            else:
                self._step(step, micro_batches)
            if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps.stop:
                self._add_losses()
                if not isfinite(self._loss):
                    break
        return self._finish(step, micro_batches[-1][0])

    def _step(self, step: int, micro_batches: Sequence[tuple[Any, float]]) -> None:
        """Run an optimiser step: gradients of all micro-batches, clipping, AdamW and EMA."""
        train, accelerator = self._task.train, self._accelerator
        self._optimizer_state.set_learning_rate(step)
        for index, (batch, weight) in enumerate(micro_batches):
            if self._dropout is not None:
                self._dropout.set_masks(step, index)
            last = index + 1 == len(micro_batches)  # ranks average their gradients once a step
            with nullcontext() if last else accelerator.no_sync(self._model):
                loss = self._task.loss(self._model, batch)
                loss = loss if weight == 1 else loss * weight
                torch.autograd.backward(loss if accelerator.scaler is None else accelerator.scaler.scale(loss))
            self._unchecked_loss += loss.detach()
        if train.clip is not None:
            accelerator.clip_grad_norm_(list(self._optimizer_state.parameters.values()), train.clip)
        self._optimizer.step()
        self._skipped_steps += was_skipped(accelerator, self._optimizer)
        self._optimizer.zero_grad()
        self._optimizer_state.update_ema(step)

    def _add_losses(self) -> None:
        """Add the losses since the last check, averaged over ranks, to the run's loss."""
        self._loss += self._accelerator.reduce(self._unchecked_loss, "mean").item()
        self._unchecked_loss.zero_()

    def _finish(self, step: int, batch: Any) -> FitResult:
        """Return the result after the last step taken.

        Args:
            step: that step.
            batch: its last micro-batch.
        """
        task, scaler = self._task, self._accelerator.scaler
        report(self._activity, "steps", task.steps.stop, task.total_steps)
        state = self._optimizer_state.to_state(step, None if scaler is None else scaler.state_dict())
        diverged = not isfinite(self._loss) or not self._is_finite(state, batch)
        return FitResult(state, diverged, self._loss / len(task.steps), self._has_moved(state), self._skipped_steps)

    def _has_moved(self, state: State) -> bool:
        """Return whether a weight differs from the start; True too if the learning rate was 0 in every step."""
        task = self._task
        start = starting_weights(task.start, task.steps, task.train)
        moved = weights_moved(start, state.weights, WEIGHT_DTYPES[task.train.weights])
        return bool(moved[0]) or not self._optimizer_state.learns

    def _is_finite(self, state: State, batch: Any) -> bool:
        """Return whether all weights, and the EMA model's loss on every rank's micro-batch, are finite."""
        with torch.no_grad():
            loss = self._task.loss(self._task.make_network(state.config, state.ema), batch)
        finite = [values.isfinite().all() for values in (*state.weights.values(), *state.ema.values(), loss)]
        not_finite: Tensor = self._accelerator.reduce((~torch.stack(finite)).sum(), "sum")
        return not not_finite.item()
