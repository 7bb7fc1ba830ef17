from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from raysc.datasets.text.stories import Stories
from raysc.errors import RayscError
from raysc.models.language.candidates import BLOCK
from raysc.models.language.causal_lm import CausalLm
from raysc.models.language.rejection import accepts, fill
from raysc.models.neural.state import State
from raysc.models.training.process_state import reset_process_state
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.tokens import PAD, lengths
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Accept, Sample, Train

DATA = Stories("chat", rows=300, length=48)
STREAMS = Streams((0,), 0)


@pytest.fixture(scope="module")
def family() -> CausalLm:
    return CausalLm(width=32, depth=1, heads=2).for_data(DATA)


@pytest.fixture(scope="module")
def model(family: CausalLm) -> State:
    """A model whose texts are chats most of the time."""
    rows = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, DATA.train((0,))),)),))
    start = family.initial(DATA.event, STREAMS)
    state: State = family.fit(rows, start, range(40), Train(batch=16, lr=1e-2), STREAMS).state
    reset_process_state()
    return state


def test_a_row_depends_on_its_number_alone(family: CausalLm, model: State) -> None:
    rows = family.sample(model, 0, 3 * BLOCK, Sample(), STREAMS)[0]
    assert rows.dtype == np.int32
    assert np.array_equal(family.sample(model, BLOCK - 5, 20, Sample(), STREAMS)[0], rows[BLOCK - 5 : BLOCK + 15])
    assert len(np.unique(rows, axis=0)) > BLOCK
    next_generation = family.sample(model, 0, BLOCK, Sample(), Streams((0,), 1))[0]
    assert not np.array_equal(next_generation, rows[:BLOCK])


def test_rows_end_with_the_first_end_token(family: CausalLm, model: State) -> None:
    rows = family.sample(model, 0, BLOCK, Sample(), STREAMS)[0]
    for row, length in zip(rows, lengths(rows), strict=True):
        assert (row[length:] == PAD).all()
        assert (row[:length] >= 0).all()
        ends = np.flatnonzero(row == DATA.tokens.end)
        assert length == 48 if not len(ends) else ends.tolist() == [length - 1]


def test_the_most_likely_text_is_that_of_transformers_for_the_saved_folder(
    family: CausalLm, model: State, tmp_path: Path
) -> None:
    family.save(model, tmp_path, training_state=False)
    network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokens = DATA.tokens
    sequences = network.generate(torch.tensor([[tokens.begin]]), do_sample=False, max_new_tokens=48, pad_token_id=0)
    expected = tokens.decode(sequences[:, 1:].numpy())
    for sample in (Sample(top_k=1), Sample(temperature=1e-4), Sample(top_p=1e-6)):
        assert tokens.decode(family.sample(model, 0, 2, sample, STREAMS)[0]) == expected * 2


def test_half_precision_gives_similar_rows(family: CausalLm, model: State) -> None:
    full, half = (family.sample(model, 0, BLOCK, Sample(precision=p), STREAMS)[0] for p in ("fp32", "bf16"))
    assert 0.3 < (full == half).mean() < 1


def test_prompts_are_the_first_tokens_of_real_rows(family: CausalLm, model: State) -> None:
    rows = family.sample(model, 0, BLOCK, Sample(prompt_tokens=7), STREAMS)[0]
    real = DATA.train((0,))[0]
    assert np.array_equal(rows[:, :7], real[:BLOCK, :7])
    assert not np.array_equal(rows, real[:BLOCK])
    last_and_first = family.sample(model, 290, 30, Sample(prompt_tokens=7), STREAMS)[0]
    assert np.array_equal(last_and_first[:, :7], real[np.arange(290, 320) % 300, :7]), "row i has prompt i mod n"


