from typing import Any

import numpy as np
import pytest
import torch

from raysc.datasets.text.stories import Stories
from raysc.libraries.optional import text_library
from raysc.models.language import batch_generation, continuous_batching
from raysc.models.language.candidates import Candidates
from raysc.models.language.continuous_batching import MAX_SLOTS, Slots, slot_count, supports_slots
from raysc.pool.tokens import PAD, lengths
from raysc.rng import Streams
from raysc.settings import Accept, Sample

transformers = text_library("transformers", "tests")
DATA = Stories("chat", rows=20, length=24)
STREAMS = Streams((0,), 0)
VOCABULARY = 12
"""So few tokens that many texts end early; the end token is among them."""
SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "vocab_size": VOCABULARY}
CONFIGS = {
    "gpt2": transformers.GPT2Config(n_layer=2, n_head=2, n_embd=16, n_positions=24, vocab_size=VOCABULARY),
    "llama": transformers.LlamaConfig(**SIZES, num_key_value_heads=1, intermediate_size=16),
    "gemma2": transformers.Gemma2Config(
        **SIZES, num_key_value_heads=1, head_dim=8, intermediate_size=16, sliding_window=24
    ),
}


def network(config: Any) -> Any:
    """Return a network with weights so large that its texts differ."""
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in model.parameters():
            value.normal_(0, 0.5, generator=generator)
    return model


def candidates(count: int, sample: Sample, prompts: np.ndarray | None = None, first: int = 0) -> Candidates:
    return Candidates(DATA.tokens, DATA.length, first, count, prompts, sample, STREAMS)


@pytest.mark.parametrize("kind", CONFIGS)
def test_slots_and_batches_generate_the_same_texts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_SLOTS, "cpu", 8)
    model, sample = network(CONFIGS[kind]), Sample(temperature=1.5, top_k=10)
    assert supports_slots(model, DATA.length)
    prompts = np.random.default_rng(0).integers(1, VOCABULARY, (20, 3)).astype(np.int32)
    prompts[1, 1:] = PAD
    by_slots, by_batches = candidates(30, sample, prompts), candidates(30, sample, prompts)
    continuous_batching.generate(model, by_slots, sample)
    batch_generation.generate(model, by_batches, sample)
    assert np.array_equal(by_slots.rows, by_batches.rows)
    assert len(np.unique(lengths(by_slots.rows))) > 1, "some texts end early, and others take their slots"


def test_a_text_does_not_depend_on_the_slots_nor_on_the_texts_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sample = network(CONFIGS["gpt2"]), Sample(temperature=1.5)
    whole = candidates(40, sample)
    continuous_batching.generate(model, whole, sample)
    monkeypatch.setitem(MAX_SLOTS, "cpu", 16)
    part = candidates(7, sample, first=30)
    continuous_batching.generate(model, part, sample)
    assert np.array_equal(part.rows, whole.rows[30:37])


def test_rejected_texts_are_drawn_again_among_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_SLOTS, "cpu", 8)
    model, rule = network(CONFIGS["gpt2"]), Accept(once="&", floor=0.001)
    sample = Sample(accept=rule, temperature=1.5)
    by_slots, by_batches = candidates(20, sample), candidates(20, sample)
    continuous_batching.generate(model, by_slots, sample)
    batch_generation.generate(model, by_batches, sample)
    assert np.array_equal(by_slots.rows, by_batches.rows)
    assert by_slots.total == by_batches.total > 20


def test_networks_with_windows_or_without_a_key_value_cache_do_not_support_slots() -> None:
    window = transformers.MistralConfig(**SIZES, num_key_value_heads=1, intermediate_size=16, sliding_window=8)
    assert supports_slots(network(window), 8)
    assert not supports_slots(network(window), 9)
    recurrent = transformers.MambaConfig(vocab_size=VOCABULARY, hidden_size=16, state_size=4, num_hidden_layers=1)
    assert not supports_slots(network(recurrent), DATA.length)


def test_a_device_without_memory_for_the_test_says_nothing_about_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(continuous_batching, "new_slot_cache", out_of_memory)
    with pytest.raises(torch.OutOfMemoryError):
        supports_slots(network(CONFIGS["gpt2"]), DATA.length)


def test_slots_are_as_many_as_memory_allows() -> None:
    cpu = torch.device("cpu")
    assert slot_count(CONFIGS["gpt2"], 24, cpu) == MAX_SLOTS["cpu"]
    large = transformers.LlamaConfig(
        num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4, hidden_size=2048, vocab_size=256_000
    )
    assert slot_count(large, 512, cpu) == 16
    assert slot_count(large, 64, cpu) == 64


def test_idle_slots_stay_within_the_cache() -> None:
    sample = Sample()
    slots = Slots(network(CONFIGS["gpt2"]), candidates(1, sample), sample)
    with torch.inference_mode():
        slots.fill()
        for _ in range(2 * DATA.length):
            slots.step()
            slots.empty()
