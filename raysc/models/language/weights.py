"""Weights of language models: initial weights, and folders that transformers and peft open."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.state import PartialState
from safetensors.torch import load_file

from raysc.errors import InputError
from raysc.libraries.optional import text_library
from raysc.models.language.networks import (
    FEATURE,
    Config,
    Tensors,
    base_weights,
    build_network,
    trained_parameters,
    with_weights,
)
from raysc.models.neural.state import State
from raysc.models.neural.state_files import load_training_state, save_training_state, tensors_to_device
from raysc.pool.tokens import Tokenizer

STD = 0.02
"""Standard deviation of initial weights, as in GPT-2 and Llama."""
ADAPTER = "adapter_model.safetensors"


def initial_weights(config: Config, generator: np.random.Generator) -> Tensors:
    """Return the base's weights, or draw those of a fresh network or of adapters from a stream.

    Matrices are normal with standard deviation 0.02; the projections into GPT-2's residual stream are smaller by the
    square root of twice the depth (Radford et al. 2019). Biases are 0 and normalisations the identity. Of adapters, A
    is uniform within 1/sqrt(fan-in) and B is 0 (Hu et al. 2021).
    """
    if config["base"] is not None and config["lora"] is None:
        return base_weights(config["base"], config["transformers"]["vocab_size"])
    with torch.device("meta"):
        network = build_network(config)
    residual_scale = (2 * config["transformers"].get("n_layer", 1)) ** -0.5
    weights = {}
    for name, parameter in trained_parameters(network).items():
        shape = tuple(parameter.shape)
        if "lora_A" in name:
            values = (2 * generator.random(shape, dtype=np.float32) - 1) * shape[1] ** -0.5
        elif "lora_B" in name or name.endswith("bias"):
            values = np.zeros(shape, np.float32)
        elif len(shape) == 1:
            values = np.ones(shape, np.float32)
        else:
            std = STD * (residual_scale if name.endswith("c_proj.weight") else 1.0)
            values = generator.standard_normal(shape, dtype=np.float32) * np.float32(std)
        weights[name] = torch.from_numpy(values)
    return weights


def save(state: State, tokenizer: Tokenizer, folder: Path, training_state: bool) -> None:
    """Write the EMA model and its tokenizer: a folder for AutoModelForCausalLM, or for peft if it has adapters."""
    folder.mkdir(parents=True, exist_ok=True)
    network: Any = with_weights(state.config, tensors_to_device(state.ema, torch.device("cpu")))
    if state.config["lora"] is None:
        network.generation_config.bos_token_id = tokenizer.begin
        network.generation_config.eos_token_id = tokenizer.end
        network.save_pretrained(folder)
    else:
        network.peft_config["default"].base_model_name_or_path = state.config["base"]
        network.save_pretrained(folder, save_embedding_layers=False)
    tokenizer.save(folder)
    if training_state:
        save_training_state(state, folder)


def load(config: Config, folder: Path) -> State:
    """Read a folder of ``save`` onto Accelerate's device.

    Raises:
        InputError: the folder holds another kind of model.
    """
    device = PartialState().device
    if config["lora"] is not None:
        peft = text_library("peft", f"{FEATURE} with lora")
        if not (folder / ADAPTER).exists():
            raise InputError(f"{folder}: no {ADAPTER}; this folder holds no adapters")
        network = build_network(config)
        peft.set_peft_model_state_dict(network, load_file(folder / ADAPTER))
        ema = {name: value.detach() for name, value in trained_parameters(network).items()}
    else:
        ema = base_weights(str(folder), config["transformers"]["vocab_size"])
    return load_training_state(config, tensors_to_device(ema, device), folder)
