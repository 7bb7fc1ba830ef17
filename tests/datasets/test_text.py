import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysc import registry
from raysc.datasets.helpsteer2 import HelpSteer2
from raysc.datasets.stories import Stories
from raysc.datasets.text import Text
from raysc.datasets.tinystories import TinyStories
from raysc.errors import InputError
from raysc.planning.resolved import lines
from raysc.pool.tokens import PAD, lengths

TEXTS = ["Ein Bär läuft.", "狐は森へ行った。", "🦊🦊 fox", "plain words, plain words", "Юля идёт домой"]


def write(folder, ending, texts, column="text"):
    file = folder / f"texts{ending}"
    if ending == ".txt":
        file.write_text("\n\n\n".join(texts), encoding="utf-8")
    elif ending == ".parquet":
        pq.write_table(pa.table({column: texts, "other": range(len(texts))}), file)
    else:
        opener = gzip.open if ending.endswith(".gz") else open
        with opener(file, "wt", encoding="utf-8") as out:
            out.writelines(json.dumps({column: text}) + "\n" for text in texts)
    return str(file)


@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_format_gives_the_same_rows_and_text_of_any_script_survives(tmp_path, ending):
    data = Text(path=write(tmp_path, ending, TEXTS), held_out=1, vocabulary=300, length=80)
    (rows,), test = data.train((0, 1)), data.test()
    assert rows.shape == (4, 80)
    assert rows.dtype == np.int32
    assert sorted(data.tokens.decode(np.concatenate([rows, test]))) == sorted(TEXTS)
    assert (rows[np.arange(4), lengths(rows) - 1] == data.tokens.end).all()
    reference = Text(path=write(tmp_path, ".jsonl", TEXTS), held_out=1, vocabulary=300, length=80)
    assert data.fingerprint() == reference.fingerprint()
    assert np.array_equal(rows, reference.train((5,))[0])


def test_empty_texts_are_left_out_and_long_ones_are_cut(tmp_path):
    path = write(tmp_path, ".jsonl", ["", "ab" * 50, "   \n", "a"])
    data = Text(path=path, held_out=1, vocabulary=257, length=10)
    every = np.concatenate([data.train((0,))[0], data.test()])
    assert sorted(lengths(every)) == [2, 10]
    long, short = every[np.argsort(-lengths(every))]
    assert data.tokens.end not in long
    assert data.tokens.decode(long[None]) == ["ababababab"]
    assert short.tolist()[1:] == [data.tokens.end] + [PAD] * 8


@pytest.mark.parametrize("ending", [".txt", ".jsonl"])
def test_a_byte_order_mark_is_no_text_and_lines_end_only_at_line_ends(tmp_path, ending):
    file = Path(write(tmp_path, ending, ["Bär\x85\u2028Fuchs\x0c", "zwei"]))
    file.write_bytes("\ufeff".encode() + file.read_bytes())
    corpus = Text(path=str(file), held_out=1).corpus()
    assert sorted([*corpus.train, *corpus.test]) == ["Bär\x85\u2028Fuchs\x0c", "zwei"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": null}\n', "record 2 has no text in 'text'; it is null"),
        ("a.jsonl", b'{"text": "a \\ud800"}\n', "record 1 holds half a surrogate pair"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', "cannot be read: Expecting value"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n' * 999)[:40], "cannot be read: Compressed file ended"),
        ("a.jsonl.gz", b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, "cannot be read: Error -3"),
        ("a.txt", "Bär".encode("latin-1"), "cannot be read: 'utf-8' codec can't decode byte"),
        ("a.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path, name, content, says):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError) as refused:
        Text(path=str(file)).corpus()
    assert str(refused.value).startswith(f"{file}: ")
    assert says in str(refused.value)


def test_words_that_look_like_special_tokens_are_words(tmp_path):
    data = Text(path=write(tmp_path, ".jsonl", ["a <|end|> b", "c"]), held_out=1, vocabulary=300, length=40)
    rows = np.concatenate([data.train((0,))[0], data.test()])
    assert sorted(data.tokens.decode(rows)) == ["a <|end|> b", "c"]
    assert (rows == data.tokens.end).sum() == 2


def test_each_seed_has_its_own_subset_and_fewer_rows_are_a_prefix(tmp_path):
    path = write(tmp_path, ".jsonl", [f"text number {i}" for i in range(30)])
    few, more = (Text(path=path, held_out=5, vocabulary=300, length=16, rows=rows) for rows in (4, 9))
    assert few.train((3, 4)).shape == (2, 4, 16)
    assert np.array_equal(few.train((3, 4)), more.train((3, 4))[:, :4])
    assert not np.array_equal(*few.train((3, 4)))


def test_a_data_set_is_sent_with_its_tokenizer_and_without_its_texts(tmp_path, monkeypatch):
    path = write(tmp_path, ".jsonl", [f"text number {i}" for i in range(3000)])
    data = Text(path=path, held_out=5, vocabulary=300, length=16, rows=4)
    expected = data.train((3,))
    sent = pickle.dumps(data)
    assert b"number 17" not in sent
    monkeypatch.setattr("raysc.datasets.token_rows.trained_tokenizer", None)
    assert np.array_equal(pickle.loads(sent).train((3,)), expected)


def test_a_tokenizer_of_a_model_without_an_end_token_gets_one(tmp_path):
    import tokenizers
    import transformers

    library = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0, "a": 1, "b": 2}, unk_token="?"))
    library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=library, unk_token="?").save_pretrained(tmp_path / "model")
    data = Text(
        path=write(tmp_path, ".jsonl", ["a b", "b a a"]), held_out=1, tokenizer=str(tmp_path / "model"), length=5
    )
    assert (data.tokens.size, data.tokens.begin, data.tokens.end) == (4, 3, 3)
    rows = np.concatenate([data.train((0,))[0], data.test()])
    assert sorted(rows.tolist()) == [[1, 2, 3, PAD, PAD], [2, 1, 1, 3, PAD]]


