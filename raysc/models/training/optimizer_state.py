"""Optimiser state of a training run: AdamW, its learning rate and the EMA, loaded from a state and saved to one."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from raysc.models.networks.network import Tensors
from raysc.models.neural.gpu import to_contiguous
from raysc.models.neural.state import State
from raysc.models.training.ema import EmaWeights
from raysc.models.training.fsdp import distribute_like, full_tensors
from raysc.models.training.fused_adamw import FusedAdamW
from raysc.models.training.lr_schedule import learning_rate
from raysc.settings import Train

WEIGHT_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""``train.weights`` -> dtype of the parameters of a run."""


def starting_weights(start: State, steps: range, train: Train) -> Tensors:
    """Return the weights that a run starts from: raw, or the EMA at the first step of ``start_weights: ema``."""
    return start.averaged_weights if train.start_weights == "ema" and steps.start == 0 else start.weights


def carries_optimizer_state(steps: range, train: Train) -> bool:
    """Return whether a run loads the optimiser state of its start: always within a generation, else if carried."""
    return steps.start > 0 or train.optimizer_state == "carried"


class OptimizerState:
    """AdamW and the EMA of a run's parameters, for one network or a pack.

    Attributes:
        parameters: trained parameters by name; their order is the network's.
        adamw: their optimiser, without state until ``load_moments``: ``FusedAdamW`` for a pack, else that of torch,
            which Accelerate needs; their values are equal.
        learns: True once a step had a learning rate above 0.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], start: State, steps: range, train: Train, total_steps: int | None,
        pack: bool = False,
    ) -> None:  # fmt: skip
        """Create the optimiser and copy the EMA weights.

        Args:
            parameters: as in ``parameters`` above; of a sharded network, DTensors.
            start: the state that the run starts from.
            steps: optimiser steps of the run, within its generation.
            train: training settings.
            total_steps: optimiser steps of the generation; None: ``steps.stop``.
            pack: the parameters have a leading seed axis, and Accelerate does not train them.
        """
        self.parameters = dict(parameters)
        self.adamw: FusedAdamW | torch.optim.AdamW = (
            FusedAdamW(self.parameters.values(), train.lr, train.weight_decay)
            if pack
            else torch.optim.AdamW(self.parameters.values(), lr=train.lr, weight_decay=train.weight_decay, fused=True)
        )
        self._ema = EmaWeights(start.averaged_weights, self.parameters, train)
        self._config, self._train = start.config, train
        self._total_steps = total_steps or steps.stop
        self._steps_before = start.steps - steps.start
        self.learns = False

    def load_moments(self, moments: Tensors) -> None:
        """Give AdamW copies of ``State.moments`` in the weights' dtype; of a sharded network, this rank's shards.

        The step count keeps its dtype: bf16 counts to 256 only.
        """
        for key, value in moments.items():
            name, _, entry = key.rpartition("/")
            parameter = self.parameters[name].detach()
            if entry != "step":
                value = value.to(parameter.dtype)
            self.adamw.state[self.parameters[name]][entry] = distribute_like(value, parameter)

    def set_learning_rate(self, step: int) -> None:
        """Set the learning rate of a step of the generation."""
        rate = learning_rate(self._train, step, self._total_steps, self._steps_before)
        self.adamw.param_groups[0]["lr"] = rate
        self.learns |= rate > 0

    def clear_gradients(self) -> None:
        """Delete the gradients; torch's ``zero_grad`` does so, and takes a tenth of a small network's step."""
        for parameter in self.parameters.values():
            parameter.grad = None

    def update_ema(self, step: int) -> None:
        """Update the EMA weights after a step of the generation, if there is an EMA."""
        self._ema.update(step)

    def to_state(self, step: int, scaler: dict[str, float] | None = None) -> State:
        """Return the state after a step of the generation; of a sharded network all ranks must call this.

        Args:
            step: the last step taken.
            scaler: loss scaling of fp16.

        Returns:
            Full, contiguous tensors, float32, which holds every bf16 value; weights and moments that were float32
            before are those of the run, not copies.
        """
        parameters = self.parameters.items()
        weights = to_contiguous(full_tensors({name: parameter.detach().float() for name, parameter in parameters}))
        moments = to_contiguous(
            full_tensors(
                {
                    f"{name}/{entry}": value.float()
                    for name, parameter in parameters
                    for entry, value in self.adamw.state[parameter].items()
                }
            )
        )
        average = to_contiguous(full_tensors(self._ema.tensors)) if self._train.ema else {}
        state = State(self._config, weights, weights, moments, scaler or {}, self._steps_before + step + 1)
        if self._train.ema is None:
            return state
        return replace(state, ema=average) if self._train.ema.samples else replace(state, average=average)
