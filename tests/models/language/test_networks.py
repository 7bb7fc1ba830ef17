"""Weights of a pretrained language model: damaged and incomplete ones are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from raysc.errors import InputError
from raysc.libraries.optional import text_library
from raysc.models.language.networks import base_weights

VOCABULARY = 20
WEIGHT = "transformer.h.0.attn.c_proj.weight"

Weights = dict[str, torch.Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    transformers = text_library("transformers", "tests")
    sizes = {"n_positions": 8, "n_embd": 4, "n_layer": 1, "n_head": 1}
    config = transformers.GPT2Config(vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=0, **sizes)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    return tmp_path


def without_a_weight(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if name != WEIGHT}


def with_another_shape(weights: Weights) -> Weights:
    return weights | {WEIGHT: weights[WEIGHT].repeat(2, 2)}


@pytest.mark.parametrize("change", [without_a_weight, with_another_shape])
def test_incomplete_weights_are_refused(folder: Path, change: Callable[[Weights], Weights]) -> None:
    assert WEIGHT in base_weights(str(folder), VOCABULARY)
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"model\.base: .*(lacks 1 weights of its network|cannot be read)"):
        base_weights(str(folder), VOCABULARY)


def test_damaged_weights_are_refused(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"model\.base: the weights of .* cannot be read: SafetensorError"):
        base_weights(str(folder), VOCABULARY)
