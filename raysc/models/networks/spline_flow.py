"""Network of the normalizing flow: an invertible map from rows to standard normals, made of zuko's transforms."""

import torch
from torch import Tensor, nn
from zuko.distributions import DiagNormal
from zuko.flows import Flow, MaskedAutoregressiveTransform
from zuko.lazy import UnconditionalDistribution
from zuko.transforms import MonotonicRQSTransform


class SplineFlow(nn.Module):
    """Autoregressive transforms: one affine, then rational-quadratic splines (Durkan et al. 2019).

    Splines are the identity outside [-5, 5]; the affine transform before them scales the rows into it. The order of
    coordinates is reversed from each transform to the next.
    """

    def __init__(self, dim: int, transforms: int, bins: int, width: int, depth: int) -> None:
        """Build the transforms.

        Args:
            dim: coordinates of a row.
            transforms: spline transforms.
            bins: bins of each spline.
            width: hidden units of each layer of a transform's network.
            depth: hidden layers of a transform's network.
        """
        super().__init__()
        hidden, order = [width] * depth, torch.arange(dim)
        shapes = [(bins,), (bins,), (bins - 1,)]
        affine = MaskedAutoregressiveTransform(dim, order=order, hidden_features=hidden, activation=nn.SiLU)
        splines = [
            MaskedAutoregressiveTransform(
                dim,
                order=order if number % 2 else order.flip(0),
                univariate=MonotonicRQSTransform,
                shapes=shapes,
                hidden_features=hidden,
                activation=nn.SiLU,
            )
            for number in range(transforms)
        ]
        base = UnconditionalDistribution(DiagNormal, torch.zeros(dim), torch.ones(dim), buffer=True)
        self.flow = Flow([affine, *splines], base)

    def forward(self, values: Tensor, inverse: bool = False) -> Tensor:
        """Evaluate the flow.

        Args:
            values: rows (batch, dim); with ``inverse`` standard normals (batch, dim).
            inverse: map standard normals to rows.

        Returns:
            Log densities (batch,) of the rows; with ``inverse`` rows (batch, dim).
        """
        flow = self.flow()
        output: Tensor = flow.transform.inv(values) if inverse else flow.log_prob(values)
        return output
