"""Rows of text: token ids of a fixed length, and the tokenizer that gives and reads them.

A row holds the tokens of one text and then the end token, if there is room for it; what follows is ``PAD``. So rows of
text are arrays like all others, and pools, parts and index arithmetic know nothing of text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from raysc.libraries.optional import text_library

PAD = -1
"""Stands after the end of a text. No token has this id, whatever the tokenizer."""


@dataclass(frozen=True)
class Texts:
    """What is told of rows of text beside their tokens.

    Attributes:
        texts: what they say, one per row.
        acceptance: share of the candidates that were accepted when they were drawn; None: none were rejected.
    """

    texts: Sequence[str]
    acceptance: float | None = None


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer as plain values, so that it can be sent anywhere.

    Attributes:
        json: what the tokenizers library calls its own format.
        begin: the token that a model is shown before the first of a row; where a tokenizer has none, its end token.
        end: the token that ends a text.
        size: how many tokens there are; ids are 0 to size - 1.
    """

    json: str
    begin: int
    end: int
    size: int

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return sha256(f"{self.begin} {self.end} {self.json}".encode()).hexdigest()

    def shared(self, other: "Tokenizer") -> float:
        """The share of its tokens that are the other's under the same id, 0 to 1."""
        own: dict[str, int] = self._library().get_vocab()
        theirs: dict[str, int] = other._library().get_vocab()
        return sum(theirs.get(token) == number for token, number in own.items()) / self.size

    def encode(self, texts: Sequence[str], length: int) -> np.ndarray:
        """Texts as rows, int32 (texts, length): tokens, the end token, ``PAD``; what is longer is cut, with no end."""
        rows = np.full((len(texts), length), PAD, np.int32)
        for row, encoding in zip(
            rows, self._library().encode_batch(list(texts), add_special_tokens=False), strict=True
        ):
            tokens = [*encoding.ids, self.end][:length]
            row[: len(tokens)] = tokens
        return rows

    def decode(self, rows: np.ndarray) -> list[str]:
        """The texts of rows, int (rows, length); special tokens are left out, bytes that are no UTF-8 become U+FFFD."""
        texts: list[str] = self._library().decode_batch([row[:count].tolist() for row, count in
                                                         zip(rows, lengths(rows), strict=True)])  # fmt: skip
        return texts

    def save(self, folder: Path) -> None:
        """Write what transformers' AutoTokenizer reads."""
        library = self._library()
        text_library("transformers", "saving a tokenizer").PreTrainedTokenizerFast(
            tokenizer_object=library,
            bos_token=library.id_to_token(self.begin),
            eos_token=library.id_to_token(self.end),
        ).save_pretrained(folder)

    def _library(self) -> Any:
        return _parsed(self.json)


@lru_cache(maxsize=4)
def _parsed(json: str) -> Any:
    parsed = text_library("tokenizers", "text").Tokenizer.from_str(json)
    parsed.encode_special_tokens = True  # "<eos>" in a text is five letters, not the end
    return parsed


def lengths(rows: np.ndarray) -> np.ndarray:
    """How many tokens rows (..., length) have, the end token included: int64 (...)."""
    counted: np.ndarray = (rows != PAD).sum(axis=-1)
    return counted
