"""Version-dependent API of transformers (5.23); each entry states what breaks without it."""

from typing import Any

import torch

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
