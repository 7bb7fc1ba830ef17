"""Texts from files: plain text, JSON Lines and Parquet."""

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

from raysc.errors import InputError

ENDINGS = (".txt", ".jsonl", ".jsonl.gz", ".parquet")
UTF_8 = "utf-8-sig"
"""With or without the mark that some editors put before the first letter."""

Format = Callable[[Mapping[str, Any]], str]
"""What of a record is the text."""


@dataclass(frozen=True)
class Corpus:
    """Training and held-out texts.

    Attributes:
        train: none of them empty.
        test: likewise; never among the training texts by position (a text may appear twice in its source).
        digest: SHA-256 of both.
    """

    train: Sequence[str]
    test: Sequence[str]
    digest: str

    @staticmethod
    def of(train: Sequence[str], test: Sequence[str]) -> "Corpus":
        """Texts with their digest."""
        digest = sha256()
        for texts in (train, test):
            digest.update(f"{len(texts)} texts".encode())
            for text in texts:
                coded = text.encode("utf-8", "surrogatepass")
                digest.update(len(coded).to_bytes(8, "little") + coded)
        return Corpus(train, test, digest.hexdigest())


def read_texts(path: Path, columns: Sequence[str], form: Format) -> list[str]:
    """The texts of a file, or of all files of a folder in the order of their names; empty ones are left out.

    Args:
        path: .txt (UTF-8; blank lines separate texts), .jsonl, .jsonl.gz or .parquet, or a folder of such files.
        columns: what a record of JSON Lines or Parquet must have.
        form: makes the text of a record.

    Raises:
        InputError: there is no such file, it cannot be read, or it holds no text.
    """
    files = files_of(path)
    stamps = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    texts = _read(stamps, tuple(columns), form)
    if not texts:
        raise InputError(f"{path}: there is no text in it")
    return texts


def files_of(path: Path) -> list[Path]:
    """The readable files at a place, in order; InputError if there are none."""
    if path.is_file():
        found = [path]
    else:
        found = sorted(file for file in path.rglob("*") if file.name.endswith(ENDINGS)) if path.is_dir() else []
    if not found or not all(file.name.endswith(ENDINGS) for file in found):
        raise InputError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}, or a folder of such files")
    return found


@lru_cache(maxsize=8)
def _read(stamps: tuple[tuple[str, int, int], ...], columns: tuple[str, ...], form: Format) -> list[str]:
    """By path, size and time, so that a large file is read once a process."""
    texts = (text for name, _, _ in stamps for text in _texts(Path(name), columns, form))
    return [text for text in texts if text.strip()]


def _texts(file: Path, columns: Sequence[str], form: Format) -> Iterator[str]:
    try:
        if file.name.endswith(".txt"):
            yield from _paragraphs(file.read_text(encoding=UTF_8))
            return
        for number, record in enumerate(_records(file, columns)):
            lacking = [column for column in columns if not isinstance(record.get(column), str)]
            if lacking:
                had = _had(record, lacking[0])
                raise InputError(f"{file}: record {number + 1} has no text in {lacking[0]!r}; {had}")
            text = form(record)
            if not _is_unicode(text):
                raise InputError(f"{file}: record {number + 1} holds half a surrogate pair, which no tokenizer takes")
            yield text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error


def _had(record: Mapping[str, Any], column: str) -> str:
    if column in record:
        return f"it is {json.dumps(record[column], ensure_ascii=False, default=str):.60}"
    return f"it has {', '.join(map(str, record))}"


def _is_unicode(text: str) -> bool:
    """JSON can write what UTF-8 cannot: half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    # Not splitlines, which also breaks at characters that belong to a text, such as a form feed.
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []


def _records(file: Path, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    if file.name.endswith(".parquet"):
        parquet = pq.ParquetFile(file)
        lacking = [column for column in columns if column not in parquet.schema_arrow.names]
        if lacking:
            raise InputError(f"{file}: no column {lacking[0]!r}; it has {', '.join(parquet.schema_arrow.names)}")
        for batch in parquet.iter_batches(columns=list(columns)):
            yield from batch.to_pylist()
        return
    opener = gzip.open if file.name.endswith(".gz") else open
    with opener(file, "rt", encoding=UTF_8) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise InputError(f"{file}: line {number} is no JSON object")
                yield record
