"""Training a network with Accelerate: what every neural family shares."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from math import ceil, cos, isfinite, nan, pi
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from raysc.errors import InputError, RayscError
from raysc.models.family import Fitted
from raysc.models.networks.architectures import Config, Tensors, with_weights
from raysc.models.neural.augmentation_embedding import told
from raysc.models.neural.gpu import UNCOMPILED, ahead, compile_large, forget_compiled, free, in_order, laid_out, on_gpu
from raysc.models.neural.state import State, packed
from raysc.models.training import augmentation, micro_batch
from raysc.models.training.batches import Batches
from raysc.models.training.dropout import WholeBatchDropout
from raysc.models.training.fsdp import like, shard, whole
from raysc.pool.rows import TrainingSet
from raysc.progress import tell
from raysc.rng import Streams
from raysc.settings import Train

CHECK_EVERY = 50
"""Steps between two looks at the loss: a look makes a GPU, and all ranks, wait."""

OF_POINTS = {
    "batch", "lr", "weight_decay", "schedule", "warmup", "clip", "ramp", "ema", "optimizer_state", "start_weights",
}  # fmt: skip
"""The settings that packs of seeds go by."""

Loss = Callable[[nn.Module, Any], Tensor]
"""What a family minimises: the loss of a micro-batch, a scalar."""


class Steps(Protocol):
    """The batches of a run, cut into micro-batches."""

    def pieces(self, step: int) -> Sequence[tuple[Any, float]]:
        """This rank's micro-batches of a step, each with the weight of its loss.

        The weighted losses, summed over a rank and averaged over ranks, are the loss of the global batch.
        """
        ...


MakeSteps = Callable[[TrainingSet, Train, int, int, Streams, torch.device], Steps]
"""(training set, settings, rank, ranks, streams, device) -> batches, as ``Batches`` takes them."""

Network = Callable[[Config, Tensors], nn.Module]
"""The network with some weights: these very tensors."""


def fit(
    loss: Loss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    length: int | None = None, network_of: Network = with_weights, batches_of: MakeSteps = Batches,
) -> Fitted:  # fmt: skip
    """Run some optimiser steps on one rank or several; what ``Trained.fit`` promises, for any loss and network.

    Only parameters that require gradients are trained, and a state holds no others.

    A run has diverged if a loss, a parameter or what the EMA model says of the last batch is not finite. It is stopped
    within ``CHECK_EVERY`` steps of that, on all ranks together, and its state is the one at that point.

    Where a device has no room for a micro-batch, the run begins anew with ones of half as many rows, and the next run
    of its kind begins with those. Of several ranks each tries that out before it meets the others, who would wait for
    one that failed for ever; they need not agree.

    Raises:
        InputError: the batch cannot be split evenly over the ranks.
        RayscError: the precision is fp16 and there is no GPU or the network is sharded, ``train.recompute`` is set
            for a network that cannot, or there is no room for one row.
    """
    if not steps:
        return Fitted(start, False, nan)
    start = told(start, augmentation.CONDITIONS if train.augmentation else 0)
    if train.shard and train.precision == "fp16":
        raise RayscError("train.shard: fp16 cannot be sharded here; use bf16 or fp32")
    if on_gpu(start.device):
        free()  # the networks of the runs before
    kind = f"{start.config} {train}"
    while True:
        found = micro_batch.found(kind)
        fitting = train if found is None else train.model_copy(update={"micro_batch": found})
        what = "training" if found is None else f"training with {found} rows at a time, for want of memory"
        try:
            return _fit(loss, training_set, start, steps, fitting, streams, length, network_of, batches_of, what)
        except (torch.OutOfMemoryError, micro_batch.NoRoom) as error:
            micro_batch.halve(kind, fitting, error)
        free()  # now that the error is gone, and with it what the failed run held


def _fit(
    loss: Loss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    length: int | None, network_of: Network, batches_of: MakeSteps, what: str,
) -> Fitted:  # fmt: skip
    """As ``fit``, with micro-batches of as many rows as are set, whether there is room for them or not.

    ``what``: what is being done, for those who watch.
    """
    accelerator = _accelerator(train.precision)
    rank, world, device = accelerator.process_index, accelerator.num_processes, accelerator.device
    batches = batches_of(training_set, train, rank, world, streams, device)

    begun = start.ema if train.start_weights == "ema" and steps.start == 0 else start.weights
    network = laid_out(network_of(start.config, _copies(begun)).train(), device)
    dropout = WholeBatchDropout(train, rank, world, streams, device) if train.dropout else None
    if dropout is not None:
        row = batches.pieces(steps.start)[0][0].cut(slice(1))
        dropout.put_into(network, lambda: loss(network, row))
    if train.recompute:
        _recompute(network)
    sharded = train.shard and world > 1
    if world > 1 and on_gpu(device) and not sharded:
        batch, _ = batches.pieces(steps.start)[0]
        if dropout is not None:
            dropout.begin(steps.start, 0)
        micro_batch.rehearse(network, lambda: loss(network, batch), accelerator)
    if sharded:
        shard(network, world, device)
    elif start.config["network"] == "unet" and not train.recompute and not compile_large(network, device):
        what += UNCOMPILED
    prepared = accelerator.prepare_model(network, evaluation_mode=sharded)  # what is sharded needs no DDP around it
    parameters = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    adamw = torch.optim.AdamW(parameters.values(), lr=train.lr, weight_decay=train.weight_decay, fused=True)
    # Accelerate's wrapper looks for an optional package on the disk in every step: only loss scaling is worth that
    optimizer = adamw if accelerator.scaler is None else accelerator.prepare_optimizer(adamw)
    if steps.start > 0 or train.optimizer_state == "carried":
        _restore(adamw, parameters, start.moments)
        if accelerator.scaler is not None and start.scaler:
            accelerator.scaler.load_state_dict(start.scaler)
    ema = {name: like(start.ema[name].to(device), parameter.detach()) for name, parameter in parameters.items()}
    ema_values, values = list(ema.values()), list(parameters.values())
    before = start.steps - steps.start

    total, unchecked = 0.0, torch.zeros((), device=device)
    for step, pieces in zip(steps, ahead(batches.pieces, steps, device), strict=True):
        if (step - steps.start) % CHECK_EVERY == 0:
            tell(what, "steps", step, length or steps.stop)
        adamw.param_groups[0]["lr"] = learning_rate(train, step, length or steps.stop, before)
        for number, (batch, weight) in enumerate(pieces):
            if dropout is not None:
                dropout.begin(step, number)
            meet = number + 1 == len(pieces)  # ranks add up their gradients once
            with nullcontext() if meet else accelerator.no_sync(prepared):
                batch_loss = loss(prepared, batch) * weight
                accelerator.backward(batch_loss)
            unchecked += batch_loss.detach()
        if train.clip is not None:
            accelerator.clip_grad_norm_(values, train.clip)
        optimizer.step()
        optimizer.zero_grad()
        if train.ema is not None:
            get_ema_multi_avg_fn(train.ema.decay(step, train.batch))(ema_values, values, None)
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps.stop:
            total += accelerator.reduce(unchecked, "mean").item()
            unchecked.zero_()
            if not isfinite(total):
                break

    tell(what, "steps", steps.stop, length or steps.stop)
    weights = in_order(whole({name: parameter.detach() for name, parameter in parameters.items()}))
    scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else {}
    moments = in_order(whole(_moments(adamw, parameters)))
    ema = in_order(whole(ema)) if train.ema else weights
    state = State(start.config, weights, ema, moments, scaler, before + step + 1)
    diverged = not isfinite(total) or not _sound(loss, network_of, state, batch, accelerator)
    return Fitted(state, diverged, total / len(steps))


def reset_accelerator() -> None:
    """Forget Accelerate's process-wide state and leave its process group, at the end of a trial.

    What was compiled in it, and how many rows there is room for, is forgotten too.
    """
    forget_compiled()
    micro_batch.forget_found()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def learning_rate(train: Train, step: int, length: int, before: int = 0) -> float:
    """The learning rate of a step of a generation that has ``length`` steps, after those ``before`` it.

    During the warm-up, ceil(warmup * length) steps, it rises in a straight line, and its last step has the full rate.
    """
    scale = 1.0 if train.schedule == "constant" else 0.5 * (1 + cos(pi * step / length))
    if train.ramp is not None:
        return train.lr * scale * train.ramp.share(step, before, train.batch)
    rising = ceil(train.warmup * length)
    return train.lr * scale * (min(1.0, (step + 1) / rising) if rising else 1.0)


def check_train(train: Train, event: tuple[int, ...], network: str) -> None:
    """Refuse settings under ``train`` that a family does not go by for rows of some shape; InputError.

    Args:
        train: the settings.
        event: shape of a row.
        network: the family's kind of network.
    """
    for name, field in Train.model_fields.items() if network != "causal_lm" and packed(event) else ():
        if name not in OF_POINTS and getattr(train, name) != field.default:
            raise InputError(
                f"train.{name}: networks of points train in plain float32 and take {', '.join(sorted(OF_POINTS))}, "
                f"not {name}"
            )
    if train.ramp is not None and train.warmup:
        raise InputError("train.ramp: the learning rate rises by warmup or by ramp; take one of them out")
    if train.dropout and network != "unet":
        raise InputError("train.dropout: goes with network: unet")
    if train.augmentation and network != "unet":
        raise InputError("train.augmentation: goes with network: unet, which is told of it")
    if train.recompute and network == "mlp":
        raise InputError("train.recompute: goes with network: unet; a perceptron keeps next to nothing")
    if train.shard and train.precision == "fp16":
        raise InputError("train.shard: fp16 cannot be sharded here; use bf16 or fp32")
    if train.flips and len(event) != 3:
        raise InputError("train.flips: only images can be mirrored")


def _accelerator(precision: str) -> Accelerator:
    """A new Accelerator; the process group and device, once there, stay."""
    AcceleratorState._reset_state()  # it refuses another precision than that of the fit before
    if precision == "fp16" and PartialState().device.type == "cpu":
        raise RayscError("train.precision: fp16 needs a GPU, and this process has none; use bf16 or fp32")
    return Accelerator(mixed_precision="no" if precision == "fp32" else precision)


def _recompute(network: Any) -> None:
    """Keep few activations of the forward pass, and compute the others again in the backward one."""
    # transformers' new name, its old one, and diffusers'
    for method in ("activation_checkpointing_enable", "gradient_checkpointing_enable", "enable_gradient_checkpointing"):
        if hasattr(network, method):
            getattr(network, method)()
            if hasattr(network, "enable_input_require_grads"):
                network.enable_input_require_grads()  # where all but adapters is frozen, gradients must get that far
            return
    raise RayscError(f"train.recompute: {type(network).__name__} cannot recompute activations; take it out")


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
    """Give AdamW copies, or this rank's parts, of what ``_moments`` took from another."""
    for key, value in moments.items():
        name, _, entry = key.rpartition("/")
        adamw.state[parameters[name]][entry] = like(value, parameters[name].detach())


def _sound(loss: Loss, network_of: Network, state: State, batch: Any, accelerator: Accelerator) -> bool:
    """Whether all weights are finite, and the EMA model's loss on every rank's part of a batch."""
    with torch.no_grad():
        last = loss(network_of(state.config, state.ema), batch)
    finite = [values.isfinite().all() for values in (*state.weights.values(), *state.ema.values(), last)]
    wrong: Tensor = accelerator.reduce((~torch.stack(finite)).sum(), "sum")
    return not wrong.item()
