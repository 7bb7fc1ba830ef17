import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysc.datasets.text.text import Text
from raysc.errors import InputError
from raysc.pool.tokens import PAD, lengths
from tests.text_files import TEXTS, write_texts


@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".jsonl.gz", ".parquet"])
def test_rows_are_the_texts_with_their_end_token(tmp_path: Path, ending: str) -> None:
    data = Text(path=write_texts(tmp_path, ending, TEXTS), held_out=1, vocabulary=300, length=80)
    (rows,), test = data.train((0, 1)), data.test()
    assert rows.shape == (4, 80)
    assert rows.dtype == np.int32
    assert sorted(data.tokens.decode(np.concatenate([rows, test]))) == sorted(TEXTS)
    assert (rows[np.arange(4), lengths(rows) - 1] == data.tokens.end).all()
    reference = Text(path=write_texts(tmp_path, ".jsonl", TEXTS), held_out=1, vocabulary=300, length=80)
    assert data.fingerprint() == reference.fingerprint()
    np.testing.assert_array_equal(rows, reference.train((5,))[0])


def test_long_texts_are_cut_without_an_end_token(tmp_path: Path) -> None:
    path = write_texts(tmp_path, ".jsonl", ["ab" * 50, "a"])
    data = Text(path=path, held_out=1, vocabulary=257, length=10)
    rows = np.concatenate([data.train((0,))[0], data.test()])
    assert sorted(lengths(rows)) == [2, 10]
    long, short = rows[np.argsort(-lengths(rows))]
    assert data.tokens.end not in long
    assert data.tokens.decode(long[None]) == ["ababababab"]
    assert short.tolist()[1:] == [data.tokens.end] + [PAD] * 8


def test_long_texts_can_be_dropped_from_both_splits(tmp_path: Path) -> None:
    texts = [letter * count for letter in "abcdef" for count in (8, 9, 10, 11)]
    path = write_texts(tmp_path, ".jsonl", texts)
    cut, dropped = (Text(path=path, held_out=12, vocabulary=257, length=10, long=long) for long in ("cut", "drop"))
    for split, kept in ((cut.train((0,))[0], dropped.train((0,))[0]), (cut.test(), dropped.test())):
        ended = (split == cut.tokens.end).any(axis=1)
        assert 0 < ended.sum() < len(split)
        np.testing.assert_array_equal(kept, split[ended])
    assert dropped.count == len(dropped.train((0,))[0])
    subset = replace(dropped, rows=dropped.count).train((0, 1))
    assert {row.tobytes() for row in subset[1]} == {row.tobytes() for row in dropped.train((0,))[0]}
    assert pickle.loads(pickle.dumps(dropped)).count == dropped.count


def test_too_many_rows_of_short_texts_are_refused(tmp_path: Path) -> None:
    path = write_texts(tmp_path, ".jsonl", [letter * count for letter in "abcdef" for count in (3, 30)])
    data = Text(path=path, held_out=1, vocabulary=257, length=10, long="drop")
    with pytest.raises(InputError, match=r"text has [56] training texts of at most 10 tokens: rows cannot be 9"):
        _ = replace(data, rows=9).count
    with pytest.raises(InputError, match="long: drop leaves no text of at most 3 tokens"):
        replace(data, length=3).test()


def test_words_that_look_like_special_tokens_are_words(tmp_path: Path) -> None:
    data = Text(path=write_texts(tmp_path, ".jsonl", ["a <|end|> b", "c"]), held_out=1, vocabulary=300, length=40)
    rows = np.concatenate([data.train((0,))[0], data.test()])
    assert sorted(data.tokens.decode(rows)) == ["a <|end|> b", "c"]
    assert (rows == data.tokens.end).sum() == 2


def test_each_seed_has_a_subset_and_fewer_rows_are_a_prefix(tmp_path: Path) -> None:
    path = write_texts(tmp_path, ".jsonl", [f"text number {i}" for i in range(30)])
    few, more = (Text(path=path, held_out=5, vocabulary=300, length=16, rows=rows) for rows in (4, 9))
    assert few.train((3, 4)).shape == (2, 4, 16)
    np.testing.assert_array_equal(few.train((3, 4)), more.train((3, 4))[:, :4])
    assert not np.array_equal(*few.train((3, 4)))


def test_a_pickled_data_set_has_its_tokenizer_and_not_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_texts(tmp_path, ".jsonl", [f"text number {i}" for i in range(3000)])
    data = Text(path=path, held_out=5, vocabulary=300, length=16, rows=4)
    expected = data.train((3,))
    pickled = pickle.dumps(data)
    assert b"number 17" not in pickled
    monkeypatch.setattr("raysc.datasets.text.tokenizer.train_tokenizer", None)
    np.testing.assert_array_equal(pickle.loads(pickled).train((3,)), expected)
