"""Texts and their files: plain text, JSON Lines and Parquet."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from raysc.datasets.subsets import fixed_order
from raysc.errors import InputError

ENDINGS = (".txt", ".jsonl", ".jsonl.gz", ".parquet")
ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that some editors write."""

Format = Callable[[Mapping[str, Any]], str]
"""Function from a record to its text."""


@dataclass(frozen=True)
class Corpus:
    """Training and held-out texts.

    Attributes:
        train: training texts, none of them empty.
        test: held-out texts, none of them empty. A text that occurs twice in its source may be in both.
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
    def split(texts: Sequence[str], held_out: int, name: str) -> "Corpus":
        """Split the texts of one source, in one fixed random order.

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
        return Corpus.from_texts([texts[i] for i in order[held_out:]], [texts[i] for i in order[:held_out]])


def read_texts(path: Path, columns: Sequence[str], form: Format) -> list[str]:
    """Read the texts of a file, or of all files of a folder in the order of their names, without empty texts.

    Args:
        path: a .txt file (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder of such files.
        columns: columns that every record of JSON Lines or Parquet must have.
        form: function from a record to its text.

    Raises:
        InputError: there is no such file, it cannot be read, or it holds no text.
    """
    files = list_files(path)
    stamps = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    texts = _read(stamps, tuple(columns), form)
    if not texts:
        raise InputError(f"{path}: there is no text in it")
    return texts


def list_files(path: Path) -> list[Path]:
    """List the text files at a path, sorted.

    Raises:
        InputError: there are none.
    """
    if path.is_file():
        files = [path]
    else:
        files = sorted(file for file in path.rglob("*") if file.name.endswith(ENDINGS)) if path.is_dir() else []
    if not files or not all(file.name.endswith(ENDINGS) for file in files):
        raise InputError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}, or a folder of such files")
    return files


@lru_cache(maxsize=8)
def _read(stamps: tuple[tuple[str, int, int], ...], columns: tuple[str, ...], form: Format) -> list[str]:
    """Read texts, cached by path, size and modification time: a process reads a large file once."""
    texts = (text for name, _, _ in stamps for text in _read_file(Path(name), columns, form))
    return [text for text in texts if text.strip()]


def _read_file(file: Path, columns: Sequence[str], form: Format) -> Iterator[str]:
    try:
        if file.name.endswith(".txt"):
            yield from _paragraphs(file.read_text(encoding=ENCODING))
            return
        for number, record in enumerate(_records(file, columns)):
            missing = [column for column in columns if not isinstance(record.get(column), str)]
            if missing:
                content = _describe_content(record, missing[0])
                raise InputError(f"{file}: record {number + 1} has no text in {missing[0]!r}; {content}")
            text = form(record)
            if not _is_unicode(text):
                raise InputError(f"{file}: record {number + 1} holds half a surrogate pair, which no tokenizer takes")
            yield text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error


def _describe_content(record: Mapping[str, Any], column: str) -> str:
    """Describe the value of the column for a message, or the columns of a record without it."""
    if column in record:
        return f"it is {json.dumps(record[column], ensure_ascii=False, default=str):.60}"
    return f"it has {', '.join(map(str, record))}"


def _is_unicode(text: str) -> bool:
    """Return False for a text with half a surrogate pair, which JSON can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    # Not splitlines: it also breaks at characters within a text, such as a form feed.
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []


def _records(file: Path, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    return _parquet_records(file, columns) if file.name.endswith(".parquet") else _json_records(file)


def _parquet_records(file: Path, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    parquet = pq.ParquetFile(file)
    missing = [column for column in columns if column not in parquet.schema_arrow.names]
    if missing:
        raise InputError(f"{file}: no column {missing[0]!r}; it has {', '.join(parquet.schema_arrow.names)}")
    for batch in parquet.iter_batches(columns=list(columns)):
        yield from batch.to_pylist()


def _json_records(file: Path) -> Iterator[Mapping[str, Any]]:
    open_text = gzip.open if file.name.endswith(".gz") else open
    with open_text(file, "rt", encoding=ENCODING) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise InputError(f"{file}: line {number} is no JSON object")
                yield record
