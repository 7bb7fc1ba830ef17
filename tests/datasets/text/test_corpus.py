import gzip
from operator import itemgetter
from pathlib import Path

import pytest

from raysc.datasets.text.corpus import Corpus, list_files, read_texts
from raysc.errors import InputError
from tests.text_files import TEXTS, write_texts


def read(path: str) -> list[str]:
    return read_texts(Path(path), ("text",), itemgetter("text"))


@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_format_gives_the_same_texts_in_any_script(tmp_path: Path, ending: str) -> None:
    assert read(write_texts(tmp_path, ending, TEXTS)) == TEXTS


def test_empty_texts_are_dropped(tmp_path: Path) -> None:
    assert read(write_texts(tmp_path, ".jsonl", ["", "a b", "   \n", "a"])) == ["a b", "a"]


@pytest.mark.parametrize("ending", [".txt", ".jsonl"])
def test_a_byte_order_mark_is_no_text_and_lines_end_only_at_line_ends(tmp_path: Path, ending: str) -> None:
    file = Path(write_texts(tmp_path, ending, ["Bär\x85\u2028Fuchs\x0c", "zwei"]))
    file.write_bytes("\ufeff".encode() + file.read_bytes())
    assert read(str(file)) == ["Bär\x85\u2028Fuchs\x0c", "zwei"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": null}\n', "record 2 has no text in 'text'; it is null"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', "line 2 is no JSON object"),
        ("a.jsonl", b'{"text": "a \\ud800"}\n', "record 1 holds half a surrogate pair"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', "cannot be read: Expecting value"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n' * 999)[:40], "cannot be read: Compressed file ended"),
        ("a.jsonl.gz", b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, "cannot be read: Error -3"),
        ("a.txt", "Bär".encode("latin-1"), "cannot be read: 'utf-8' codec can't decode byte"),
        ("a.txt", b" \n", "there is no text in it"),
        ("a.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(str(file))
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        write_texts(tmp_path / name, ".txt", [name])
    (tmp_path / "readme.md").write_text("no text of the data set")
    assert list_files(tmp_path) == [tmp_path / "a" / "texts.txt", tmp_path / "b" / "texts.txt"]
    assert read(str(tmp_path)) == ["a", "b"]
    with pytest.raises(InputError, match=r"readme\.md: expected a file that ends in \.txt"):
        list_files(tmp_path / "readme.md")


def test_a_split_is_a_fixed_choice_that_leaves_training_texts() -> None:
    corpus = Corpus.split(TEXTS, 2, "text")
    assert (len(corpus.train), len(corpus.test)) == (3, 2)
    assert sorted([*corpus.train, *corpus.test]) == sorted(TEXTS)
    assert Corpus.split(TEXTS, 1, "text").test == corpus.test[:1]
    for held_out in (0, 5):
        with pytest.raises(InputError, match="text: held_out must be 1 to 4, since there are 5 texts"):
            Corpus.split(TEXTS, held_out, "text")


def test_the_digest_depends_on_every_text_and_its_split() -> None:
    splits = [(["a", "b"], ["c"]), (["a"], ["b", "c"]), (["ab"], ["c"]), (["a", "b"], ["d"])]
    assert len({Corpus.from_texts(train, test).digest for train, test in splits}) == 4
