"""The U-Net of torchcfm's image examples: diffusers' U-Net, whose time runs from noise at 0 to data at 1.

torchcfm (Tong et al. 2024, arXiv 2302.00482) takes the U-Net of Dhariwal and Nichol 2021 (arXiv 2105.05233). Its layers
are those of diffusers' UNet2DModel; its time and its target are not. The network sees t in [0, 1], in which most of the
embedding's frequencies hardly move, and predicts the velocity x_1 - x_0. This wrapper converts from and to raysc's
convention, times of 1000 (1 - t) and an output of x_0 - x_1.
"""

from typing import Any

from torch import Tensor, nn

from raysc.models.networks.network import Config
from raysc.models.networks.unet import UNetSizes, build_unet, unet_config

TIME_SCALE = 1000.0
"""Times of raysc per unit of t."""


def cfm_unet_config(event: tuple[int, ...], sizes: UNetSizes) -> Config:
    """Return the configuration for rows of a shape; InputError as for ``unet_config``."""
    return unet_config(event, sizes) | {"network": "cfm_unet"}


class CfmUNet(nn.Module):
    """The network; the last convolution of each residual and attention block, and of the network, starts at 0."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.unet = build_unet(config)
        for name, module in self.unet.named_modules():
            if name.endswith(("conv2", "to_out.0", "conv_out")):
                setattr(module, "gain", 0.0)  # noqa: B010 - read by ``random_weights``

    def forward(self, rows: Tensor, times: Tensor, augment_labels: Tensor | None = None) -> Tensor:
        """Map rows (batch, *event) at times (batch,) in [0, 1000] to x_0 - x_1, (batch, *event)."""
        velocity: Tensor = self.unet(rows, 1 - times / TIME_SCALE, augment_labels).sample
        return -velocity

    def enable_gradient_checkpointing(self) -> None:
        """Compute activations again in the backward pass."""
        unet: Any = self.unet
        unet.enable_gradient_checkpointing()
