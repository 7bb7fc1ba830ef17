"""Language model networks of transformers: fresh or pretrained, with all weights trained or LoRA adapters."""

import warnings
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, WEIGHTS, model_folder
from raysc.libraries.optional import text_library
from raysc.machine.content_cache import content_cache
from raysc.models.language.transformers_compat import fuse_gelu, new_network

Config = dict[str, Any]
"""Configuration as JSON values: "network" is causal_lm and "event" (length,), as in ``networks.network``;
"transformers" is the network's configuration, "base" the folder or hub id of pretrained weights or None, "lora" the
parameters of peft or None."""

Tensors = dict[str, Tensor]

FEATURE = "model causal_lm"
"""Name of this family in messages about missing libraries."""
IGNORED_KEYS = ("dtype", "transformers_version", "architectures", "loss_type")
"""Keys of a transformers configuration that do not affect logits."""
SPECIAL_TOKEN_KEYS = ("bos_token_id", "eos_token_id", "pad_token_id")
"""Keys that are set to None: the tokenizer has these ids, and those of a configuration may exceed the vocabulary."""


def fresh_config(
    architecture: str, width: int, depth: int, heads: int, vocabulary: int, positions: int,
    feed_forward: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the configuration of a GPT-2 or Llama, without dropout.

    Args:
        architecture: gpt2 or llama.
        width: numbers per token.
        depth: layers.
        heads: attention heads.
        vocabulary: number of tokens.
        positions: maximal tokens of a sequence.
        feed_forward: width of the hidden layers; None: 4 times the width for GPT-2, 8/3 for a Llama.
    """
    transformers = text_library("transformers", FEATURE)
    common = {"vocab_size": vocabulary, **dict.fromkeys(SPECIAL_TOKEN_KEYS)}
    if architecture == "gpt2":
        config = transformers.GPT2Config(
            n_positions=positions, n_embd=width, n_layer=depth, n_head=heads, n_inner=feed_forward, **common
        )
    else:
        config = transformers.LlamaConfig(
            max_position_embeddings=positions,
            hidden_size=width,
            intermediate_size=feed_forward or -(-8 * width // 24) * 8,
            num_hidden_layers=depth,
            num_attention_heads=heads,
            **common,
        )
    return _to_json_values(config)


@content_cache
def base_config(base: str, vocabulary: int, length: int) -> dict[str, Any]:
    """Return the configuration of a pretrained model, without dropout, with a vocabulary of at least ``vocabulary``.

    Raises:
        InputError: there is no such model, or it cannot read rows of this length.
    """
    transformers = text_library("transformers", FEATURE)
    folder = model_folder(base, "model.base", SETTINGS)
    try:
        config = transformers.AutoConfig.from_pretrained(str(folder))
    except Exception as error:  # transformers raises errors of many classes about wrong values
        raise InputError(f"model.base: {base} is no model that transformers can open: {_reason(error)}") from error
    max_length = getattr(config, "max_position_embeddings", None)
    if max_length is not None and length > max_length:
        raise InputError(f"model.base: {base} reads {max_length} tokens at most; lower data.length, which is {length}")
    config.vocab_size = max(config.vocab_size, vocabulary)
    return _to_json_values(config)


def _reason(error: Exception) -> str:
    """Return the class and the first words of a library's error, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _to_json_values(config: Any) -> dict[str, Any]:
    """Return a configuration as JSON values without dropout, whose global generator makes steps irreproducible."""
    values: dict[str, Any] = {name: value for name, value in config.to_dict().items() if name not in IGNORED_KEYS}
    for name, value in values.items():
        if (name.endswith("pdrop") or "dropout" in name) and isinstance(value, float):
            values[name] = 0.0
    return values | dict.fromkeys(SPECIAL_TOKEN_KEYS) | {"use_cache": False}


def with_weights(config: Config, weights: Tensors) -> nn.Module:
    """Return the network with given weights, on their device; the parameters are these tensors, not copies.

    Args:
        config: of the network.
        weights: of every parameter, tied ones once; of LoRA, those of the adapters alone.
    """
    device = next(iter(weights.values())).device
    network = _new_network(config["transformers"])
    if config["lora"] is None:
        _load_weights(network, weights)
        full: nn.Module = network.to(device)
        return full
    _load_weights(network, _frozen_weights(config["base"], network.config.vocab_size, str(device)))
    peft_model: nn.Module = _add_adapters(network, config).to(device)
    peft_model.load_state_dict(weights, strict=False, assign=True)
    return peft_model


def build_network(config: Config) -> nn.Module:
    """Return the network with arbitrary weights, for the names and shapes of its trained parameters."""
    network = _new_network(config["transformers"])
    model: nn.Module = network if config["lora"] is None else _add_adapters(network, config)
    return model


def _new_network(values: dict[str, Any]) -> Any:
    """Return an uninitialised network with tied embeddings, of a configuration as JSON values."""
    transformers = text_library("transformers", FEATURE)
    values = dict(values)
    network = new_network(transformers.AutoConfig.for_model(values.pop("model_type"), **values), FEATURE)
    fuse_gelu(network)
    network.tie_weights()
    return network


def _load_weights(network: Any, weights: Tensors) -> None:
    """Assign all weights of a network, tied ones once; ValueError if they belong to another network."""
    keys = network.load_state_dict(weights, strict=False, assign=True)
    network.tie_weights()
    missing = {name for name, _ in network.named_parameters()}.difference(weights)
    if keys.unexpected_keys or missing:
        raise ValueError(f"these are weights of another network: {sorted(keys.unexpected_keys) or sorted(missing)}")


def _add_adapters(network: Any, config: Config) -> Any:
    """Return the network with LoRA adapters at its linear layers; all other parameters are frozen."""
    peft = text_library("peft", f"{FEATURE} with lora")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "fan_in_fan_out")  # peft corrects this setting for GPT-2 by itself
        lora = peft.LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **config["lora"])
        try:
            return peft.get_peft_model(network, lora)
        except ValueError as error:
            raise InputError(f"model.lora.targets: {error}") from error


def trained_parameters(network: nn.Module) -> Tensors:
    """Return the parameters that require gradients, by name; tied ones once."""
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def base_weights(base: str, vocabulary: int) -> Tensors:
    """Read the weights of a pretrained model, float32; embeddings of added tokens are the mean of the existing ones.

    Raises:
        InputError: the weights cannot be read, are not safetensors, or are incomplete.
    """
    transformers = text_library("transformers", FEATURE)
    folder = model_folder(base, "model.base", WEIGHTS)
    try:
        network, loading = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, use_safetensors=True, output_loading_info=True
        )
    except Exception as error:  # transformers and safetensors raise errors of many classes about damaged files
        raise InputError(f"model.base: the weights of {base} cannot be read: {_reason(error)}") from error
    if missing := sorted(loading["missing_keys"]):  # transformers would draw them at random
        raise InputError(f"model.base: {base} lacks {len(missing)} weights of its network, such as {missing[0]}")
    size = network.get_input_embeddings().weight.shape[0]
    if size < vocabulary:
        network.resize_token_embeddings(vocabulary, mean_resizing=False)
        with torch.no_grad():
            for table in (network.get_input_embeddings().weight, network.get_output_embeddings().weight):
                table[size:] = table[:size].mean(dim=0)
    return {name: value.detach() for name, value in network.named_parameters()}


@lru_cache(maxsize=1)
def _frozen_weights(base: str, vocabulary: int, device: str) -> Tensors:
    """Read the base's weights, which adapters leave frozen, once per process."""
    return {name: value.to(device) for name, value in base_weights(base, vocabulary).items()}
