"""Packs: the seeds of a unit trained together, as one network whose every weight has a leading seed axis.

For points, whose networks are too small to fill a core one by one. A family says its loss and its sampler for one
seed; vmap makes them batched operations. Seed i of every tensor is computed from seed i of the others alone: packing
changes results by rounding at most, and a seed that diverges leaves the rest as they are.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.optim.swa_utils import get_ema_multi_avg_fn

from raysc.models.family import Fitted
from raysc.models.networks.architectures import Network, Tensors, build, predict
from raysc.models.neural.sampling import BLOCK, generators, of_latents
from raysc.models.neural.state import State
from raysc.models.training.batches import Batch, PackBatches
from raysc.models.training.coupling import Coupling
from raysc.models.training.loop import CHECK_EVERY, learning_rate
from raysc.pool.rows import TrainingSet
from raysc.progress import tell
from raysc.rng import Streams
from raysc.settings import Sample, Train

Loss = Callable[[Network, Batch], Tensor]
"""What a family minimises: the mean over the rows of one seed's batch, a scalar."""
Sampler = Callable[[Network, Tensor], Tensor]
"""One seed's latents, float32 (block, *event), to values of the same shape."""


def fit(
    loss: Loss, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
    length: int | None = None, coupling: Coupling | None = None,
) -> Fitted:  # fmt: skip
    """Run some optimiser steps of all seeds; what ``Trained.fit`` promises, for any loss.

    A seed has diverged if a loss, a parameter or what its EMA model says of the last batch is not finite. The others
    go on; training ends within ``CHECK_EVERY`` steps of the divergence of the last one.

    A coupling pairs the noise of each batch with its rows; without one they meet as they were drawn.
    """
    seeds = len(streams.seeds)
    if not steps:
        return Fitted(start, np.zeros(seeds, bool), np.full(seeds, np.nan))
    batches = PackBatches(training_set, train.batch, streams, start.device, coupling)
    network = build(start.config)
    losses = _per_seed(loss, network)
    # In the network's order, not that of the file they may come from: norms are sums.
    begun = start.ema if train.start_weights == "ema" and steps.start == 0 else start.weights
    weights = {name: begun[name].clone().requires_grad_() for name, _ in network.named_parameters()}
    adamw = torch.optim.AdamW(weights.values(), lr=train.lr, weight_decay=train.weight_decay, fused=True)
    if steps.start > 0 or train.optimizer_state == "carried":
        for key, moment in start.moments.items():
            name, _, entry = key.rpartition("/")
            adamw.state[weights[name]][entry] = moment.clone()
    ema = {name: start.ema[name].clone() for name in weights}
    values, ema_values = list(weights.values()), list(ema.values())
    before = start.steps - steps.start

    total = torch.zeros(seeds, device=start.device)
    for step in steps:
        if (step - steps.start) % CHECK_EVERY == 0:
            tell("training", "steps", step, length or steps.stop)
        adamw.param_groups[0]["lr"] = learning_rate(train, step, length or steps.stop, before)
        batch = batches(step)
        each = losses(weights, batch)
        each.sum().backward()
        if train.clip is not None:
            _clip([value.grad for value in values if value.grad is not None], train.clip)
        adamw.step()
        adamw.zero_grad()
        if train.ema is not None:
            get_ema_multi_avg_fn(train.ema.decay(step, train.batch))(ema_values, values, None)
        total += each.detach()
        if (step + 1) % CHECK_EVERY == 0 and not total.isfinite().any():
            break

    tell("training", "steps", steps.stop, length or steps.stop)
    raw = {name: weight.detach() for name, weight in weights.items()}
    moments = {
        f"{name}/{entry}": value for name, weight in weights.items() for entry, value in adamw.state[weight].items()
    }
    state = State(start.config, raw, ema if train.ema else raw, moments, steps=before + step + 1)
    with torch.no_grad():
        finite = [total, losses(state.ema, batch), *state.weights.values(), *state.ema.values()]
    sound = torch.stack([value.isfinite().reshape(seeds, -1).all(dim=1) for value in finite]).all(dim=0)
    return Fitted(state, ~sound.cpu().numpy(), total.double().cpu().numpy() / len(steps))


