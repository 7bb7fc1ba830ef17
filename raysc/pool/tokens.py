"""Rows of text: token ids of a fixed length, and their tokenizer.

A row holds the tokens of one text, the end token if it fits, and ``PAD`` to its full length. Rows of text are arrays
like all others: blocks, parts and training sets handle them without special cases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from raysc.libraries.interruptible import call_interruptibly
from raysc.libraries.optional import text_library

PAD = -1
"""Padding after the end of a text. No token of any tokenizer has this id."""

BATCH_CHARACTERS = 2**21
"""Number of characters that are encoded at a time."""
SHORT_BATCH = 256
"""Texts up to which a batch is encoded without a thread, whose start takes longer than the batch."""


@dataclass(frozen=True)
class Texts:
    """Decoded texts of rows of tokens.

    Attributes:
        texts: the texts, one per row.
        acceptance: share of candidates that the rejection rule accepted, 0 to 1; None without a rejection rule.
    """

    texts: Sequence[str]
    acceptance: float | None = None


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer as plain, picklable values.

    Attributes:
        json: the tokenizer in the JSON format of the tokenizers library.
        begin: id of the token before the first one of a row, as model input; the end token if there is no begin token.
        end: id of the token that ends a text.
        size: one more than the highest id of a token.
    """

    json: str
    begin: int
    end: int
    size: int

    @property
    def digest(self) -> str:
        """SHA-256 of all values."""
        return sha256(f"{self.begin} {self.end} {self.json}".encode()).hexdigest()

    def overlap(self, other: "Tokenizer") -> float:
        """Return the share of this vocabulary's tokens that have the same id in the other one, 0 to 1."""
        ids: dict[str, int] = self._library().get_vocab()
        other_ids: dict[str, int] = other._library().get_vocab()
        return sum(other_ids.get(token) == number for token, number in ids.items()) / len(ids)

    def encode(self, texts: Sequence[str], length: int) -> np.ndarray:
        """Return texts as rows, int32 (texts, length): tokens, end, ``PAD``; longer texts are cut and have no end."""
        rows = np.full((len(texts), length), PAD, np.int32)
        start = 0
        for batch in _batches(texts):
            for row, encoding in zip(rows[start : start + len(batch)], self._encodings(batch), strict=True):
                tokens = [*encoding.ids[:length], self.end][:length]
                row[: len(tokens)] = tokens
            start += len(batch)
        return rows

    def fits(self, texts: Sequence[str], length: int) -> np.ndarray:
        """Return True for texts whose tokens and end token fit in a row, bool (texts,)."""
        counts = [len(encoding.ids) for batch in _batches(texts) for encoding in self._encodings(batch)]
        return np.array(counts, dtype=np.int64) < length

    def decode(self, rows: np.ndarray) -> list[str]:
        """Return the texts of rows, int (rows, length), without special tokens; invalid UTF-8 becomes U+FFFD."""
        texts: list[str] = self._library().decode_batch([row[:count].tolist() for row, count in
                                                         zip(rows, lengths(rows), strict=True)])  # fmt: skip
        return texts

    def save(self, folder: Path) -> None:
        """Write the tokenizer for transformers' AutoTokenizer."""
        library = self._library()
        text_library("transformers", "saving a tokenizer").PreTrainedTokenizerFast(
            tokenizer_object=library,
            bos_token=library.id_to_token(self.begin),
            eos_token=library.id_to_token(self.end),
        ).save_pretrained(folder)

    def _encodings(self, texts: list[str]) -> list[Any]:
        """Return the library's encodings of texts, without special tokens."""
        call = partial(self._library().encode_batch, texts, add_special_tokens=False)
        encodings: list[Any] = call() if len(texts) <= SHORT_BATCH else call_interruptibly(call)
        return encodings

    def _library(self) -> Any:
        return _parsed(self.json)


@lru_cache(maxsize=4)
def _parsed(json: str) -> Any:
    parsed = text_library("tokenizers", "text").Tokenizer.from_str(json)
    parsed.encode_special_tokens = True  # "<eos>" in a text is five characters, not the end token
    return parsed


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Group texts into batches of about ``BATCH_CHARACTERS`` characters, in order; each has at least one text."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def lengths(rows: np.ndarray) -> np.ndarray:
    """Return the number of tokens of rows (..., length), with the end token: int64 (...)."""
    counts: np.ndarray = (rows != PAD).sum(axis=-1)
    return counts
