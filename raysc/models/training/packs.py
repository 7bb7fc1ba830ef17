"""Packs: the seeds of a unit trained together, as one network whose weights have a leading seed axis.

Packs are for small networks: one of them is too small to use a core fully. A family defines loss and sampler for one
seed. The perceptrons of a pack evaluate all rows at once, and vmap batches everything else over seeds. Seed i of every
tensor is computed from seed i of the other tensors alone: packing changes results by rounding at most, and a seed that
diverges does not affect the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from raysc.models.family import FitResult
from raysc.models.networks.build import build_network
from raysc.models.networks.mlp import forward_pack
from raysc.models.networks.network import Config, Network, Tensors, predict
from raysc.models.neural.sampling import BLOCK, draw_latents, iter_blocks, latent_streams, noise_generators
from raysc.models.neural.state import State
from raysc.models.training.batches import Batch, PackBatches
from raysc.models.training.coupling import Coupling
from raysc.models.training.loop import CHECK_EVERY
from raysc.models.training.optimizer_state import OptimizerState, carries_optimizer_state, starting_weights
from raysc.models.training.weights_moved import weights_moved
from raysc.pool.training_set import TrainingSet
from raysc.progress import report
from raysc.rng import Streams
from raysc.settings import Sample, Train

Loss = Callable[[Network, Batch], Tensor]
"""A family's loss: (network, one seed's batch) -> mean over its rows, a scalar."""
Errors = Callable[[Network, Batch], Tensor]
"""Errors of the values of a batch: (network, batch) -> (batch, *event); a seed's loss is their mean."""
PackLoss = Callable[[Mapping[str, Tensor], Batch], Tensor]
"""(weights, batch), both with a leading seed axis -> losses (seeds,)."""
Sampler = Callable[[Network, Tensor], Tensor]
"""(network, one seed's latents, float32 (block, *event)) -> values of the same shape."""


def fit(
    pack_loss: PackLoss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    total_steps: int | None = None, coupling: Coupling | None = None,
) -> FitResult:  # fmt: skip
    """Run optimiser steps of all seeds; see ``TrainedFamily.fit``.

    A seed has diverged if a loss, a parameter or its EMA model's loss on the last batch is not finite. The remaining
    seeds continue; training stops within ``CHECK_EVERY`` steps of the divergence of the last seed.

    Args:
        pack_loss: losses of all seeds, from ``perceptron_loss`` or ``vectorized_loss``.
        training_set: rows of the pack.
        start: the state to train from; it is not modified.
        steps: optimiser steps to run, within their generation.
        train: training settings, see ``validation.PACK_SETTINGS``.
        streams: of the pack.
        total_steps: optimiser steps of the generation, for the schedule; None: ``steps.stop``.
        coupling: pairs the noise of each batch with its rows; None: independent pairs.
    """
    seeds = len(streams.seeds)
    if not steps:
        return FitResult(start, np.zeros(seeds, bool), np.full(seeds, np.nan))
    total_steps = total_steps or steps.stop
    batches = PackBatches(training_set, train.batch, streams, start.device, coupling)
    network = build_network(start.config)
    weights = starting_weights(start, steps, train)
    # In the order of the network, not of a file, since gradient norms are sums.
    parameters = {name: weights[name].clone().requires_grad_() for name, _ in network.named_parameters()}
    optimizer_state = OptimizerState(parameters, start, steps, train, total_steps, pack=True)
    if carries_optimizer_state(steps, train):
        optimizer_state.load_moments(start.moments)

    total_losses = torch.zeros(seeds, device=start.device)
    for step in steps:
        if (step - steps.start) % CHECK_EVERY == 0:
            report("training", "steps", step, total_steps)
        batch = batches(step)
        total_losses += _step(step, batch, pack_loss, optimizer_state, train.clip)
        if (step + 1) % CHECK_EVERY == 0 and not total_losses.isfinite().any():
            break
    report("training", "steps", steps.stop, total_steps)
    state = optimizer_state.to_state(step)
    with torch.no_grad():
        ema_losses = pack_loss(state.ema, batch)
    diverged = ~_is_finite(state, ema_losses, total_losses)
    moved = weights_moved(weights, state.weights, torch.float32, seeds) | (not optimizer_state.learns)
    return FitResult(state, diverged, total_losses.double().cpu().numpy() / len(steps), moved)


def _step(
    step: int, batch: Batch, pack_loss: PackLoss, optimizer_state: OptimizerState, max_norm: float | None
) -> Tensor:
    """Run an optimiser step and return its losses (seeds,), without gradients."""
    optimizer_state.set_learning_rate(step)
    losses = pack_loss(optimizer_state.parameters, batch)
    losses.sum().backward()
    if max_norm is not None:
        _clip_grad_norm(optimizer_state.parameters.values(), max_norm)
    optimizer_state.adamw.step()
    optimizer_state.clear_gradients()
    optimizer_state.update_ema(step)
    return losses.detach()


