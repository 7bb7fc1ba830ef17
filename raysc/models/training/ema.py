"""Exponential moving average (EMA) of the weights."""

from collections.abc import Mapping

from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from raysc.models.networks.network import Tensors
from raysc.models.training.fsdp import distribute_like
from raysc.settings import Train


class EmaWeights:
    """EMA of a run's parameters, updated in place after each optimiser step.

    Attributes:
        tensors: the EMA weights by parameter name; without ``train.ema`` they keep their initial values.
    """

    def __init__(self, start: Tensors, parameters: Mapping[str, Tensor], train: Train) -> None:
        """Copy the EMA weights that a run starts from; of a sharded network, this rank's shards.

        Args:
            start: EMA weights by parameter name.
            parameters: the parameters that are averaged, by name.
            train: ``ema`` and ``batch`` are read.
        """
        self.tensors = {
            name: distribute_like(start[name].to(parameter.device), parameter.detach())
            for name, parameter in parameters.items()
        }
        self._settings, self._batch = train.ema, train.batch
        self._averages, self._parameters = list(self.tensors.values()), list(parameters.values())

    def update(self, step: int) -> None:
        """Average in the parameters after a step of the generation: ema = decay * ema + (1 - decay) * parameter."""
        if self._settings is not None:
            decay = self._settings.decay(step, self._batch)
            pairs = zip(self._parameters, self._averages, strict=True)
            parameters = [parameter.to(average.dtype) for parameter, average in pairs]
            get_ema_multi_avg_fn(decay)(self._averages, parameters, None)
