import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from ruamel.yaml import YAML

from raysc.datasets.text.stories import Stories
from raysc.errors import InputError, RayscError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.language.causal_lm import CausalLm, Lora
from raysc.models.neural.state import State
from raysc.pool.tokens import PAD, Tokenizer, lengths
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train
from tests.neural_states import MakeTrainingSet, assert_close, equal_states, equal_tensors

SWEEPS = Path(__file__).parents[3] / "sweeps"
DATA = Stories(rows=60, length=48)
STREAMS = Streams((0,), 0)
TRAIN = Train(batch=12, lr=1e-2, clip=1.0, warmup=0.25)


@pytest.fixture
def rows(training_set: MakeTrainingSet) -> TrainingSet:
    return training_set(DATA.train((0,))[0])


def small(**parameters: Any) -> CausalLm:
    return CausalLm(**{"width": 16, "depth": 2, "heads": 2} | parameters).for_data(DATA)


def train(
    family: CausalLm,
    rows: TrainingSet,
    steps: range = range(6),
    settings: Train = TRAIN,
    start: State | None = None,
    total_steps: int | None = None,
) -> State:
    start = start or family.initial(DATA.event, STREAMS)
    state: State = family.fit(rows, start, steps, settings, STREAMS, total_steps).state
    return state


def cross_entropy(family: CausalLm, state: State, rows: np.ndarray) -> float:
    loss, tokens = family.token_losses(state, rows).sum(axis=0)
    return float(loss / tokens)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny pretrained model with dropout, written by ``save_pretrained``."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=DATA.tokens.size, n_positions=64, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    DATA.tokens.save(folder)
    return folder


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_cross_entropy_is_that_of_transformers_for_the_saved_folder(
    architecture: str, rows: TrainingSet, tmp_path: Path
) -> None:
    family = small(architecture=architecture)
    state = train(family, rows)
    family.save(state, tmp_path, training_state=False)
    network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = [*(text[:80] for text in DATA.texts(0, 0, "fresh", 8)), "Ümläut und 狐", ""]
    losses = family.token_losses(state, DATA.tokens.encode(texts, 48))
    for text, (loss, count) in zip(texts, losses, strict=True):
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        expected = network(ids, labels=ids).loss.item()
        assert count == ids.shape[1] - 1
        assert loss / count == pytest.approx(expected, rel=1e-5)


@dataclass(frozen=True)
class EightThousandTokens:
    """Text without rows, of a vocabulary of 8,000 tokens."""

    event: tuple[int, ...]
    tokens: Tokenizer

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        raise AssertionError("counting parameters draws no rows")


def test_the_networks_of_the_tinystories_sweep_have_the_parameters_that_the_paper_prints() -> None:
    sweep = YAML(typ="safe").load(SWEEPS / "kazdan2024" / "pretrain_tinystories.yaml")
    assert sweep["data"]["vocabulary"] == 8000
    data = EightThousandTokens((sweep["data"]["length"],), replace(DATA.tokens, size=8000))
    models = [{name: value for name, value in model.items() if name != "name"} for model in sweep["space"]["model"]]
    counts = [CausalLm(**model).for_data(data).parameter_count(data.event) for model in models]
    assert counts == [8_890_880, 12_488_960, 41_755_136, 125_553_408]


def test_hidden_layers_have_the_set_width() -> None:
    for architecture, name in (("gpt2", "n_inner"), ("llama", "intermediate_size")):
        family = small(architecture=architecture, feed_forward=24, positions=50)
        state = family.initial(DATA.event, STREAMS)
        assert state.config["transformers"][name] == 24
        assert len(family.sample(state, 0, 2, Sample(), STREAMS)[0]) == 2


def test_training_lowers_the_cross_entropy(rows: TrainingSet) -> None:
    family = small()
    before = family.initial(DATA.event, STREAMS)
    after = train(family, rows, range(60))
    assert before.weights.keys() == after.weights.keys()
    assert family.parameter_count(DATA.event) == sum(value.numel() for value in after.weights.values())
    held_out = DATA.test()[:64]
    assert cross_entropy(family, before, held_out) == pytest.approx(np.log(DATA.tokens.size), rel=0.02)
    assert cross_entropy(family, after, held_out) < 4


