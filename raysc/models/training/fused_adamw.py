"""AdamW of a pack in one fused operation, without the rest of torch.optim."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

BETAS, EPS = (0.9, 0.999), 1e-8
"""Decay of both moments and the term of the denominator: the defaults of ``torch.optim.AdamW``."""


class FusedAdamW:
    """AdamW (Loshchilov and Hutter 2019): the values of ``torch.optim.AdamW`` with ``fused=True``, bit for bit.

    The first optimiser of ``torch.optim`` in a process imports torch's compiler, which takes a second, and each of its
    steps takes 200 microseconds beside the operation itself: a pack of small networks takes 4 milliseconds a step.

    Private: ``torch._fused_adamw_`` and ``torch._foreach_add_``, which ``torch.optim.AdamW`` calls. Without
    them no pack trains; ``tests/models/training/test_fused_adamw.py`` shows what an upgrade of torch has changed.

    Attributes:
        param_groups: one group: ``params``, ``lr`` and ``weight_decay``.
        state: parameter -> ``step``, ``exp_avg`` and ``exp_avg_sq``; empty before its first step.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        """Create the optimiser without state."""
        self.param_groups: list[dict[str, Any]] = [{"params": list(parameters), "lr": lr, "weight_decay": weight_decay}]
        self.state: defaultdict[Tensor, dict[str, Tensor]] = defaultdict(dict)

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters that have gradients, in place."""
        (group,) = self.param_groups
        parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
        states = [self._state(parameter) for parameter in parameters]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        torch._fused_adamw_(
            parameters,
            [parameter.grad for parameter in parameters],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=group["weight_decay"],
            eps=EPS,
            amsgrad=False,
            maximize=False,
        )

    def _state(self, parameter: Tensor) -> dict[str, Tensor]:
        """Return the state of a parameter; zeros at its first step."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), device=parameter.device)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return state
