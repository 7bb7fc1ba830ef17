"""The perceptrons of a pack of seeds, evaluated and differentiated at once.

The gradients are written by hand, since autograd's copies of small networks' gradients, and its nodes, take a tenth of
an optimiser step. They are those of autograd bit for bit.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from raysc.models.networks.mlp import sinusoidal_embedding


def forward_pack(weights: Mapping[str, Tensor], rows: Tensor, times: Tensor) -> Tensor:
    """Evaluate the perceptrons of a pack of seeds, each on its own rows.

    The output equals that of ``Mlp`` up to rounding. That of a seed does not depend on the weights, rows and times of
    the other seeds; its rounding may depend on how many seeds the pack has. Its derivatives are those by the weights;
    rows and times have none.

    Args:
        weights: parameters of ``Mlp`` by name, with the seeds as leading axis.
        rows: (seeds, batch, *event).
        times: in [0, 1000], (seeds, batch).

    Returns:
        (seeds, batch, *event).
    """
    names = tuple(weights)
    arguments = rows.flatten(2), sinusoidal_embedding(times), names, *weights.values()
    output: Tensor = _PackedMlps.apply(*arguments)  # type: ignore[no-untyped-call]  # torch has no types for it
    return output.view_as(rows)


class _PackedMlps(torch.autograd.Function):
    """``Mlp`` for all seeds of a pack; the leading axis of every tensor is that of the seeds."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, embedding: Tensor, names: tuple[str, ...], *parameters: Tensor) -> Tensor:
        """Map rows (seeds, batch, values) and embeddings of their times (seeds, batch, dim) to (seeds, batch, values).

        Args:
            ctx: keeps what ``backward`` needs.
            flat: the rows.
            embedding: of their times.
            names: of the parameters.
            parameters: weights and biases.
        """
        weights = dict(zip(names, parameters, strict=True))
        layers = _shifted_layers(names)

        def linear(name: str, bias: Tensor, inputs: Tensor) -> Tensor:
            return torch.baddbmm(bias, inputs, weights[f"{name}.weight"].mT)

        # A layer's bias joins the shift: adding it once a step, not once a row, is a fifth of a small network's step.
        biases = torch.cat([weights[f"{name}.bias"] for name in layers], dim=1) + weights["times.bias"]
        shifts = linear("times", biases[:, None], embedding).chunk(len(layers), dim=2)
        hidden, sums = [flat], []
        for name, shift in zip(layers, shifts, strict=True):
            sums.append(linear(name, shift, hidden[-1]))
            hidden.append(nn.functional.silu(sums[-1]))
        gate = linear("gate", weights["gate.bias"][:, None], embedding)
        ctx.names = names
        ctx.save_for_backward(embedding, *parameters, *hidden, *sums)  # hidden: the rows, then each layer's output
        return torch.addcmul(linear("last", weights["last.bias"][:, None], hidden[-1]), gate, flat)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients by the parameters, from that by the output, (seeds, batch, values).

        Private: ``aten.silu_backward``, autograd's function for the derivative of SiLU. Without it no pack trains.
        """
        (grad,), names = grads, ctx.names
        layers = _shifted_layers(names)
        embedding, *saved = ctx.saved_tensors
        parameters, hidden, sums = saved[: len(names)], saved[len(names) : -len(layers)], saved[-len(layers) :]
        weights = dict(zip(names, parameters, strict=True))
        gradients, grad_sums = {}, []

        def add(name: str, grad_output: Tensor, inputs: Tensor) -> None:
            gradients[f"{name}.weight"] = torch.bmm(grad_output.mT, inputs)
            gradients[f"{name}.bias"] = grad_output.sum(dim=1)

        add("last", grad, hidden[-1])
        add("gate", grad * hidden[0], embedding)
        later_weight, grad_sum = weights["last.weight"], grad
        for name, layer_sum, inputs in zip(layers[::-1], sums[::-1], hidden[-2::-1], strict=True):
            grad_sum = torch.ops.aten.silu_backward(torch.bmm(grad_sum, later_weight), layer_sum)
            gradients[f"{name}.weight"] = torch.bmm(grad_sum.mT, inputs)
            grad_sums.append(grad_sum)
            later_weight = weights[f"{name}.weight"]
        add("times", torch.cat(grad_sums[::-1], dim=2), embedding)
        for name, bias in zip(layers, gradients["times.bias"].chunk(len(layers), dim=1), strict=True):
            gradients[f"{name}.bias"] = bias.contiguous()
        return None, None, None, *(gradients[name] for name in names)


def _shifted_layers(names: tuple[str, ...]) -> list[str]:
    """Return the names of the layers that times shift, in order."""
    hidden_layers = sum(name.startswith("hidden.") for name in names) // 2
    return ["first", *(f"hidden.{index}" for index in range(hidden_layers))]