@dataclass(frozen=True)
class Prompts:
    """Text data whose training rows are given prompts."""

    rows: np.ndarray
    tokens = DATA.tokens
    event = DATA.event

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the prompts as rows of one seed."""
        return self.rows[None]


def test_padding_before_a_short_prompt_has_no_effect(family: CausalLm, model: State) -> None:
    """A prompt's continuation does not depend on the length of the block's longest prompt."""
    short = np.full((300, 4), PAD, np.int32)
    short[:, :2] = DATA.train((0,))[0][:, :2]
    mixed = short.copy()
    mixed[1] = DATA.train((0,))[0][1, :4]
    greedy = Sample(prompt_tokens=4, top_k=1)
    first, second = (family.for_data(Prompts(p)).sample(model, 0, 4, greedy, STREAMS)[0] for p in (short, mixed))
    assert np.array_equal(first[[0, 2, 3], :40], second[[0, 2, 3], :40])


def test_rejected_rows_are_drawn_again_and_accepted_rows_stay(family: CausalLm, model: State) -> None:
    rule = Accept(starts="user: ", once="assistant: ", floor=0.05)
    unfiltered, no_acceptance = family.sample_with_acceptance(model, 0, 2 * BLOCK, Sample(), STREAMS)
    filtered, acceptance = family.sample_with_acceptance(model, 0, 2 * BLOCK, Sample(accept=rule), STREAMS)
    accepted = np.array([accepts(rule, text) for text in family.texts(unfiltered[0])])
    assert no_acceptance is None
    assert 5 < (~accepted).sum() < len(accepted), "the rule rejects some rows"
    assert all(accepts(rule, text) for text in family.texts(filtered[0]))
    assert np.array_equal(filtered[0][accepted], unfiltered[0][accepted])
    assert acceptance == pytest.approx(accepted.mean(), abs=0.15)
    assert np.array_equal(family.sample(model, 100, 10, Sample(accept=rule), STREAMS)[0], filtered[0][100:110])


def test_accepted_texts_are_put_into_a_template(family: CausalLm, model: State) -> None:
    rule = Accept(starts="user: ", once="assistant: ", floor=0.05)
    plain = family.sample(model, 0, BLOCK, Sample(accept=rule), STREAMS)[0]
    rows = family.sample(model, 0, BLOCK, Sample(accept=rule, template="Q {} A {}"), STREAMS)[0]
    assert (rows[np.arange(BLOCK), lengths(rows) - 1] == DATA.tokens.end).all(), "no text is cut"
    expected = [fill("Q {} A {}", rule, text) for text in family.texts(plain)]
    fitting = DATA.tokens.fits(expected, 48)
    assert fitting.sum() > BLOCK // 2
    texts = np.array(family.texts(rows))
    assert texts[fitting].tolist() == np.array(expected)[fitting].tolist()
    assert not set(np.array(expected)[~fitting]) & set(texts), "texts that do not fit are drawn again"


def test_repeated_latents_are_those_of_generation_0(family: CausalLm, model: State) -> None:
    rows = family.sample(model, 3, 9, Sample(latents="repeated"), Streams((0,), 5))[0]
    assert np.array_equal(rows, family.sample(model, 3, 9, Sample(), STREAMS)[0])


def test_the_acceptance_rate_does_not_depend_on_the_parts_of_a_sample(family: CausalLm, model: State) -> None:
    sample = Sample(accept=Accept(starts="user: ", once="assistant: ", floor=0.05))
    _, whole = family.sample_with_acceptance(model, 0, BLOCK + 16, sample, STREAMS)
    parts = [
        family.sample_with_acceptance(model, first, count, sample, STREAMS)
        for first, count in ((0, BLOCK), (BLOCK, 16))
    ]
    blocks = [MemoryBlock(number, 0, rows, acceptance=rate) for number, (rows, rate) in enumerate(parts)]
    assert parts[0][1] != parts[1][1]
    assert Rows(REAL, tuple(blocks)).acceptance == pytest.approx(whole)


def test_a_rule_below_its_floor_ends_sampling_with_a_message(family: CausalLm, model: State) -> None:
    rule = Accept(starts="Once upon", floor=0.1)
    with pytest.raises(RayscError, match=r"of \d+ texts that the model wrote 0 were accepted, fewer than the floor"):
        family.sample_with_acceptance(model, 0, 10, Sample(accept=rule), STREAMS)
