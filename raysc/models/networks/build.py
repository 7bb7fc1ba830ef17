"""Networks from configurations, and their initial weights."""

from math import prod

import numpy as np
import torch
from torch import nn

from raysc.models.networks.cfm_unet import CfmUNet
from raysc.models.networks.ddpmpp import Ddpmpp
from raysc.models.networks.guided import PARTS, Guided
from raysc.models.networks.mlp import Mlp
from raysc.models.networks.network import Config, Tensors
from raysc.models.networks.unet import build_unet
from raysc.models.networks.vae import Vae
from raysc.models.networks.xavier import XavierConv2d, XavierLinear, draw_xavier


def build_network(config: Config) -> nn.Module:
    """Build a network without weights: its parameters are on the meta device, or random and unused."""
    if config["network"] == "spline_flow":
        return _build_spline_flow(config)
    if config["network"] == "guided":
        base, auxiliary = (build_network(config[part]) for part in PARTS)
        return Guided(base, auxiliary, config["weight"])
    with torch.device("meta"):
        if config["network"] == "mlp":
            return Mlp(tuple(config["event"]), config["width"], config["depth"])
        if config["network"] == "vae":
            return Vae(tuple(config["event"]), config["latent_dim"], config["width"], config["depth"])
        if config["network"] == "ddpmpp":
            return Ddpmpp(config)
        if config["network"] == "cfm_unet":
            return CfmUNet(config)
        return build_unet(config)


def _build_spline_flow(config: Config) -> nn.Module:
    """Build a spline flow on the CPU: it has buffers, which the meta device cannot hold."""
    from raysc.models.networks.spline_flow import SplineFlow  # imported here: zuko takes half a second

    (dim,) = config["event"]
    with torch.random.fork_rng(devices=[]):
        return SplineFlow(dim, config["transforms"], config["bins"], config["width"], config["depth"])


def parameter_count(config: Config) -> int:
    """Return the number of parameters of a network."""
    return sum(parameter.numel() for parameter in build_network(config).parameters())


def with_weights(config: Config, weights: Tensors) -> nn.Module:
    """Build a network with these weights, not copies of them."""
    network = build_network(config)
    network.load_state_dict(weights, assign=True)
    return network


def check_weights(config: Config, weights: Tensors) -> None:
    """Raise ValueError unless weights have the names and shapes of a network's parameters; says which differs."""
    expected = {name: tuple(parameter.shape) for name, parameter in build_network(config).named_parameters()}
    if missing := expected.keys() - weights.keys():
        raise ValueError(f"the weights {min(missing)} of its network are missing")
    if unknown := weights.keys() - expected.keys():
        raise ValueError(f"its network has no weights {min(unknown)}")
    for name, shape in expected.items():
        if (actual := tuple(weights[name].shape)) != shape:
            raise ValueError(f"the weights {name} have the shape {actual}, and its network needs {shape}")


def random_weights(config: Config, generator: np.random.Generator) -> Tensors:
    """Draw initial weights from a stream: by torch's default rule, uniform within 1/sqrt(fan-in), or by Xavier's.

    Normalisation layers start as the identity. A layer's attribute ``gain``, if it has one, scales its values.
    """
    weights: Tensors = {}
    for name, module in build_network(config).named_modules():
        for parameter_name, parameter in module.named_parameters(recurse=False):
            shape = tuple(parameter.shape)
            if isinstance(module, XavierLinear | XavierConv2d):
                values = draw_xavier(module, parameter_name, generator)
            elif isinstance(module, nn.Linear | nn.Conv2d):
                bound = prod(module.weight.shape[1:]) ** -0.5 * getattr(module, "gain", 1.0)
                values = generator.random(shape, dtype=np.float32) * (2 * bound) - bound
            elif isinstance(module, nn.GroupNorm):
                values = np.full(shape, 1.0 if parameter_name == "weight" else 0.0, np.float32)
            else:
                raise TypeError(f"no rule for the initial weights of {type(module).__name__}")
            weights[f"{name}.{parameter_name}"] = torch.from_numpy(np.asarray(values, np.float32))
    return weights
