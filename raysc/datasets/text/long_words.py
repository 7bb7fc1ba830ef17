"""Long words: runs of letters, digits, symbols or spaces that no text of a language has.

The training of a byte-level BPE tokenizer takes a time that is quadratic in the length of a word. Base64, DNA and
minified tables have words of megabytes. They are cut before training; other words are trained on as they are.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

MAX_WORD = 1024
"""Maximum number of characters of a word that a tokenizer is trained on."""


def has_long_words(texts: Sequence[str], pre_tokenizer: Any) -> bool:
    """Return True if a word of the texts has more than ``MAX_WORD`` characters."""
    return any(_cuts(text, pre_tokenizer) for text in texts if _may_have_long_word(text))


def cut_long_words(texts: Sequence[str], pre_tokenizer: Any) -> Sequence[str]:
    """Cut the texts within their long words, into pieces of ``MAX_WORD`` characters.

    Args:
        texts: the texts.
        pre_tokenizer: pre-tokenizer of the tokenizers library, which determines the words.

    Returns:
        The parts of the texts, in order; ``texts`` itself without long words.
    """
    if not any(map(_may_have_long_word, texts)):
        return texts
    return [part for text in texts for part in _parts(text, pre_tokenizer)]


def _parts(text: str, pre_tokenizer: Any) -> Iterator[str]:
    cuts = _cuts(text, pre_tokenizer) if _may_have_long_word(text) else []
    for start, end in pairwise([0, *cuts, len(text)]):
        yield text[start:end]


def _cuts(text: str, pre_tokenizer: Any) -> list[int]:
    """Return the positions at which a text is cut, all of them within long words."""
    words = pre_tokenizer.pre_tokenize_str(text)
    return [cut for _, (start, end) in words for cut in range(start + MAX_WORD, end, MAX_WORD)]


def _may_have_long_word(text: str) -> bool:
    """Return False only for a text without long words.

    A longer word covers one of the windows at multiples of half its length. Only a word of spaces holds spaces after
    its first character.
    """
    half = MAX_WORD // 2
    for start in range(0, len(text) - half + 1, half):
        window = text[start : start + half]
        if (" " not in window and "\n" not in window) or window.isspace():
            return True
    return False
