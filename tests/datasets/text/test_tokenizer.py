import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.datasets.text import long_words
from raysc.datasets.text.tokenizer import check_token_settings, load_or_train_tokenizer, load_tokenizer, train_tokenizer
from raysc.errors import InputError
from raysc.pool.tokens import PAD

TEXTS = ["a b a b", "b a a"]


def test_a_trained_tokenizer_encodes_every_text_within_its_vocabulary() -> None:
    tokenizer = train_tokenizer(TEXTS, 300)
    assert 256 < tokenizer.size <= 300
    assert tokenizer.decode(tokenizer.encode(["狐 🦊"], 20)) == ["狐 🦊"]


def test_without_a_model_a_tokenizer_is_trained() -> None:
    assert load_or_train_tokenizer(None, lambda: TEXTS, 300) == train_tokenizer(TEXTS, 300)


def test_a_models_tokenizer_without_an_end_token_gets_one(tmp_path: Path) -> None:
    import tokenizers
    import transformers

    library = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0, "a": 1, "b": 2}, unk_token="?"))
    library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=library, unk_token="?").save_pretrained(tmp_path / "model")
    tokenizer = load_or_train_tokenizer(str(tmp_path / "model"), lambda: TEXTS, 300)
    assert (tokenizer.size, tokenizer.begin, tokenizer.end) == (4, 3, 3)
    rows = tokenizer.encode(["a b", "b a a"], 5)
    np.testing.assert_array_equal(rows, [[1, 2, 3, PAD, PAD], [2, 1, 1, 3, PAD]])


def test_a_tokenizer_with_gaps_has_a_size_above_its_highest_id(tmp_path: Path) -> None:
    import tokenizers
    import transformers

    words = {"?": 0, "a": 1, "b": 2, "end": 3, "c": 150}
    library = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="?"))
    library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=library, eos_token="end").save_pretrained(tmp_path / "model")
    tokenizer = load_tokenizer(str(tmp_path / "model"))
    np.testing.assert_array_equal(tokenizer.encode(["a c"], 3), [[1, 150, 3]])
    assert tokenizer.size == 151
    assert tokenizer.overlap(tokenizer) == 1


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    import transformers

    transformers.GPT2Config().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="is a model without a tokenizer"):
        load_tokenizer(str(tmp_path))


@pytest.mark.parametrize(
    ("length", "vocabulary", "message"),
    [
        (1, 300, "data: length must be at least 2 tokens, not 1"),
        (2, 256, "data: vocabulary must be more than the 256 bytes, not 256"),
    ],
)
def test_sizes_that_are_too_small_are_refused(length: int, vocabulary: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_token_settings("data", length, vocabulary)


def test_a_tokenizer_is_trained_on_the_parts_of_a_long_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of training is quadratic in the length of a word; ``test_long_words.py`` has words of each kind."""
    trained: list[str] = []

    def cut(texts: Sequence[str], pre_tokenizer: Any) -> Sequence[str]:
        trained.extend(long_words.cut_long_words(texts, pre_tokenizer))
        return trained

    monkeypatch.setattr("raysc.datasets.text.tokenizer.cut_long_words", cut)
    word = "".join("acgt"[i] for i in np.random.default_rng(0).integers(0, 4, 20_000))
    assert train_tokenizer(["a b a b", f"before {word} after"], 400).size == 400
    assert "".join(trained) == f"a b a bbefore {word} after"
    assert max(map(len, trained)) <= long_words.MAX_WORD + len("before ")


def test_a_models_padding_and_truncation_do_not_change_rows(tmp_path: Path) -> None:
    import tokenizers

    train_tokenizer(TEXTS, 300).save(tmp_path / "model")
    plain = load_tokenizer(str(tmp_path / "model")).encode(TEXTS, 8)
    library = tokenizers.Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    library.enable_padding(pad_id=5)
    library.enable_truncation(2)
    (tmp_path / "padded").mkdir()
    for file in (tmp_path / "model").iterdir():
        (tmp_path / "padded" / file.name).write_bytes(file.read_bytes())
    library.save(str(tmp_path / "padded" / "tokenizer.json"))
    np.testing.assert_array_equal(load_tokenizer(str(tmp_path / "padded")).encode(TEXTS, 8), plain)


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    train_tokenizer(TEXTS, 300).save(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {"a": 4000000000000}}}')
    with pytest.raises(InputError, match=r"data\.tokenizer: .* cannot be read as a tokenizer: "):
        load_tokenizer(str(tmp_path))


def test_a_tokenizer_with_an_id_far_beyond_its_size_is_refused(tmp_path: Path) -> None:
    train_tokenizer(["plain words"], 300).save(tmp_path)
    file = tmp_path / "tokenizer.json"
    text = file.read_text(encoding="utf-8")
    assert '"!": 1,' in text
    file.write_text(text.replace('"!": 1,', '"!": 4294967295,'), encoding="utf-8")
    with pytest.raises(InputError, match="tokens and the id 4294967295; it is damaged"):
        load_tokenizer(str(tmp_path))


def test_a_tokenizer_whose_tokens_share_ids_is_refused(tmp_path: Path) -> None:
    """It is loaded; but written again, its merges name tokens that it lacks, and a trial could not read it."""
    train_tokenizer(["plain words and words"], 300).save(tmp_path)
    file = tmp_path / "tokenizer.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    ids, merges = values["model"]["vocab"], values["model"]["merges"]
    parts = sorted({token for merge in merges for token in merge if len(token) == 1})
    others = [token for token in ids if len(token) == 1 and token not in parts]
    values["model"]["vocab"] = ids | {token: ids[parts[n % len(parts)]] for n, token in enumerate(others)}
    file.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be read as a tokenizer: Token `.*` out of vocabulary"):
        load_tokenizer(str(tmp_path))
