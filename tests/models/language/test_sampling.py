import numpy as np
import pytest
import torch
import transformers

from raysc.datasets.stories import Stories
from raysc.errors import RayscError
from raysc.models.language.causal_lm import CausalLm
from raysc.models.language.sampling import BLOCK, _Chooser, _warpers, accepts
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.pool.tokens import PAD, lengths
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Accept, Sample, Train

DATA = Stories("chat", rows=300, length=48)
STREAMS = Streams((0,), 0)


@pytest.fixture(scope="module")
def family():
    return CausalLm(width=32, depth=1, heads=2).for_data(DATA)


@pytest.fixture(scope="module")
def model(family):
    """It writes chats most of the time."""
    from raysc.models.training.loop import reset_accelerator

    rows = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, DATA.train((0,))),)),))
    start = family.initial(DATA.event, STREAMS)
    state = family.fit(rows, start, range(40), Train(batch=16, lr=1e-2), STREAMS).state
    reset_accelerator()
    return state


def test_a_row_depends_on_its_number_alone(family, model):
    every = family.sample(model, 0, 3 * BLOCK, Sample(), STREAMS)[0]
    assert every.dtype == np.int32
    assert np.array_equal(family.sample(model, BLOCK - 5, 20, Sample(), STREAMS)[0], every[BLOCK - 5 : BLOCK + 15])
    assert len(np.unique(every, axis=0)) > BLOCK
    other = family.sample(model, 0, BLOCK, Sample(), Streams((0,), 1))[0]
    assert not np.array_equal(other, every[:BLOCK])


def test_rows_end_with_the_first_end_token(family, model):
    rows = family.sample(model, 0, BLOCK, Sample(), STREAMS)[0]
    for row, length in zip(rows, lengths(rows), strict=True):
        assert (row[length:] == PAD).all()
        assert (row[:length] >= 0).all()
        ends = np.flatnonzero(row == DATA.tokens.end)
        assert length == 48 if not len(ends) else ends.tolist() == [length - 1]


def test_the_most_likely_text_is_what_transformers_writes_from_the_saved_folder(family, model, tmp_path):
    family.save(model, tmp_path, training_state=False)
    network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokens = DATA.tokens
    written = network.generate(torch.tensor([[tokens.begin]]), do_sample=False, max_new_tokens=48, pad_token_id=0)
    expected = tokens.decode(written[:, 1:].numpy())
    for sample in (Sample(top_k=1), Sample(temperature=1e-4), Sample(top_p=1e-6)):
        assert tokens.decode(family.sample(model, 0, 2, sample, STREAMS)[0]) == expected * 2


def drawn(sample, logits, uniforms):
    choose = _Chooser(_warpers(sample), torch.tensor(uniforms, dtype=torch.float64)[:, None])
    out = choose(torch.zeros(len(uniforms), 1, dtype=torch.int64), torch.tensor([logits] * len(uniforms)))
    assert (out.isfinite().sum(dim=1) == 1).all()
    return out.argmax(dim=1).tolist()


def test_a_uniform_chooses_its_token_by_cumulative_probability():
    logits = np.log([0.5, 0.3, 0.15, 0.05]).tolist()
    assert drawn(Sample(), logits, [0.0, 0.49, 0.51, 0.79, 0.81, 0.94, 0.96, 1 - 2**-53]) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert drawn(Sample(top_k=2), logits, [0.62, 0.63, 0.999]) == [0, 1, 1]
    assert drawn(Sample(top_p=0.9), logits, [0.5, 0.6, 0.85, 0.999]) == [0, 1, 2, 2]
    # At temperature 1/2 probabilities are squared: 0.25, 0.09, 0.0225, 0.0025 of 0.365.
    assert drawn(Sample(temperature=0.5), logits, [0.68, 0.69, 0.93, 0.94, 0.9931, 0.9933]) == [0, 1, 1, 2, 2, 3]
    assert drawn(Sample(), [-np.inf, 0.0, -np.inf], [0.0, 1 - 2**-53]) == [1, 1]


