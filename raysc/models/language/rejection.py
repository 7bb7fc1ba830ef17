"""Rejection of sampled texts, and the template into which accepted ones are put."""

import numpy as np

from raysc.errors import InputError, RayscError
from raysc.pool.tokens import Tokenizer
from raysc.settings import Accept, Sample

PART = "{}"
"""Place of a part of a text in a template."""

MIN_EXPECTED = 10
"""The acceptance rate is checked once this many candidates would have been accepted at the floor."""


def judge(tokenizer: Tokenizer, rows: np.ndarray, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Apply the rejection rule and the template to sampled rows.

    Args:
        tokenizer: of the rows.
        rows: int32 (count, length).
        sample: ``accept`` and ``template`` are read.

    Returns:
        The rows to train on, int32 (count, length), and the accepted ones, bool (count,).
    """
    rule, template = sample.accept, sample.template
    if rule is None:
        return rows, np.ones(len(rows), bool)
    texts = tokenizer.decode(rows)
    accepted = np.array([accepts(rule, text) for text in texts])
    if template is None:
        return rows, accepted
    length = rows.shape[1]
    texts = [fill(template, rule, text) if good else text for text, good in zip(texts, accepted, strict=True)]
    return tokenizer.encode(texts, length), accepted & tokenizer.fits(texts, length)


def accepts(rule: Accept, text: str) -> bool:
    """Return whether a text starts with ``rule.starts`` and contains ``rule.once`` exactly once."""
    return text.startswith(rule.starts) and (not rule.once or text.count(rule.once) == 1)


def fill(template: str, rule: Accept, text: str) -> str:
    """Return an accepted text with its parts, without white space at their ends, in the places of a template."""
    rest = text.removeprefix(rule.starts)
    parts = rest.split(rule.once) if rule.once else [rest]
    begin, *literals = template.split(PART)
    return begin + "".join(part.strip() + literal for part, literal in zip(parts, literals, strict=True))


def check_template(sample: Sample) -> None:
    """Refuse a template without a rejection rule, or with another number of places than the rule gives parts.

    Raises:
        InputError: names the key.
    """
    if sample.template is None:
        return
    if sample.accept is None:
        raise InputError("sample.template: accept takes the texts apart, and there is none; set sample.accept")
    parts = 2 if sample.accept.once else 1
    if (places := sample.template.count(PART)) != parts:
        raise InputError(
            f"sample.template: expected {parts} times {PART}, a place for each part of a text; got {places}"
        )


def check_rate(accepted: int, total: int, rule: Accept, example: str) -> None:
    """Raise RayscError if the acceptance rate is below the rule's floor."""
    if total * rule.floor >= MIN_EXPECTED and accepted < total * rule.floor:
        raise RayscError(
            f"sample.accept: of {total} texts that the model wrote {accepted} were accepted, fewer than the floor of "
            f"{rule.floor:g} allows; the last one begins {example[:60]!r}. Train longer, loosen the rule, or lower "
            "sample.accept.floor"
        )
