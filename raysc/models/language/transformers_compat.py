"""Version-dependent API of transformers (5.23); each entry states what breaks without it."""

from typing import Any

import torch
from torch import nn

from raysc.libraries.optional import text_library


def new_network(config: Any, feature: str) -> Any:
    """Return a causal language model without initial weights, float32, on torch's default device.

    Version-dependent: ``no_init_weights`` is in ``transformers.initialization`` from version 5 on, and was in
    ``modeling_utils`` before. Without it transformers draws initial weights from torch's global generator, which must
    not move, and large networks take minutes. The meta device is no substitute: rotary frequencies are computed in the
    constructor and are in no state dict.

    Args:
        config: a configuration of transformers.
        feature: name of the feature that needs transformers, for the error message.
    """
    transformers = text_library("transformers", feature)
    from transformers.initialization import no_init_weights

    with no_init_weights():
        return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def fuse_gelu(network: nn.Module) -> None:
    """Replace GPT-2's activation by torch's, which computes the same function of Hendrycks and Gimpel 2016 in one pass.

    Private: ``activations.NewGELUActivation``. It makes eight passes over the hidden layer, and as many in the backward
    pass: a sixth of a training step on a CPU.
    """
    from transformers.activations import NewGELUActivation

    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, NewGELUActivation):
                setattr(module, name, nn.GELU(approximate="tanh"))


def new_slot_cache(positions: torch.Tensor, length: int) -> Any:
    """Return a key-value cache in which each sequence of a batch has its own position.

    Version-dependent: ``CacheLayerMixin`` is in transformers from 4.56 on. Its static cache has one position for all
    sequences of a batch; without a layer of one's own, a sequence could not start while the rest are under way.

    Args:
        positions: where the next key and value of each sequence go, int64 (batch,); read at every update.
        length: largest number of positions.
    """
    from transformers.cache_utils import Cache, CacheLayerMixin

    class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # untyped base class
        """Keys and values of one layer, each (batch, heads, length, head size)."""

        is_sliding = False

        def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
            self._sequences = torch.arange(len(positions), device=key_states.device)
            self.keys = key_states.new_zeros((*key_states.shape[:2], length, key_states.shape[-1]))
            self.values = value_states.new_zeros((*value_states.shape[:2], length, value_states.shape[-1]))
            self.is_initialized = True

        def update(
            self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
        ) -> tuple[torch.Tensor, torch.Tensor]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            self.keys[self._sequences, :, positions] = key_states[:, :, 0]
            self.values[self._sequences, :, positions] = value_states[:, :, 0]
            return self.keys, self.values

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return length, 0

        def get_seq_length(self) -> int:
            return 0

        def get_max_length(self) -> int:
            return length

    return Cache(layer_class_to_replicate=SlotLayer)