def test_parts_of_a_run_with_a_warm_up_are_the_run_bit_for_bit(rows: TrainingSet, tmp_path: Path) -> None:
    family, settings = small(), TRAIN.model_copy(update={"ema": Ema(half_life=2)})
    whole = train(family, rows, range(8), settings)
    first = train(family, rows, range(5), settings, total_steps=8)
    family.save(first, tmp_path, training_state=True)
    rest = train(family, rows, range(5, 8), settings, family.load(tmp_path), total_steps=8)
    assert equal_states(whole, rest)


@pytest.mark.parametrize(
    ("settings", "packed"),
    [({"micro_batch": 5}, False), ({"micro_batch": 5, "recompute": True}, False), ({}, True)],
)
def test_settings_of_memory_and_time_change_results_by_rounding_only(
    rows: TrainingSet, settings: dict[str, Any], packed: bool
) -> None:
    plain = train(small(), rows)
    changed = train(small(packed=packed), rows, settings=TRAIN.model_copy(update=settings))
    assert_close(plain.weights, changed.weights, atol=1e-4)


def test_bf16_trains_nearly_the_same_model(rows: TrainingSet) -> None:
    family = small()
    full, half = (
        train(family, rows, settings=TRAIN.model_copy(update={"precision": precision}))
        for precision in ("fp32", "bf16")
    )
    assert next(iter(half.weights.values())).dtype == torch.float32
    held_out = DATA.test()[:64]
    assert not torch.equal(full.weights["transformer.wte.weight"], half.weights["transformer.wte.weight"])
    assert cross_entropy(family, half, held_out) == pytest.approx(cross_entropy(family, full, held_out), rel=0.02)


def test_bf16_weights_move_by_bf16_steps_and_are_carried_exactly(rows: TrainingSet, tmp_path: Path) -> None:
    family, small_steps = small(), TRAIN.model_copy(update={"lr": 8e-6, "warmup": 0.0, "precision": "bf16"})
    settings = small_steps.model_copy(update={"weights": "bf16", "ema": Ema(half_life=2)})
    start = family.initial(DATA.event, STREAMS)
    masters, whole = train(family, rows, range(6), small_steps), train(family, rows, range(6), settings)
    for name, values in whole.weights.items():
        assert values.dtype == torch.float32
        assert torch.equal(values, values.bfloat16().float())
        assert torch.equal(whole.moments[f"{name}/exp_avg"], whole.moments[f"{name}/exp_avg"].bfloat16().float())
    name = "transformer.h.0.mlp.c_fc.weight"
    moved = whole.weights[name] != start.weights[name].bfloat16().float()
    assert 0 < moved.float().mean() < 0.9, "most steps are below the resolution of bf16"
    assert (masters.weights[name] != start.weights[name]).float().mean() > 0.99
    assert not torch.equal(whole.ema[name], whole.ema[name].bfloat16().float()), "the average is finer"
    first = train(family, rows, range(3), settings, total_steps=6)
    family.save(first, tmp_path, training_state=True)
    assert equal_states(whole, train(family, rows, range(3, 6), settings, family.load(tmp_path), total_steps=6))


def test_divergence_is_recorded(rows: TrainingSet) -> None:
    family = small()
    assert family.fit(rows, family.initial(DATA.event, STREAMS), range(3), Train(batch=12, lr=1e30), STREAMS).diverged


def test_training_starts_from_a_base_without_its_dropout(base: Path, rows: TrainingSet) -> None:
    family = CausalLm(base=str(base)).for_data(DATA)
    state = family.initial(DATA.event, STREAMS)
    network = transformers.AutoModelForCausalLM.from_pretrained(base)
    assert equal_tensors(dict(network.named_parameters()), state.weights)
    first, second = (train(family, rows, range(2)) for _ in range(2))
    assert equal_tensors(first.weights, second.weights)
    assert not torch.equal(first.weights["transformer.wte.weight"], state.weights["transformer.wte.weight"])


