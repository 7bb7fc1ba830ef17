"""Training a network with Accelerate: what every neural family shares."""

from collections.abc import Callable, Mapping
from math import cos, isfinite, nan, pi

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from raysc.activity import tell
from raysc.errors import InputError, RayscError
from raysc.models.batches import Batch, Batches
from raysc.models.coupling import Coupling
from raysc.models.dropout import WholeBatchDropout
from raysc.models.family import Fitted
from raysc.models.networks import Tensors, with_weights
from raysc.models.state import State, packed
from raysc.pool.rows import TrainingSet
from raysc.streams import Streams
from raysc.sweepfile.settings import Train

CHECK_EVERY = 50
"""Steps between two looks at the loss: a look makes a GPU, and all ranks, wait."""

OF_POINTS = {"batch", "lr", "weight_decay", "schedule", "clip", "ramp", "ema", "optimizer_state", "start_weights"}
"""The settings that packs of seeds go by."""

Loss = Callable[[nn.Module, Batch], Tensor]
"""What a family minimises: the mean over the rows of a batch, a scalar."""


def fit(
    loss: Loss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    length: int | None = None, coupling: Coupling | None = None,
) -> Fitted:  # fmt: skip
    """Run some optimiser steps on one rank or several; what ``Trained.fit`` promises, for any loss.

    A run has diverged if a loss, a parameter or what the EMA model says of the last batch is not finite. It is stopped
    within ``CHECK_EVERY`` steps of that, on all ranks together, and its state is the one at that point.

    Raises:
        InputError: the batch cannot be split evenly over the ranks.
        RayscError: the precision is fp16 and there is no GPU.
    """
    if not steps:
        return Fitted(start, False, nan)
    accelerator = _accelerator(train.precision)
    rank, world, device = accelerator.process_index, accelerator.num_processes, accelerator.device
    batches = Batches(training_set, train.batch, rank, world, streams, device, coupling, train.flips)

    begun = start.ema if train.start_weights == "ema" and steps.start == 0 else start.weights
    network = with_weights(start.config, _copies(begun))
    dropout = WholeBatchDropout(train.dropout, rank, world, streams, device) if train.dropout else None
    if dropout is not None:
        dropout.put_into(network)
    prepared = accelerator.prepare_model(network)
    parameters = dict(network.named_parameters())
    adamw = torch.optim.AdamW(parameters.values(), lr=train.lr, weight_decay=train.weight_decay, fused=True)
    # Accelerate's wrapper looks for an optional package on the disk in every step: only loss scaling is worth that
    optimizer = adamw if accelerator.scaler is None else accelerator.prepare_optimizer(adamw)
    if steps.start > 0 or train.optimizer_state == "carried":
        _restore(adamw, parameters, start.moments)
        if accelerator.scaler is not None and start.scaler:
            accelerator.scaler.load_state_dict(start.scaler)
    ema = {name: start.ema[name].to(device, copy=True) for name in parameters}
    ema_values, values = list(ema.values()), list(parameters.values())
    before = start.steps - steps.start

    total, unchecked = 0.0, torch.zeros((), device=device)
    for step in steps:
        if (step - steps.start) % CHECK_EVERY == 0:
            tell("training", "steps", step, length or steps.stop)
        adamw.param_groups[0]["lr"] = learning_rate(train, step, length or steps.stop, before)
        if dropout is not None:
            dropout.begin(step)
        batch = batches(step)
        batch_loss = loss(prepared, batch)
        accelerator.backward(batch_loss)
        if train.clip is not None:
            accelerator.clip_grad_norm_(values, train.clip)
        optimizer.step()
        optimizer.zero_grad()
        if train.ema is not None:
            get_ema_multi_avg_fn(train.ema.decay(step, train.batch))(ema_values, values, None)
        unchecked += batch_loss.detach()
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps.stop:
            total += accelerator.reduce(unchecked, "mean").item()
            unchecked.zero_()
            if not isfinite(total):
                break

    tell("training", "steps", steps.stop, length or steps.stop)
    weights = {name: parameter.detach() for name, parameter in parameters.items()}
    scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else {}
    moments = _moments(adamw, parameters)
    state = State(start.config, weights, ema if train.ema else weights, moments, scaler, before + step + 1)
    diverged = not isfinite(total) or not _sound(loss, state, batch, accelerator)
    return Fitted(state, diverged, total / len(steps))


def reset_accelerator() -> None:
    """Forget Accelerate's process-wide state and leave its process group, at the end of a trial."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def learning_rate(train: Train, step: int, length: int, before: int = 0) -> float:
    """The learning rate of a step of a generation that has ``length`` steps, after those ``before`` it."""
    rate = train.lr if train.schedule == "constant" else train.lr * 0.5 * (1 + cos(pi * step / length))
    return rate if train.ramp is None else rate * train.ramp.share(step, before, train.batch)


def check_train(train: Train, event: tuple[int, ...], network: str) -> None:
    """Refuse settings under ``train`` that a family does not go by for rows of some shape; InputError.

    Args:
        train: the settings.
        event: shape of a row.
        network: the family's kind of network.
    """
    for name, field in Train.model_fields.items() if packed(event) else ():
        if name not in OF_POINTS and getattr(train, name) != field.default:
            raise InputError(
                f"train.{name}: networks of points train in plain float32 and take {', '.join(sorted(OF_POINTS))}, "
                f"not {name}"
            )
    if train.dropout and network != "unet":
        raise InputError("train.dropout: goes with network: unet")
    if train.flips and len(event) != 3:
        raise InputError("train.flips: only images can be mirrored")


def _accelerator(precision: str) -> Accelerator:
    """A new Accelerator; the process group and device, once there, stay."""
    AcceleratorState._reset_state()  # it refuses another precision than that of the fit before
    if precision == "fp16" and PartialState().device.type == "cpu":
        raise RayscError("train.precision: fp16 needs a GPU, and this process has none; use bf16 or fp32")
    return Accelerator(mixed_precision="no" if precision == "fp32" else precision)


def _copies(tensors: Tensors) -> Tensors:
    return {name: tensor.clone() for name, tensor in tensors.items()}


def _moments(adamw: torch.optim.AdamW, parameters: Mapping[str, Tensor]) -> Tensors:
    """AdamW's state by parameter name and entry."""
    return {
        f"{name}/{entry}": value
        for name, parameter in parameters.items()
        for entry, value in adamw.state[parameter].items()
    }


def _restore(adamw: torch.optim.AdamW, parameters: Mapping[str, Tensor], moments: Tensors) -> None:
    """Give AdamW copies of what ``_moments`` took from another."""
    for key, value in moments.items():
        name, _, entry = key.rpartition("/")
        adamw.state[parameters[name]][entry] = value.clone()


def _sound(loss: Loss, state: State, batch: Batch, accelerator: Accelerator) -> bool:
    """Whether all weights are finite, and the EMA model's loss on every rank's part of a batch."""
    with torch.no_grad():
        last = loss(with_weights(state.config, state.ema), batch)
    finite = [values.isfinite().all() for values in (*state.weights.values(), *state.ema.values(), last)]
    wrong: Tensor = accelerator.reduce((~torch.stack(finite)).sum(), "sum")
    return not wrong.item()
