"""Texts and their files: plain text, JSON Lines and Parquet."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from raysc.datasets.data_files import FileStamp, check_regular, file_stamps, find_files
from raysc.datasets.readers import printable, reader_errors
from raysc.datasets.subsets import fixed_order
from raysc.errors import InputError

ENDINGS = (".txt", ".jsonl", ".jsonl.gz", ".parquet")
ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that some editors write."""
ESCAPE = "surrogateescape"
"""Error handler that keeps bytes that are not UTF-8, as half surrogate pairs, so that their line can be named."""

MAX_LINE = 2**28
"""Maximum number of characters of a line of JSON Lines; a small gzip file can hold an endless line."""

Format = Callable[[Mapping[str, Any]], str]
"""Function from a record to its text."""


@dataclass(frozen=True)
class Corpus:
    """Training and held-out texts.

    Attributes:
        train: training texts, none of them empty.
        test: held-out texts, none of them empty. Only published splits may hold a text in both.
        digest: SHA-256 of both.
    """

    train: Sequence[str]
    test: Sequence[str]
    digest: str

    @staticmethod
    def from_texts(train: Sequence[str], test: Sequence[str]) -> "Corpus":
        """Compute the digest of the texts."""
        digest = sha256()
        for texts in (train, test):
            digest.update(f"{len(texts)} texts".encode())
            for text in texts:
                data = text.encode("utf-8", "surrogatepass")
                digest.update(len(data).to_bytes(8, "little") + data)
        return Corpus(train, test, digest.hexdigest())

    @staticmethod
    def without_copies(train: Sequence[str], test: Sequence[str]) -> "Corpus":
        """Leave the training texts out that are held out, too.

        Raises:
            InputError: no training text is left.
        """
        held_out = set(test)
        if not held_out.isdisjoint(train):
            train = [text for text in train if text not in held_out]
        if not train:
            raise InputError("all training texts are held-out texts, too; hold other texts out")
        return Corpus.from_texts(train, test)

    @staticmethod
    def split(texts: Sequence[str], held_out: int, name: str) -> "Corpus":
        """Split the texts of one source, in one fixed random order; copies of held-out texts are no training texts.

        Args:
            texts: all texts.
            held_out: number of held-out texts.
            name: name of the data set, for the message.

        Raises:
            InputError: no training text is left, or no held-out text.
        """
        if not 1 <= held_out < len(texts):
            raise InputError(f"{name}: held_out must be 1 to {len(texts) - 1}, since there are {len(texts)} texts")
        order = fixed_order("text", len(texts))
        return Corpus.without_copies([texts[i] for i in order[held_out:]], [texts[i] for i in order[:held_out]])


def read_texts(path: Path, columns: Sequence[str], form: Format) -> list[str]:
    """Read the texts of a file, or of all files of a folder in the order of their names, without empty texts.

    Args:
        path: a .txt file (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder of such files.
        columns: columns that every record of JSON Lines or Parquet must have.
        form: function from a record to its text.

    Raises:
        InputError: there is no such file, it cannot be read, or it holds no text.
    """
    return read_files(list_files(path), columns, form, str(path))


def read_files(files: Sequence[Path], columns: Sequence[str], form: Format, source: str) -> list[str]:
    """Read the texts of some files, as ``read_texts`` does; ``source`` names them all in a message."""
    texts = _read(file_stamps(files), tuple(columns), form)
    if not texts:
        raise InputError(f"{source}: there is no text in it")
    return texts


def list_files(path: Path) -> list[Path]:
    """List the text files at a path, sorted. Hidden files of a folder are left out.

    Raises:
        InputError: there are none.
    """
    with reader_errors(path, "a file or folder"):
        if not path.exists() and not path.is_symlink():
            raise InputError(f"{path}: there is no such file or folder")
        if path.is_dir():
            files = sorted(find_files(path, ENDINGS))
        else:
            check_regular(path)
            files = [path]
    if not files or not all(_has_ending(file, *ENDINGS) for file in files):
        raise InputError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}, or a folder of such files")
    return files


def files_without(files: Sequence[Path], without: Sequence[Path]) -> list[Path]:
    """Return the files that are not among others, whatever links lead to them."""
    excluded = {file.resolve() for file in without}
    return [file for file in files if file.resolve() not in excluded]