def test_tokens_that_only_the_base_has_are_sampled_and_trained_on(
    tmp_path: Path, training_set: MakeTrainingSet
) -> None:
    torch.manual_seed(0)
    vocabulary = DATA.tokens.size + 40
    config = transformers.GPT2Config(vocab_size=vocabulary, n_positions=48, n_embd=16, n_layer=1, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    family = CausalLm(base=str(tmp_path)).for_data(DATA)
    sampled = family.sample(family.initial(DATA.event, STREAMS), 0, 12, Sample(), STREAMS)[0]
    assert DATA.tokens.size <= sampled.max() < vocabulary
    assert train(family, training_set(sampled), range(1)).config["transformers"]["vocab_size"] == vocabulary


def test_adapters_are_trained_and_the_base_is_not(base: Path, rows: TrainingSet, tmp_path: Path) -> None:
    import peft

    family = CausalLm(base=str(base), lora=Lora(rank=2)).for_data(DATA)
    before = family.initial(DATA.event, STREAMS)
    assert all("lora" in name for name in before.weights)
    assert family.parameter_count(DATA.event) == sum(value.numel() for value in before.weights.values())
    held_out = DATA.test()[:16]
    base_family = CausalLm(base=str(base)).for_data(DATA)
    expected = cross_entropy(base_family, base_family.initial(DATA.event, STREAMS), held_out)
    assert cross_entropy(family, before, held_out) == pytest.approx(expected, rel=1e-6), "new adapters change nothing"
    after = train(family, rows, range(10))
    assert cross_entropy(family, after, held_out) < expected - 0.01
    family.save(after, tmp_path / "saved", training_state=True)
    loaded = family.load(tmp_path / "saved")
    assert equal_states(after, loaded)
    network = transformers.AutoModelForCausalLM.from_pretrained(base)
    peft_model = peft.PeftModel.from_pretrained(network, tmp_path / "saved").eval()
    ids = torch.tensor([[DATA.tokens.begin, *held_out[0][: lengths(held_out[0])]]])
    loss, count = family.token_losses(after, held_out[:1])[0]
    assert peft_model(ids, labels=ids).loss.item() == pytest.approx(loss / count, rel=1e-5)
    recomputed = train(family, rows, range(10), TRAIN.model_copy(update={"recompute": True}))
    assert_close(after.weights, recomputed.weights, atol=1e-4)


def test_a_base_gets_an_embedding_for_an_end_token_that_its_tokenizer_lacks(tmp_path: Path) -> None:
    import tokenizers

    words = {word: number for number, word in enumerate(["?", *"abcdefg"])}
    library = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=library).save_pretrained(tmp_path)
    transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=8, n_positions=64, n_embd=8, n_layer=1, n_head=1)
    ).save_pretrained(tmp_path)
    data = Stories(rows=8, length=12, tokenizer=str(tmp_path))
    family = CausalLm(base=str(tmp_path)).for_data(data)
    state = family.initial(data.event, STREAMS)
    table = state.weights["transformer.wte.weight"]
    assert len(table) == 9
    assert torch.allclose(table[8], table[:8].mean(dim=0))
    assert np.isfinite(family.token_losses(state, data.test()[:4])).all()
    assert family.sample(state, 0, 3, Sample(), STREAMS).shape == (1, 3, 12)
    family.check(data.event)
    with pytest.raises(InputError, match=r"does not know the data's tokens; set data\.tokenizer"):
        family.for_data(replace(data, tokenizer=None)).check(data.event)