def sample_rows(
    sampler: Callable[..., Tensor], state: State, first: int, count: int, sample: Sample, streams: Streams,
    noisy: bool = False,
) -> np.ndarray:  # fmt: skip
    """Rows ``first`` to ``first + count`` of the endless sequences that the EMA models draw; see ``Trained.sample``.

    Args:
        sampler: a ``Sampler`` of one seed; if ``noisy``, of the whole pack.
        state: the models.
        first: >= 0.
        count: >= 1.
        sample: how rows are sampled; of it only ``latents`` plays a part here.
        streams: of the pack.
        noisy: the sampler draws noise on its way, which one seed of a batched operation cannot: it is given all EMA
            networks as one, all latents (seeds, block, *event), and as its third argument a block's ``generators``.

    Returns:
        float32 (seeds, count, *event), with what is not finite as it is: a row of points can show it.
    """
    draw = _per_seed_of(predict if noisy else sampler, build(state.config))
    blocks = range(first // BLOCK, -(-(first + count) // BLOCK))
    drawn = []
    for block in blocks:
        tell("sampling", "blocks of rows", block - blocks.start, len(blocks))
        each = of_latents(sample, streams).in_turn("sample", block)
        normals = np.stack([one.standard_normal((BLOCK, *state.event), dtype=np.float32) for one in each])
        latents = torch.from_numpy(normals).to(state.device)
        with torch.no_grad():
            if noisy:
                values = sampler(partial(draw, state.ema), latents, generators(sample, streams, block))
            else:
                values = draw(state.ema, latents)
        drawn.append(values.cpu().numpy())
    tell("sampling", "blocks of rows", len(blocks), len(blocks))
    skip = first - blocks.start * BLOCK
    rows: np.ndarray = np.concatenate(drawn, axis=1)[:, skip : skip + count]
    return rows


def call(function: Sampler, state: State, points: np.ndarray) -> np.ndarray:
    """A function of the EMA network and of points that all seeds share, float32 (count, *event) -> (seeds, ...)."""
    shared = torch.from_numpy(points).float().to(state.device)
    with torch.no_grad():
        found = _per_seed_of(function, build(state.config))(state.ema, shared.expand(state.seeds, *shared.shape))
    values: np.ndarray = found.cpu().numpy()
    return values


def _per_seed(loss: Loss, network: nn.Module) -> Callable[[Tensors, Batch], Tensor]:
    """The losses (seeds,) of all seeds, from weights and batches with a leading seed axis."""

    def one(weights: Tensors, rows: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        return loss(_with(network, weights), Batch(rows, noise, times))

    batched = vmap(one)

    def every(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        values: Tensor = batched(dict(weights), batch.rows, batch.noise, batch.times)
        return values

    return every


def _per_seed_of(function: Callable[..., Tensor], network: nn.Module) -> Callable[..., Tensor]:
    """A function of a network and of values, of all seeds: from weights and values with a leading seed axis."""
    return vmap(lambda weights, *values: function(_with(network, weights), *values))


def _with(network: nn.Module, weights: Tensors) -> Network:
    """The network as a function, with some weights in the place of its own; what it has beside weights goes along."""
    device = next(iter(weights.values())).device
    constants = {name: values.to(device) for name, values in network.named_buffers()}

    def called(*arguments: Any, **options: Any) -> Tensor:
        output: Tensor = functional_call(network, (weights, constants), arguments, options)
        return output

    return called


def _clip(gradients: list[Tensor], most: float) -> None:
    """Scale each seed's gradients down to a norm of at most ``most``, as ``clip_grad_norm_`` does for one."""
    squares = torch.stack([gradient.square().flatten(1).sum(dim=1) for gradient in gradients])
    scale = (most / (squares.sum(dim=0).sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))
