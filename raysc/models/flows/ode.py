"""Integration of a flow's velocity from noise (t = 0) to data (t = 1)."""

import torch
from torch import Tensor

from raysc.models.networks.network import Network, predict
from raysc.settings import Sample

STEPS = 20
"""Default number of steps of a fixed-step rule."""
TOLERANCE = 1e-5
"""Default tolerance of dopri5, relative and absolute, as in Bertrand et al. 2023."""
FLOW_SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler"}
"""Prediction target of a flow's network, as a configuration of diffusers' schedulers."""
TIME_SCALE = 1000.0
"""The network's time is ``TIME_SCALE * (1 - t)``, the convention of diffusers' flow-matching schedulers."""


def integrate(network: Network, latents: Tensor, sample: Sample) -> Tensor:
    """Integrate latents (batch, *event) from t = 0 to 1, in equal steps of a rule or in adaptive steps of dopri5.

    The error of dopri5 is that of the whole batch, relative to its root mean square.
    """
    if sample.sampler == "dopri5":
        return _integrate_dopri5(network, latents, sample)
    rule, steps = RULES[sample.sampler or "midpoint"], sample.steps or STEPS
    x_t = latents
    for index in range(steps):
        x_t = x_t + rule(network, x_t, index, 1 / steps)
    return x_t


def _integrate_dopri5(network: Network, latents: Tensor, sample: Sample) -> Tensor:
    from torchdiffeq import odeint

    tolerances = {"rtol": sample.rtol or TOLERANCE, "atol": sample.atol or TOLERANCE}
    t_span = latents.new_tensor([0.0, 1.0])

    def v_theta(t: Tensor, x_t: Tensor) -> Tensor:
        return _velocity(network, x_t, float(t))

    x_1: Tensor = odeint(v_theta, latents, t_span, method="dopri5", **tolerances)[1]
    return x_1


def _euler(network: Network, x_t: Tensor, index: int, dt: float) -> Tensor:
    return dt * _velocity(network, x_t, index * dt)


def _midpoint(network: Network, x_t: Tensor, index: int, dt: float) -> Tensor:
    x_mid = x_t + dt / 2 * _velocity(network, x_t, index * dt)
    return dt * _velocity(network, x_mid, (index + 0.5) * dt)


def _heun(network: Network, x_t: Tensor, index: int, dt: float) -> Tensor:
    v_cur = _velocity(network, x_t, index * dt)
    v_next = _velocity(network, x_t + dt * v_cur, (index + 1) * dt)
    return dt / 2 * (v_cur + v_next)


RULES = {"euler": _euler, "midpoint": _midpoint, "heun": _heun}
"""Fixed-step rules: (network, x_t, index of the step, step size) -> increment of x_t."""


def _velocity(network: Network, x_t: Tensor, t: float) -> Tensor:
    """Return v_theta(x_t, t), the negative output of the network."""
    times = torch.full((1,), TIME_SCALE * (1 - t), device=x_t.device).expand(len(x_t))
    return -predict(network, x_t, times)