def _is_finite(state: State, ema_losses: Tensor, total_losses: Tensor) -> np.ndarray:
    """Return the seeds whose losses, raw weights and EMA weights are finite, bool (seeds,)."""
    values = [total_losses, ema_losses, *state.weights.values(), *state.ema.values()]
    seeds = len(total_losses)
    finite = torch.stack([value.isfinite().reshape(seeds, -1).all(dim=1) for value in values]).all(dim=0)
    mask: np.ndarray = finite.cpu().numpy()
    return mask


def sample_rows(
    sampler: Callable[..., Tensor], state: State, first: int, count: int, sample: Sample, streams: Streams,
    stochastic: bool = False,
) -> np.ndarray:  # fmt: skip
    """Sample rows ``first`` to ``first + count`` of the EMA models' endless sequences; see ``TrainedFamily.sample``.

    Args:
        sampler: a ``Sampler`` of one seed; if ``stochastic``, of the whole pack.
        state: the models.
        first: >= 0.
        count: >= 1.
        sample: sampling settings; only ``latents`` and ``truncation`` are read here.
        streams: of the pack.
        stochastic: the sampler adds noise in its steps, which a vmapped function of one seed cannot. It takes all EMA
            networks as one, all latents (seeds, block, *event), and a block's ``noise_generators`` as third argument.

    Returns:
        float32 (seeds, count, *event); values that are not finite are returned, since rows of points can hold them.
    """
    vectorized = _batch_function(predict if stochastic else sampler, build_network(state.config))
    blocks = []
    for block in iter_blocks(first, count, BLOCK):
        generators = latent_streams(sample, streams).iter_generators("sample", block)
        stacked = np.stack([draw_latents(rng, state.event, sample) for rng in generators])
        latents = torch.from_numpy(stacked).to(state.device)
        with torch.no_grad():
            if stochastic:
                network = partial(vectorized, state.ema)
                values = sampler(network, latents, noise_generators(sample, streams, block))
            else:
                values = vectorized(state.ema, latents)
        blocks.append(values.cpu().numpy())
    skip = first % BLOCK
    rows: np.ndarray = np.concatenate(blocks, axis=1)[:, skip : skip + count]
    return rows


def evaluate(function: Sampler, state: State, points: np.ndarray) -> np.ndarray:
    """Evaluate a function of (EMA network, points) for each seed.

    Args:
        function: of one seed.
        state: the models.
        points: float32 (count, *event), shared by all seeds.

    Returns:
        (seeds, ...), float32.
    """
    inputs = torch.from_numpy(points).float().to(state.device)
    with torch.no_grad():
        outputs = _batch_function(function, build_network(state.config))(
            state.ema, inputs.expand(state.seeds, *inputs.shape)
        )
    values: np.ndarray = outputs.cpu().numpy()
    return values


def perceptron_loss(errors: Errors) -> PackLoss:
    """Return the losses of a pack of perceptrons (``Mlp``), whose rows of all seeds are one batch for ``errors``."""

    def pack_loss(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        seeds_and_rows = batch.times.shape

        def network(rows: Tensor, times: Tensor) -> Tensor:
            by_seed = rows.unflatten(0, seeds_and_rows), times.unflatten(0, seeds_and_rows)
            return forward_pack(weights, *by_seed).flatten(0, 1)

        flat = Batch(*(values.flatten(0, 1) for values in (batch.rows, batch.noise, batch.times)))
        return errors(network, flat).view(len(batch.times), -1).mean(dim=1)

    return pack_loss


def vectorized_loss(loss: Loss, config: Config) -> PackLoss:
    """Return a loss batched over seeds by vmap, for any kind of network."""
    network = build_network(config)

    def seed_loss(weights: Tensors, rows: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        return loss(_with_weights(network, weights), Batch(rows, noise, times))

    vectorized = vmap(seed_loss)

    def pack_loss(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        losses: Tensor = vectorized(dict(weights), batch.rows, batch.noise, batch.times)
        return losses

    return pack_loss


def _batch_function(function: Callable[..., Tensor], network: nn.Module) -> Callable[..., Tensor]:
    """Return (weights, *values) -> function(network, *values) batched over the leading seed axis of all arguments."""
    return vmap(lambda weights, *values: function(_with_weights(network, weights), *values))


def _with_weights(network: nn.Module, weights: Tensors) -> Network:
    """Return the network as a function with other weights; its buffers move to their device."""
    device = next(iter(weights.values())).device
    buffers = {name: values.to(device) for name, values in network.named_buffers()}

    def forward(*arguments: Any, **options: Any) -> Tensor:
        output: Tensor = functional_call(network, (weights, buffers), arguments, options)
        return output

    return forward


def _clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> None:
    """Scale each seed's gradients down to a norm of at most ``max_norm``, as ``clip_grad_norm_`` does for one seed."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    squares = torch.stack([gradient.square().flatten(1).sum(dim=1) for gradient in gradients])
    scale = (max_norm / (squares.sum(dim=0).sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))
