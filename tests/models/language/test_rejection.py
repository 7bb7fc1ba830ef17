import numpy as np
import pytest

from raysc.datasets.text.stories import Stories
from raysc.errors import InputError
from raysc.models.language.rejection import accepts, check_template, fill, judge
from raysc.settings import Accept, Sample

RULE = Accept(starts="user: ", once="assistant: ")


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("user: a?\nassistant: b", True),
        ("user: assistant: ", True),
        (" user: a\nassistant: b", False),
        ("user: a", False),
        ("user: a\nassistant: b\nassistant: c", False),
        ("", False),
    ],
)
def test_the_rejection_rule(text: str, accepted: bool) -> None:
    assert accepts(RULE, text) is accepted


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("user: a?\nassistant: b", "user: a?\nassistant: b"),
        ("user:   user a {} \n\n assistant: \tb \n", "user: user a {}\nassistant: b"),
        ("user: assistant: ", "user: \nassistant: "),
    ],
)
def test_parts_are_stripped_and_put_into_the_template(text: str, filled: str) -> None:
    assert fill("user: {}\nassistant: {}", RULE, text) == filled
    assert fill("{}", Accept(starts="user: "), "user: a ") == "a"


def test_texts_that_do_not_fit_in_a_row_are_rejected() -> None:
    tokens = Stories("chat").tokens
    texts = ["user: a \nassistant: b", "user: a" + " the fox" * 20 + "\nassistant: b", "a"]
    rows = tokens.encode(texts, 64)
    template = "user: {}\nassistant: {}"
    cut = len(np.flatnonzero(rows[1] >= 0)) - 1
    filled, accepted = judge(tokens, rows[:, :cut], Sample(accept=RULE, template=template))
    assert accepted.tolist() == [True, False, False]
    assert tokens.decode(filled[:1]) == ["user: a\nassistant: b"]
    assert judge(tokens, rows, Sample(accept=RULE, template=template))[1].tolist() == [True, True, False]
    assert judge(tokens, rows, Sample())[1].all()


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (Sample(template="{}"), r"sample\.template: accept takes the texts apart, and there is none"),
        (Sample(template="{}", accept=RULE), "expected 2 times {}, a place for each part of a text; got 1"),
        (Sample(template="{}{}", accept=Accept(starts="a")), "expected 1 times {}"),
    ],
)
def test_a_template_that_the_rule_cannot_fill_is_refused(sample: Sample, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_template(sample)
