import gzip
import os
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysc.datasets.text import corpus
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
        ("a.jsonl", b'{"text": "a"}\n{"text": null}\n', "line 2 has no text in 'text'; it is null"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', "line 2 is no JSON object"),
        ("a.jsonl", b'{"text": "a \\ud800"}\n', "line 1 holds half a surrogate pair"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', "line 2 cannot be read as JSON Lines: Expecting value"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"text": "a"}\n' * 999, mtime=0)[:40],
            "line 1 cannot be read as JSON Lines: Compressed file ended",
        ),
        ("a.jsonl.gz", b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, "line 1 cannot be read as JSON Lines: Error -3"),
        ("a.txt", "a\n\nBär".encode("latin-1"), "line 3 is no text in UTF-8; convert the file to UTF-8"),
        ("a.txt", b" \n", "there is no text in it"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
        ("a.txt", "Bär".encode("utf-16"), "line 1 is no text in UTF-8"),
        ("a.txt", "one\n\ntwo".encode("utf-16-le"), "line 1 is no text in UTF-8"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text": "B\xe4r"}\n', "line 3 is no text in UTF-8; convert the file to UTF-8"),
        (
            "a.jsonl",
            b'{"text": "a"}\n' + b"[" * 100_000,
            "line 2 cannot be read as JSON Lines: it is nested too deeply",
        ),
        (
            "a.jsonl",
            b'{"text": "a", "id": ' + b"9" * 5000 + b"}",
            "line 1 cannot be read as JSON Lines: Exceeds the limit",
        ),
        ("a.jsonl", rb'{"\u001b[31mid": 1}', "line 1 has no text in 'text'; it has ?[31mid"),
        ("a.jsonl", b"{}", "line 1 has no text in 'text'; it has nothing"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(str(file))
    assert str(error.value).startswith(str(file))
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
    split = Corpus.split(TEXTS, 2, "text")
    assert (len(split.train), len(split.test)) == (3, 2)
    assert sorted([*split.train, *split.test]) == sorted(TEXTS)
    assert Corpus.split(TEXTS, 1, "text").test == split.test[:1]
    for held_out in (0, 5):
        with pytest.raises(InputError, match="text: held_out must be 1 to 4, since there are 5 texts"):
            Corpus.split(TEXTS, held_out, "text")


def test_the_digest_depends_on_every_text_and_its_split() -> None:
    splits = [(["a", "b"], ["c"]), (["a"], ["b", "c"]), (["ab"], ["c"]), (["a", "b"], ["d"])]
    assert len({Corpus.from_texts(train, test).digest for train, test in splits}) == 4


def test_hidden_files_of_a_folder_are_no_texts(tmp_path: Path) -> None:
    texts = write_texts(tmp_path, ".txt", TEXTS)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write_texts(tmp_path / ".ipynb_checkpoints", ".jsonl", ["a copy"])
    (tmp_path / "._texts.txt").write_bytes(b"\0\5\x16\7\xff")
    assert list_files(tmp_path) == [Path(texts)]
    assert read(str(tmp_path)) == TEXTS


def test_a_missing_file_and_a_broken_link_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.txt: there is no such file or folder"):
        read(str(tmp_path / "a.txt"))
    (tmp_path / "b.txt").symlink_to("absent")
    with pytest.raises(InputError, match=r"b\.txt is a broken link"):
        read(str(tmp_path / "b.txt"))


def test_a_file_is_read_again_after_a_change_that_keeps_size_and_time(tmp_path: Path) -> None:
    file = Path(write_texts(tmp_path, ".txt", ["one"]))
    os.utime(file, ns=(10**18, 10**18))
    assert read(str(file)) == ["one"]
    file.write_text("two")
    os.utime(file, ns=(10**18, 10**18))
    assert read(str(file)) == ["two"]


def test_an_endless_line_of_a_small_gzip_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "MAX_LINE", 1000)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' + b" " * 10**6))
    with pytest.raises(InputError, match=r"a\.jsonl\.gz, line 2 is longer than 1,000 characters"):
        read(str(tmp_path / "a.jsonl.gz"))


@pytest.mark.parametrize("column", [[1, 2], [None, "a"], [b"a", b"b"], [["a"], ["b"]], [{"text": "a"}, {"text": "b"}]])
def test_parquet_columns_of_other_types_are_named_with_the_row(tmp_path: Path, column: list[object]) -> None:
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a\.parquet, row 0 has no text in 'text'; it is "):
        read(str(tmp_path / "a.parquet"))


def test_damaged_parquet_files_are_named(tmp_path: Path) -> None:
    data = Path(write_texts(tmp_path, ".parquet", TEXTS)).read_bytes()
    half = len(data) // 2
    for damaged in (data[:4] + bytes(half - 4) + data[half:], data[:-4] + b"PARE", data[:half], data[:-20] + data[-8:]):
        (tmp_path / "b.parquet").write_bytes(damaged)
        with pytest.raises(InputError, match=r"b\.parquet.* cannot be read as Parquet: "):
            read(str(tmp_path / "b.parquet"))


def test_copies_of_held_out_texts_are_no_training_texts() -> None:
    copies = Corpus.split([*TEXTS, *TEXTS], 2, "text")
    assert not set(copies.train) & set(copies.test)
    assert set(copies.train) | set(copies.test) == set(TEXTS)
    assert Corpus.without_copies(["a", "b", "a"], ["b"]) == Corpus.from_texts(["a", "a"], ["b"])
    with pytest.raises(InputError, match="all training texts are held-out texts, too"):
        Corpus.without_copies(["a", "a"], ["a"])
