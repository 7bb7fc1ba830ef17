import pytest
import tokenizers

from raysc.datasets.text import long_words
from raysc.datasets.text.long_words import MAX_WORD, cut_long_words, has_long_words

PRE_TOKENIZER = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)


def words(texts: list[str]) -> list[str]:
    return [word for text in texts for word, _ in PRE_TOKENIZER.pre_tokenize_str(text)]


@pytest.mark.parametrize("character", ["a", "7", "-", " ", "\n", "\u00a0", "狐", "\x1c"])
@pytest.mark.parametrize("start", ["", "b", "x" * 300 + " "])
def test_words_of_every_kind_are_cut_just_above_the_maximum(character: str, start: str) -> None:
    space = "" if character.isspace() else " "
    longest, longer = (f"{start}{space}{character * count}{space}end" for count in (MAX_WORD - 2, MAX_WORD * 3))
    assert cut_long_words([longest], PRE_TOKENIZER) == [longest]
    assert not has_long_words([longest], PRE_TOKENIZER)
    assert has_long_words([longer], PRE_TOKENIZER)
    parts = cut_long_words([longer], PRE_TOKENIZER)
    assert "".join(parts) == longer
    assert len(parts) > 1
    assert not has_long_words(parts, PRE_TOKENIZER)


def test_other_words_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_words, "MAX_WORD", 10)
    before, after = "It's 12 words,  isn't it?\n", " We'll see..."
    parts = list(cut_long_words([before + "abc" * 10 + after, "short"], PRE_TOKENIZER))
    assert parts == [before + "abcabcabca", "bcabcabcab", "cabcabcabc" + after, "short"]
    assert words(parts)[: len(words([before]))] == words([before])


def test_texts_without_long_words_are_not_copied() -> None:
    texts = ["a story of ordinary words\n" * 1000, '{"key":1,"other":2},' * 1000]
    assert list(cut_long_words(texts, PRE_TOKENIZER)) == texts
    assert cut_long_words(texts[:1], PRE_TOKENIZER) is not None
    assert not has_long_words(texts, PRE_TOKENIZER)
