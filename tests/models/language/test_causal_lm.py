import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers

from raysc.datasets.stories import Stories
from raysc.errors import InputError, RayscError
from raysc.models.language.causal_lm import CausalLm, Lora
from raysc.pool.tokens import PAD, lengths
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

DATA = Stories(rows=60, length=48)
STREAMS = Streams((0,), 0)
TRAIN = Train(batch=12, lr=1e-2, clip=1.0, warmup=0.25)


@pytest.fixture
def rows(training_set):
    return training_set(DATA.train((0,))[0])


def small(**parameters):
    return CausalLm(**{"width": 16, "depth": 2, "heads": 2} | parameters).for_data(DATA)


def fitted(family, rows, steps=range(6), train=TRAIN, start=None, length=None):
    start = start or family.initial(DATA.event, STREAMS)
    return family.fit(rows, start, steps, train, STREAMS, length).state


def equal(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.allclose(value, other[name], **tolerance) if tolerance else torch.equal(value, other[name]), name


def cross_entropy(family, state, rows):
    losses, tokens = family.token_losses(state, rows).sum(axis=0)
    return losses / tokens


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A pretrained model, as small as one can be: a folder such as ``save_pretrained`` writes, with dropout."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=DATA.tokens.size, n_positions=64, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    DATA.tokens.save(folder)
    return folder


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_cross_entropy_is_what_transformers_says_of_the_saved_folder(architecture, rows, tmp_path):
    family = small(architecture=architecture)
    state = fitted(family, rows)
    family.save(state, tmp_path, training_state=False)
    network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = [*(text[:80] for text in DATA.texts(0, 0, "elsewhere", 8)), "Ümläut und 狐", ""]
    ours = family.token_losses(state, DATA.tokens.encode(texts, 48))
    for text, (loss, count) in zip(texts, ours, strict=True):
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        theirs = network(ids, labels=ids).loss.item()
        assert count == ids.shape[1] - 1
        assert loss / count == pytest.approx(theirs, rel=1e-5)


def test_it_learns(rows):
    family = small()
    before = family.initial(DATA.event, STREAMS)
    after = fitted(family, rows, range(60))
    assert before.weights.keys() == after.weights.keys()
    assert family.parameter_count(DATA.event) == sum(value.numel() for value in after.weights.values())
    held_out = DATA.test()[:64]
    assert cross_entropy(family, before, held_out) == pytest.approx(np.log(DATA.tokens.size), rel=0.02)
    assert cross_entropy(family, after, held_out) < 4


def test_pieces_of_a_run_with_a_warm_up_are_the_run_bit_for_bit(rows, tmp_path):
    family, train = small(), TRAIN.model_copy(update={"ema": Ema(half_life=2)})
    whole = fitted(family, rows, range(8), train)
    first = fitted(family, rows, range(5), train, length=8)
    family.save(first, tmp_path, training_state=True)
    rest = fitted(family, rows, range(5, 8), train, family.load(tmp_path), length=8)
    for group in ("weights", "ema", "moments"):
        equal(getattr(whole, group), getattr(rest, group))


@pytest.mark.parametrize("changed", [{"micro_batch": 5}, {"micro_batch": 5, "recompute": True}, {"packed": True}])
def test_saving_memory_or_time_changes_nothing_but_rounding(rows, changed):
    plain = fitted(small(), rows)
    family = small(packed=changed.pop("packed", False))
    other = fitted(family, rows, train=TRAIN.model_copy(update=changed))
    equal(plain.weights, other.weights, atol=1e-4)


def test_bf16_trains_nearly_the_same_model(rows):
    family = small()
    full, half = (fitted(family, rows, train=TRAIN.model_copy(update={"precision": p})) for p in ("fp32", "bf16"))
    assert next(iter(half.weights.values())).dtype == torch.float32
    held_out = DATA.test()[:64]
    assert not torch.equal(full.weights["transformer.wte.weight"], half.weights["transformer.wte.weight"])
    assert cross_entropy(family, half, held_out) == pytest.approx(cross_entropy(family, full, held_out), rel=0.02)


def test_a_model_that_diverges_says_so(rows):
    family = small()
    assert family.fit(rows, family.initial(DATA.event, STREAMS), range(3), Train(batch=12, lr=1e30), STREAMS).diverged


def test_training_begins_from_a_base_without_its_dropout(base, rows):
    family = CausalLm(base=str(base)).for_data(DATA)
    state = family.initial(DATA.event, STREAMS)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(base)
    equal(dict(theirs.named_parameters()), state.weights)
    one, other = (fitted(family, rows, range(2)) for _ in range(2))
    equal(one.weights, other.weights)
    assert not torch.equal(one.weights["transformer.wte.weight"], state.weights["transformer.wte.weight"])


def test_adapters_are_trained_and_the_base_is_not(base, rows, tmp_path):
    import peft

    family = CausalLm(base=str(base), lora=Lora(rank=2)).for_data(DATA)
    before = family.initial(DATA.event, STREAMS)
    assert all("lora" in name for name in before.weights)
    assert family.parameter_count(DATA.event) == sum(value.numel() for value in before.weights.values())
    held_out = DATA.test()[:16]
    bare = CausalLm(base=str(base)).for_data(DATA)
    untouched = cross_entropy(bare, bare.initial(DATA.event, STREAMS), held_out)
    assert cross_entropy(family, before, held_out) == pytest.approx(untouched, rel=1e-6), "adapters begin as nothing"
    after = fitted(family, rows, range(10))
    assert cross_entropy(family, after, held_out) < untouched - 0.01
    family.save(after, tmp_path / "saved", training_state=True)
    again = family.load(tmp_path / "saved")
    equal(after.weights, again.weights)
    equal(after.ema, again.ema)
    whole = transformers.AutoModelForCausalLM.from_pretrained(base)
    opened = peft.PeftModel.from_pretrained(whole, tmp_path / "saved").eval()
    ids = torch.tensor([[DATA.tokens.begin, *held_out[0][: lengths(held_out[0])]]])
    loss, count = family.token_losses(after, held_out[:1])[0]
    assert opened(ids, labels=ids).loss.item() == pytest.approx(loss / count, rel=1e-5)
    recomputed = fitted(family, rows, range(10), TRAIN.model_copy(update={"recompute": True}))
    equal(after.weights, recomputed.weights, atol=1e-4)


def test_a_base_gets_room_for_an_end_token_that_its_tokenizer_lacks(base, tmp_path):
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


def test_a_bases_content_is_in_the_key_and_its_place_is_not(base, tmp_path):
    import shutil

    shutil.copytree(base, tmp_path / "moved")
    moved = CausalLm(base=str(tmp_path / "moved"))
    assert moved.fingerprint() == CausalLm(base=str(base)).fingerprint()
    config = json.loads((tmp_path / "moved" / "config.json").read_text())
    (tmp_path / "moved" / "config.json").write_text(json.dumps(config | {"layer_norm_epsilon": 1e-3}))
    assert moved.fingerprint() != CausalLm(base=str(base)).fingerprint()


def test_rows_of_nothing_but_an_end_cost_its_probability():
    family = small()
    state = family.initial(DATA.event, STREAMS)
    empty = np.full((2, 48), PAD, np.int32)
    empty[:, 0] = DATA.tokens.end
    losses = family.token_losses(state, empty)
    assert losses[:, 1].tolist() == [1, 1]
    assert losses[0, 0] == pytest.approx(np.log(DATA.tokens.size), rel=0.05)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda base: CausalLm(lora=Lora()), "adapters need a pretrained model"),
        (lambda base: CausalLm(width=10, heads=4), "4 heads cannot share a width of 10"),
        (lambda base: CausalLm(base=str(base), depth=5), "model.depth: a model with a base has the base's sizes"),
        (lambda base: CausalLm("llama", width=6, heads=2), "heads of a llama have an even width"),
        (
            lambda base: CausalLm(base=str(base), lora=Lora(targets=("nothing",))).for_data(DATA).check((48,)),
            r"model\.lora\.targets: .*nothing",
        ),
        (lambda base: small().check_settings((48,), TRAIN, Sample(prompt_tokens=48)), "of rows of 48 tokens"),
        (lambda base: CausalLm().check((48,)), "causal_lm needs text"),
        (
            lambda base: CausalLm(base=str(base)).for_data(replace(DATA, length=65)).check((65,)),
            "reads 64 tokens at most",
        ),
        (lambda base: CausalLm(base="no such base!").for_data(DATA).check((48,)), "there is no folder no such base!"),
    ],
)
def test_what_cannot_work_is_refused(base, make, says):
    with pytest.raises(InputError, match=says):
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
def test_any_pretrained_network_will_do_and_packed_where_it_keeps_rows_apart(config, rows, tmp_path):
    network = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.from_numpy(np.random.default_rng(value.numel()).normal(0, 0.3, value.shape)))
    network.save_pretrained(tmp_path / "base")
    family = CausalLm(base=str(tmp_path / "base")).for_data(DATA)
    state = fitted(family, rows, range(2))
    family.save(state, tmp_path / "saved", training_state=False)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "saved").eval()
    held_out = DATA.test()[:1]
    ids = torch.tensor([[DATA.tokens.begin, *held_out[0][: lengths(held_out[0])]]])
    loss, count = family.token_losses(state, held_out)[0]
    assert theirs(ids, labels=ids).loss.item() == pytest.approx(loss / count, rel=1e-5)
    written = theirs.generate(ids[:, :1], do_sample=False, max_new_tokens=48, pad_token_id=0, use_cache=False)
    sampled = family.sample(state, 0, 1, Sample(top_k=1), STREAMS)[0]
    assert DATA.tokens.decode(sampled) == DATA.tokens.decode(written[:, 1:].numpy())
    together = replace(family, packed=True).for_data(DATA)
    if config.model_type == "opt":
        with pytest.raises(InputError, match="lets the rows of a sequence see each other"):
            together.initial(DATA.event, STREAMS)
    else:
        equal(state.weights, fitted(together, rows, range(2)).weights, atol=1e-4)


def test_a_network_that_cannot_recompute_says_so(digits):
    from raysc.models.diffusion.ddpm import Ddpm

    family = Ddpm(width=8, depth=1)
    with pytest.raises(RayscError, match=r"train\.recompute: Mlp cannot"):
        family.fit(digits, family.initial((1, 8, 8), STREAMS), range(1), Train(batch=8, recompute=True), STREAMS)
