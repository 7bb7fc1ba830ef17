"""Flow matching: a network learns the velocity that carries noise to data along straight lines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.flows.ode import FLOW_SCHEDULER, RULES, TIME_SCALE, integrate
from raysc.models.networks.network import Network, predict
from raysc.models.neural.state import are_points
from raysc.models.time_conditioned import TimeConditionedFamily
from raysc.models.training.batches import Batch
from raysc.models.training.coupling import Coupling, drawn_optimal_transport, optimal_transport
from raysc.settings import Sample, Train

COUPLINGS: dict[str, Coupling | None] = {
    "independent": None,
    "optimal_transport": optimal_transport,
    "drawn_optimal_transport": drawn_optimal_transport,
}
"""Pairings of noise and rows by the name in a sweep file."""


@dataclass(frozen=True)
class FlowMatching(TimeConditionedFamily):
    """Flow matching along straight lines (Lipman et al. 2023 with sigma_min = 0; with a coupling Tong et al. 2024).

    With x_0 standard normal, x_1 a row and t uniform in [0, 1], the network sees x_t = (1 - t) x_0 + t x_1 and learns
    the velocity x_1 - x_0. Sampling integrates the velocity from t = 0 to 1 by the midpoint rule: ``sample.steps``
    steps of two network evaluations, 20 steps by default. ``sample.sampler`` may be euler (one evaluation a step), heun
    (two), or dopri5, whose step sizes depend on ``sample.rtol`` and ``sample.atol``, 1e-5 by default.

    The network's convention is that of diffusers' flow-matching schedulers, so that a saved U-Net samples there too:
    its time is 1000 (1 - t) and its output is x_0 - x_1, the negative velocity.

    The sizes of the network are those of ``TimeConditionedFamily``.

    Attributes:
        coupling: pairs of x_0 and x_1 in a batch: independent; their optimal_transport (OT-CFM), which is a
            permutation; or drawn_optimal_transport: pairs of that plan drawn with replacement, as torchcfm does.
    """

    coupling: Literal["independent", "optimal_transport", "drawn_optimal_transport"] = "independent"

    version: ClassVar[int] = 1
    sample_settings: ClassVar[tuple[str, ...]] = (
        "steps",
        "sampler",
        "rtol",
        "atol",
        "latents",
        "truncation",
        "guide",
        "precision",
    )

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        super().check_settings(event, train, sample)
        if sample.sampler not in (None, "dopri5", *RULES):
            raise InputError(f"sample.sampler: flow_matching takes {', '.join(RULES)} or dopri5, not {sample.sampler}")
        if sample.sampler == "dopri5":
            if sample.steps is not None:
                raise InputError("sample.steps: dopri5 chooses its steps itself; set sample.rtol and sample.atol")
            if are_points(event):
                raise InputError(
                    "sample.sampler: dopri5 chooses its steps by the rows, and seeds of points share their steps; "
                    "use euler, heun or midpoint"
                )
        elif sample.rtol is not None or sample.atol is not None:
            key = "rtol" if sample.rtol is not None else "atol"
            raise InputError(f"sample.{key}: a tolerance goes with sampler: dopri5")

    @property
    def noise_coupling(self) -> Coupling | None:
        return COUPLINGS[self.coupling]

    def errors(self, network: Network, batch: Batch) -> Tensor:
        """Compute the squared errors of the velocity (Lipman et al. 2023, equation 23), (batch, *event)."""
        x_0, x_1 = batch.noise, batch.rows
        t = batch.times.view(-1, *[1] * (x_1.ndim - 1))
        x_t = (1 - t) * x_0 + t * x_1
        model_output = predict(network, x_t, TIME_SCALE * (1 - batch.times), batch.augment_labels)
        return nn.functional.mse_loss(model_output, x_0 - x_1, reduction="none")

    def sampler(self, sample: Sample) -> Callable[..., Tensor]:
        def sample_ode(network: Network, latents: Tensor) -> Tensor:
            return integrate(network, latents, sample)

        return sample_ode

    @property
    def scheduler(self) -> dict[str, Any]:
        return dict(FLOW_SCHEDULER)

    def pipeline(self, unet: nn.Module) -> Any:
        """Return the diffusers pipeline that samples from the U-Net by Euler steps."""
        from diffusers import DDPMPipeline, FlowMatchEulerDiscreteScheduler

        return DDPMPipeline(unet=unet, scheduler=FlowMatchEulerDiscreteScheduler())