def _has_ending(file: Path, *endings: str) -> bool:
    return file.name.lower().endswith(endings)


@lru_cache(maxsize=8)
def _read(stamps: Sequence[FileStamp], columns: tuple[str, ...], form: Format) -> list[str]:
    """Read texts, cached by the stamps of their files: a process reads a large file once."""
    texts = (text for stamp in stamps for text in _read_file(Path(stamp.path), columns, form))
    return [text for text in texts if text.strip()]


@dataclass
class _Position:
    """Position in a file, for messages.

    Attributes:
        file: the file.
        unit: "line", counted from 1, or "row", counted from 0.
        number: number of the line or row; None: the whole file.
    """

    file: Path
    unit: str
    number: int | None = None

    def __str__(self) -> str:
        return str(self.file) if self.number is None else f"{self.file}, {self.unit} {self.number}"


def _read_file(file: Path, columns: Sequence[str], form: Format) -> Iterator[str]:
    if _has_ending(file, ".txt"):
        yield from _paragraphs(_read_plain_text(file))
        return
    is_parquet = _has_ending(file, ".parquet")
    position = _Position(file, "row" if is_parquet else "line")
    with reader_errors(position, "Parquet" if is_parquet else "JSON Lines"):
        for record in _parquet_records(position, columns) if is_parquet else _json_records(position):
            missing = [column for column in columns if not isinstance(record.get(column), str)]
            if missing:
                content = _describe_content(record, missing[0])
                raise InputError(f"{position} has no text in {missing[0]!r}; {content}")
            text = form(record)
            if not _is_unicode(text):
                raise InputError(f"{position} holds half a surrogate pair, which no tokenizer takes")
            yield text


def _describe_content(record: Mapping[str, Any], column: str) -> str:
    """Describe the value of the column for a message, or the columns of a record without it."""
    if column in record:
        return f"it is {printable(json.dumps(record[column], ensure_ascii=False, default=str), 60)}"
    return f"it has {printable(', '.join(map(str, record)), 200) or 'nothing'}"


def _is_unicode(text: str) -> bool:
    """Return False for a text with half a surrogate pair, which JSON can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_plain_text(file: Path) -> str:
    with reader_errors(file, "text"):
        text = file.read_text(encoding=ENCODING, errors=ESCAPE)
    # Bytes that are not UTF-8 are half surrogate pairs now. ASCII in UTF-16 without a byte order mark holds zeros.
    if "\0" in text or not _is_unicode(text):
        wrong = re.search("[\0\ud800-\udfff]", text)
        line = text.count("\n", 0, wrong.start() if wrong else 0) + 1
        raise InputError(f"{file}, line {line} is no text in UTF-8; convert the file to UTF-8")
    return text


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    # Not splitlines: it also breaks at characters within a text, such as a form feed.
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []


def _parquet_records(position: _Position, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    parquet = pq.ParquetFile(position.file, page_checksum_verification=True)
    missing = [column for column in columns if column not in parquet.schema_arrow.names]
    if missing:
        names = printable(", ".join(parquet.schema_arrow.names), 200)
        raise InputError(f"{position}: no column {missing[0]!r}; it has {names}")
    rows = 0
    for batch in parquet.iter_batches(columns=list(columns)):
        for number, record in enumerate(batch.to_pylist(), start=rows):
            position.number = number
            yield record
        rows += batch.num_rows
        position.number = None  # the reader of the next batch knows no row


def _json_records(position: _Position) -> Iterator[Mapping[str, Any]]:
    open_text = gzip.open if _has_ending(position.file, ".gz") else open
    with open_text(position.file, "rt", encoding=ENCODING, errors=ESCAPE) as lines:
        for number in count(1):
            position.number = number
            line = lines.readline(MAX_LINE + 1)
            if not line:
                return
            if len(line) > MAX_LINE:
                raise InputError(f"{position} is longer than {MAX_LINE:,} characters")
            if not _is_unicode(line):
                raise InputError(f"{position} is no text in UTF-8; convert the file to UTF-8")
            if line.strip():
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise InputError(f"{position} is no JSON object")
                yield record
