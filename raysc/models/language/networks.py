"""Language models: transformers' networks, fresh or pretrained, whole or with LoRA adapters."""

import warnings
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.libraries.hub import SETTINGS, WEIGHTS, model_folder
from raysc.libraries.optional import text_library

Config = dict[str, Any]
"""As in ``networks``: "network" is causal_lm, "event" (length,); "transformers" is the network's configuration, "base"
the folder or hub id of pretrained weights or None, "lora" peft's parameters or None."""

Tensors = dict[str, Tensor]

WHAT = "model causal_lm"
UNUSED = ("dtype", "transformers_version", "architectures", "loss_type")
"""What of a configuration has no part in computing logits."""
SPECIAL = ("bos_token_id", "eos_token_id", "pad_token_id")
"""The tokenizer knows these; a configuration's own may not even be in the vocabulary."""


def fresh_config(architecture: str, width: int, depth: int, heads: int, vocabulary: int, length: int) -> dict[str, Any]:
    """The configuration of a GPT-2 or Llama of given sizes, without dropout; Llama's hidden layers are 8/3 as wide."""
    transformers = text_library("transformers", WHAT)
    sizes = {"vocab_size": vocabulary, **dict.fromkeys(SPECIAL)}
    if architecture == "gpt2":
        made = transformers.GPT2Config(n_positions=length, n_embd=width, n_layer=depth, n_head=heads, **sizes)
    else:
        made = transformers.LlamaConfig(
            max_position_embeddings=length,
            hidden_size=width,
            intermediate_size=-(-8 * width // 24) * 8,
            num_hidden_layers=depth,
            num_attention_heads=heads,
            **sizes,
        )
    return _plain(made)


@lru_cache(maxsize=4)
def base_config(base: str, vocabulary: int, length: int) -> dict[str, Any]:
    """The configuration of a pretrained model, without dropout, with room for tokens that were added to its own.

    Raises:
        InputError: there is no such model, or it cannot read rows of this length.
    """
    transformers = text_library("transformers", WHAT)
    folder = model_folder(base, "model.base", SETTINGS)
    try:
        found = transformers.AutoConfig.from_pretrained(str(folder))
    except (OSError, ValueError) as error:
        raise InputError(f"model.base: {base} is no model that transformers can open: {error}") from error
    most = getattr(found, "max_position_embeddings", None)
    if most is not None and length > most:
        raise InputError(f"model.base: {base} reads {most} tokens at most; lower data.length, which is {length}")
    found.vocab_size = max(found.vocab_size, vocabulary)
    return _plain(found)


def _plain(config: Any) -> dict[str, Any]:
    """As JSON values. Dropout would draw from the global generator, and a step could not be run again."""
    values: dict[str, Any] = {name: value for name, value in config.to_dict().items() if name not in UNUSED}
    for name, value in values.items():
        if (name.endswith("pdrop") or "dropout" in name) and isinstance(value, float):
            values[name] = 0.0
    return values | dict.fromkeys(SPECIAL) | {"use_cache": False}


def with_weights(config: Config, weights: Tensors) -> nn.Module:
    """The network with some weights, on their device: these very tensors, not copies.

    Args:
        config: of the network.
        weights: of every parameter, tied ones once; of LoRA, those of the adapters: all others are the base's.
    """
    device = next(iter(weights.values())).device
    network = _empty(config["transformers"])
    if config["lora"] is None:
        _load(network, weights)
        made: nn.Module = network.to(device)
        return made
    _load(network, _frozen(config["base"], network.config.vocab_size, str(device)))
    adapted: nn.Module = _adapted(network, config).to(device)
    adapted.load_state_dict(weights, strict=False, assign=True)
    return adapted


def build(config: Config) -> nn.Module:
    """The network with weights that mean nothing: for the names and shapes of what is trained."""
    network = _empty(config["transformers"])
    made: nn.Module = network if config["lora"] is None else _adapted(network, config)
    return made


def _empty(values: dict[str, Any]) -> Any:
    transformers = text_library("transformers", WHAT)
    from transformers.initialization import no_init_weights

    values = dict(values)
    config = transformers.AutoConfig.for_model(values.pop("model_type"), **values)
    # Not on the meta device: rotary frequencies are computed here, and are in no state.
    with no_init_weights():
        network = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    network.tie_weights()
    return network


def _load(network: Any, weights: Tensors) -> None:
    wrong = network.load_state_dict(weights, strict=False, assign=True)
    network.tie_weights()
    lacking = {name for name, _ in network.named_parameters()}.difference(weights)
    if wrong.unexpected_keys or lacking:
        raise ValueError(f"these are weights of another network: {sorted(wrong.unexpected_keys) or sorted(lacking)}")


def _adapted(network: Any, config: Config) -> Any:
    """With adapters beside the linear layers; everything else is frozen."""
    peft = text_library("peft", f"{WHAT} with lora")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "fan_in_fan_out")  # it sees by itself how GPT-2's layers lie
        wanted = peft.LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **config["lora"])
        try:
            return peft.get_peft_model(network, wanted)
        except ValueError as error:
            raise InputError(f"model.lora.targets: {error}") from error


def trained_parameters(network: nn.Module) -> Tensors:
    """The parameters that training changes, by name; tied ones once."""
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def base_weights(base: str, vocabulary: int) -> Tensors:
    """The weights of a pretrained model, float32; embeddings of tokens that it lacks are the mean of the others.

    Raises:
        InputError: they cannot be read, or are not safetensors.
    """
    transformers = text_library("transformers", WHAT)
    folder = model_folder(base, "model.base", WEIGHTS)
    try:
        network = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"model.base: the weights of {base} cannot be read: {error}") from error
    known = network.get_input_embeddings().weight.shape[0]
    if known < vocabulary:
        network.resize_token_embeddings(vocabulary, mean_resizing=False)
        with torch.no_grad():
            for table in (network.get_input_embeddings().weight, network.get_output_embeddings().weight):
                table[known:] = table[:known].mean(dim=0)
    return {name: value.detach() for name, value in network.named_parameters()}


@lru_cache(maxsize=1)
def _frozen(base: str, vocabulary: int, device: str) -> Tensors:
    """What adapters leave as it is: read once a process."""
    return {name: value.to(device) for name, value in base_weights(base, vocabulary).items()}