def test_a_bases_content_is_in_the_key_and_its_folder_is_not(base: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(base, tmp_path / "moved")
    moved = CausalLm(base=str(tmp_path / "moved"))
    assert moved.fingerprint() == CausalLm(base=str(base)).fingerprint()
    config = json.loads((tmp_path / "moved" / "config.json").read_text())
    (tmp_path / "moved" / "config.json").write_text(json.dumps(config | {"layer_norm_epsilon": 1e-3}))
    assert moved.fingerprint() != CausalLm(base=str(base)).fingerprint()


def test_the_loss_of_an_empty_row_is_that_of_its_end_token() -> None:
    family = small()
    state = family.initial(DATA.event, STREAMS)
    empty = np.full((2, 48), PAD, np.int32)
    empty[:, 0] = DATA.tokens.end
    losses = family.token_losses(state, empty)
    assert losses[:, 1].tolist() == [1, 1]
    assert losses[0, 0] == pytest.approx(np.log(DATA.tokens.size), rel=0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda base: CausalLm(lora=Lora()), "adapters need a pretrained model"),
        (lambda base: CausalLm(width=10, heads=4), "4 heads cannot share a width of 10"),
        (lambda base: CausalLm(base=str(base), depth=5), "model.depth: a model with a base has the base's sizes"),
        (lambda base: CausalLm("llama", width=6, heads=2), "heads of a llama have an even width"),
        (
            lambda base: CausalLm(base=str(base), lora=Lora(targets=("nothing",))).for_data(DATA).check((48,)),
            r"model\.lora\.targets: .*nothing",
        ),
        (
            lambda base: small().check_settings((48,), TRAIN, Sample(prompt_tokens=48)),
            "less than the 48 tokens of a row",
        ),
        (lambda base: CausalLm().check((48,)), "causal_lm needs text"),
        (lambda base: small(positions=47).check((48,)), r"model\.positions: 47 are fewer than the 48 tokens of a row"),
        (
            lambda base: small().check_settings((48,), Train(weights="bf16"), Sample()),
            "bf16 weights go with precision: bf16, not fp32",
        ),
        (
            lambda base: small().check_settings((48,), TRAIN, Sample(template="{}")),
            r"sample\.template: accept takes the texts apart",
        ),
        (
            lambda base: CausalLm(base=str(base)).for_data(replace(DATA, length=65)).check((65,)),
            "reads 64 tokens at most",
        ),
        (lambda base: CausalLm(base="no such base!").for_data(DATA).check((48,)), "there is no folder no such base!"),
    ],
)
def test_impossible_settings_are_refused(base: Path, make: Callable[[Path], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(base)


@pytest.mark.parametrize(
    "config",
    [
        transformers.Gemma2Config(
            hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
            head_dim=8, sliding_window=16, max_position_embeddings=48, vocab_size=DATA.tokens.size,
        ),
        transformers.OPTConfig(
            hidden_size=16, ffn_dim=16, num_hidden_layers=2, num_attention_heads=2, word_embed_proj_dim=16,
            max_position_embeddings=48, vocab_size=DATA.tokens.size,
        ),
    ],
    ids=["gemma2", "opt"],
)  # fmt: skip
def test_any_pretrained_network_trains_and_packs_if_it_separates_rows(
    config: Any, rows: TrainingSet, tmp_path: Path
) -> None:
    network = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.from_numpy(np.random.default_rng(value.numel()).normal(0, 0.3, value.shape)))
    network.save_pretrained(tmp_path / "base")
    family = CausalLm(base=str(tmp_path / "base")).for_data(DATA)
    state = train(family, rows, range(2))
    family.save(state, tmp_path / "saved", training_state=False)
    saved = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "saved").eval()
    held_out = DATA.test()[:1]
    ids = torch.tensor([[DATA.tokens.begin, *held_out[0][: lengths(held_out[0])]]])
    loss, count = family.token_losses(state, held_out)[0]
    assert saved(ids, labels=ids).loss.item() == pytest.approx(loss / count, rel=1e-5)
    sequences = saved.generate(ids[:, :1], do_sample=False, max_new_tokens=48, pad_token_id=0, use_cache=False)
    sampled = family.sample(state, 0, 1, Sample(top_k=1), STREAMS)[0]
    assert DATA.tokens.decode(sampled) == DATA.tokens.decode(sequences[:, 1:].numpy())
    packing = replace(family, packed=True).for_data(DATA)
    if config.model_type == "opt":
        with pytest.raises(InputError, match="rows of a packed sequence see each other"):
            packing.initial(DATA.event, STREAMS)
    else:
        assert_close(state.weights, train(packing, rows, range(2)).weights, atol=1e-4)


def test_a_network_without_gradient_checkpointing_is_refused(digits: TrainingSet) -> None:
    family = Ddpm(width=8, depth=1)
    with pytest.raises(RayscError, match=r"train\.recompute: Mlp cannot"):
        family.fit(digits, family.initial((1, 8, 8), STREAMS), range(1), Train(batch=8, recompute=True), STREAMS)