def test_logits_that_are_no_numbers_are_told(family):
    with pytest.raises(RayscError, match="logits are not"):
        drawn(Sample(), [0.0, np.nan], [0.5])


def test_half_precision_writes_much_the_same(family, model):
    full, half = (family.sample(model, 0, BLOCK, Sample(precision=p), STREAMS)[0] for p in ("fp32", "bf16"))
    assert 0.3 < (full == half).mean() < 1


def test_rows_go_on_from_the_beginnings_of_real_ones(family, model):
    rows = family.sample(model, 0, BLOCK, Sample(prompt_tokens=7), STREAMS)[0]
    real = DATA.train((0,))[0]
    assert np.array_equal(rows[:, :7], real[:BLOCK, :7])
    assert not np.array_equal(rows, real[:BLOCK])
    again = family.sample(model, 290, 30, Sample(prompt_tokens=7), STREAMS)[0]
    assert np.array_equal(again[:, :7], real[np.arange(290, 320) % 300, :7]), "after the last one the first"


def test_what_was_shown_is_not_seen_where_a_prompt_is_short(family, model):
    """A prompt's continuation does not depend on how long the other prompts of its block are."""
    short = np.full((300, 4), PAD, np.int32)
    short[:, :2] = DATA.train((0,))[0][:, :2]
    mixed = short.copy()
    mixed[1] = DATA.train((0,))[0][1, :4]

    class Given:
        tokens, event = DATA.tokens, DATA.event

        def __init__(self, prompts):
            self.prompts = prompts

        def train(self, seeds):
            return self.prompts[None]

    greedy = Sample(prompt_tokens=4, top_k=1)
    one, other = (family.for_data(Given(p)).sample(model, 0, 4, greedy, STREAMS)[0] for p in (short, mixed))
    assert np.array_equal(one[[0, 2, 3], :40], other[[0, 2, 3], :40])


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("user: a?\nassistant: b", True),
        ("user: assistant: ", True),
        (" user: a\nassistant: b", False),
        ("user: a", False),
        ("user: a\nassistant: b\nassistant: c", False),
        ("", False),
    ],
)
def test_the_rejection_rule(text, good):
    assert accepts(Accept(starts="user: ", once="assistant: "), text) is good


def test_rejected_rows_are_drawn_again_and_the_others_stay(family, model):
    rule = Accept(starts="user: ", once="assistant: ", floor=0.05)
    free, none = family.draw_accepted(model, 0, 2 * BLOCK, Sample(), STREAMS)
    kept, rate = family.draw_accepted(model, 0, 2 * BLOCK, Sample(accept=rule), STREAMS)
    good = np.array([accepts(rule, text) for text in family.texts(free[0])])
    assert none is None
    assert 5 < (~good).sum() < len(good), "the rule has something to do"
    assert all(accepts(rule, text) for text in family.texts(kept[0]))
    assert np.array_equal(kept[0][good], free[0][good])
    assert rate == pytest.approx(good.mean(), abs=0.15)
    assert np.array_equal(family.sample(model, 100, 10, Sample(accept=rule), STREAMS)[0], kept[0][100:110])


def test_the_acceptance_rate_is_the_same_in_however_many_parts_rows_are_drawn(family, model):
    sample = Sample(accept=Accept(starts="user: ", once="assistant: ", floor=0.05))
    _, whole = family.draw_accepted(model, 0, BLOCK + 16, sample, STREAMS)
    drawn = [family.draw_accepted(model, first, count, sample, STREAMS) for first, count in ((0, BLOCK), (BLOCK, 16))]
    blocks = [MemoryBlock(number, 0, rows, acceptance=rate) for number, (rows, rate) in enumerate(drawn)]
    assert drawn[0][1] != drawn[1][1]
    assert Rows(REAL, tuple(blocks)).acceptance == pytest.approx(whole)


def test_a_rule_that_hardly_anything_passes_ends_with_a_message(family, model):
    with pytest.raises(RayscError, match=r"of \d+ texts that the model wrote 0 were accepted, fewer than the floor"):
        family.draw_accepted(model, 0, 10, Sample(accept=Accept(starts="Once upon", floor=0.1)), STREAMS)