def test_a_model_without_a_tokenizer_gives_none(tmp_path):
    import transformers

    transformers.GPT2Config().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="is a model without a tokenizer"):
        Text(path=write(tmp_path, ".jsonl", TEXTS), held_out=1, tokenizer=str(tmp_path)).train((0,))


def test_helpsteer2_and_tinystories_are_prepared_as_in_the_paper(tmp_path):
    for split, count in (("train", 3), ("validation", 2)):
        records = [{"prompt": f"q{i}", "response": f"r{i}", "helpfulness": 4} for i in range(count)]
        with gzip.open(tmp_path / f"{split}.jsonl.gz", "wt") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        pq.write_table(
            pa.table({"text": [f"{split} story {i}" for i in range(count)]}), tmp_path / f"{split}-0.parquet"
        )
    chat = HelpSteer2(path=str(tmp_path), vocabulary=300, length=40)
    assert chat.tokens.decode(chat.train((0,))[0]) == [f"user: q{i}\nassistant: r{i}" for i in range(3)]
    assert len(chat.test()) == 2
    stories = TinyStories(path=str(tmp_path), vocabulary=300, length=40)
    assert stories.tokens.decode(stories.test()) == ["validation story 0", "validation story 1"]


def test_stories_are_drawn_anew_for_each_seed_and_can_be_read_back():
    data = Stories(rows=40)
    rows = data.train((0, 1))
    assert data.tokens.decode(rows[1]) == data.texts(1, 0, "train", 40)
    assert np.array_equal(Stories(rows=10).train((1,))[0], rows[1, :10])
    assert not np.array_equal(rows[0], rows[1])
    assert len({row.tobytes() for row in data.test()} & {row.tobytes() for row in rows.reshape(-1, 64)}) == 0
    assert lengths(rows).max() < 64
    assert all(text.count("user: ") == text.count("assistant: ") == 1 for text in Stories("chat").texts(0, 0, "t", 50))


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "exactly one of path and hub"),
        ({"path": "nowhere.txt"}, "nowhere.txt: expected a file that ends in .txt"),
        ({"hub": "nobody/nothing-of-that-name"}, "hf download nobody/nothing-of-that-name --repo-type dataset"),
        ({"path": "HERE", "column": "story"}, "record 1 has no text in 'story'; it has text"),
        ({"path": "HERE", "held_out": 5}, "held_out must be 1 to 4"),
        ({"path": "HERE", "held_out": 2, "rows": 4, "vocabulary": 300}, "rows cannot be 4"),
        ({"path": "HERE", "length": 1}, "length must be at least 2"),
        ({"path": "HERE", "vocabulary": 256}, "vocabulary must be more than the 256 bytes"),
        ({"path": "HERE", "held_out": 1, "tokenizer": "no such model!"}, "there is no folder no such model!"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, monkeypatch, parameters, says):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    if parameters.get("path") == "HERE":
        parameters = parameters | {"path": write(tmp_path, ".jsonl", TEXTS)}
    with pytest.raises(InputError) as refused:
        Text(**parameters).train((0,))
    assert says in str(refused.value)


def test_a_file_may_move_and_its_content_counts(tmp_path, make_sweep):
    def key(folder, texts):
        folder.mkdir()
        path = write(folder, ".jsonl", texts)
        return lines(make_sweep(SWEEP.format(path=path)))[0].keys.lineage

    first = key(tmp_path / "a", TEXTS)
    assert key(tmp_path / "b", TEXTS) == first
    assert key(tmp_path / "c", [*TEXTS, "one more"]) != first


SWEEP = """\
data: {{name: text, path: {path}, held_out: 1, vocabulary: 300, length: 12}}
model: {{name: causal_lm, width: 8, depth: 1, heads: 2}}
initial: {{steps: 2}}
loop: {{generations: 1, budget: {{epochs: 1}}}}
train: {{batch: 2}}
space: {{regime: replace}}
metrics: [exact_duplicates]
"""


def test_text_data_sets_are_registered():
    for name in ("text", "helpsteer2", "tinystories", "stories"):
        assert registry.load("data", name).kind == "text"
