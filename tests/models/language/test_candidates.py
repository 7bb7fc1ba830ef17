from collections.abc import Sequence

import numpy as np
import pytest

from raysc.datasets.text.stories import Stories
from raysc.errors import RayscError
from raysc.models.language.candidates import BLOCK, Candidate, Candidates
from raysc.pool.tokens import PAD
from raysc.rng import Streams
from raysc.settings import Accept, Sample

DATA = Stories(rows=10, length=24)
STREAMS = Streams((0,), 3)
RULE = Sample(accept=Accept(starts="yes", floor=0.01))


def candidates(first: int, count: int, sample: Sample, prompts: np.ndarray | None = None) -> Candidates:
    return Candidates(DATA.tokens, DATA.length, first, count, prompts, sample, STREAMS)


def texts(batch: Sequence[Candidate], accepted: Sequence[bool]) -> np.ndarray:
    """Return a text for each candidate that names it, and begins with "yes" where the rule accepts it."""
    names = [
        f"{'yes' if good else 'no'} {candidate.row} {candidate.attempt}"
        for candidate, good in zip(batch, accepted, strict=True)
    ]
    return DATA.tokens.encode(names, DATA.length)


def addresses(batch: Sequence[Candidate]) -> list[tuple[int, int]]:
    return [(candidate.row, candidate.attempt) for candidate in batch]


def test_uniforms_are_addressed_by_block_attempt_and_row() -> None:
    (taken,) = candidates(2 * BLOCK + 5, 1, RULE).take(1)
    (generator,) = STREAMS.generators("sample", 2, 0)
    assert np.array_equal(taken.uniforms, generator.random((BLOCK, DATA.length))[5])
    whole = candidates(0, 3 * BLOCK, RULE).take(3 * BLOCK)
    assert np.array_equal(whole[2 * BLOCK + 5].uniforms, taken.uniforms)


def test_row_i_has_prompt_i_modulo_n_without_padding() -> None:
    prompts = np.array([[1, 2, 3], [4, PAD, PAD]], np.int32)
    queue = candidates(3, 2, Sample(), prompts)
    assert [candidate.prompt.tolist() for candidate in queue.take(5)] == [[4], [1, 2, 3]]


def test_rejected_rows_come_first_then_new_ones_then_further_candidates() -> None:
    queue = candidates(0, 3, RULE)
    batch = queue.take(2)
    assert addresses(batch) == [(0, 0), (1, 0)]
    queue.put(batch, texts(batch, [False, True]))
    retried = queue.take(2)
    assert addresses(retried) == [(0, 1), (2, 0)]
    assert addresses(queue.take(3)) == [(0, 2), (2, 1), (0, 3)], "the row that is done gets none"


def test_a_row_is_its_first_accepted_candidate_whatever_ends_first() -> None:
    queue = candidates(0, 1, RULE)
    first, second, third = queue.take(3)
    queue.put([third], texts([third], [True]))
    queue.put([second], texts([second], [True]))
    assert not queue.finished, "the first candidate is not judged yet"
    queue.put([first], texts([first], [False]))
    assert queue.finished
    assert DATA.tokens.decode(queue.rows) == ["yes 0 1"]
    assert queue.total == 2, "the third candidate does not count"


def test_without_a_rule_each_row_has_one_candidate() -> None:
    queue = candidates(0, 2, Sample())
    batch = queue.take(10)
    assert addresses(batch) == [(0, 0), (1, 0)]
    queue.put(batch, texts(batch, [False, False]))
    assert queue.finished
    assert DATA.tokens.decode(queue.rows) == ["no 0 0", "no 1 0"]


def test_a_rate_below_the_floor_is_an_error() -> None:
    queue = candidates(0, 2000, RULE)
    batch = queue.take(2000)
    with pytest.raises(RayscError, match="of 2000 texts that the model wrote 0 were accepted"):
        queue.put(batch, texts(batch, [False] * 2000))
