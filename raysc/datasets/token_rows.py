"""What the text data sets share: from texts to rows of tokens."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Literal

import numpy as np

from raysc.datasets.text_files import Corpus
from raysc.datasets.tokenizer import BYTES, model_tokenizer, trained_tokenizer
from raysc.errors import InputError
from raysc.pool.tokens import Tokenizer
from raysc.rng import stream


@dataclass(frozen=True, kw_only=True)
class TokenRows(ABC):
    """Texts from somewhere as rows of tokens, int32 (length,): see ``raysc.pool.tokens``. A data set says from where.

    Attributes:
        tokenizer: of a model, by folder or hub id; None: a byte-level BPE tokenizer is trained on the training texts.
        vocabulary: tokens of a tokenizer that is trained here, at most.
        length: tokens of a row, its end token included; longer texts are cut.
        rows: training rows per seed, each seed its own subset; None: all, shared by all seeds.
        name: of the data set, for messages and streams.

    Raises:
        InputError: impossible parameters.
    """

    tokenizer: str | None = None
    vocabulary: int = 4096
    length: int = 512
    rows: int | None = None

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points", "text"]] = "text"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_sizes(self.name, self.length, self.vocabulary)
        if self.rows is not None and self.rows < 1:
            raise InputError(f"{self.name}: rows must be at least 1, not {self.rows}")

    @abstractmethod
    def corpus(self) -> Corpus:
        """The texts; reading them again is cheap."""

    def __getstate__(self) -> dict[str, Any]:
        """The tokenizer travels with the data set, the texts do not."""
        return {name: value for name, value in self.__dict__.items() if name != "_corpus"}

    @cached_property
    def _corpus(self) -> Corpus:
        corpus = self.corpus()
        if self.rows is not None and self.rows > len(corpus.train):
            raise InputError(f"{self.name} has {len(corpus.train)} training texts: rows cannot be {self.rows}")
        return corpus

    @cached_property
    def count(self) -> int:
        return len(self._corpus.train) if self.rows is None else self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (self.length,)

    @cached_property
    def tokens(self) -> Tokenizer:
        """The model's, or one that is trained on all training texts, whatever ``rows`` says."""
        if self.tokenizer is not None:
            return model_tokenizer(self.tokenizer)
        return trained_tokenizer(self._corpus.train, self.vocabulary)

    @cached_property
    def _fingerprint(self) -> str:
        given = "" if self.tokenizer is None else self.tokens.digest
        return sha256(f"{self._corpus.digest} {given}".encode()).hexdigest()

    def fingerprint(self) -> str:
        """Of the texts, and of a given tokenizer; one that is trained is determined by the texts."""
        return self._fingerprint

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, int32 (1, n, length) if all seeds share them, else (seeds, rows, length), prefixes of more."""
        texts = self._corpus.train
        if self.rows is None:
            return self.tokens.encode(texts, self.length)[None]
        orders = [stream(seed, 0, "data", self.name).permutation(len(texts))[: self.rows] for seed in seeds]
        return np.stack([self.tokens.encode([texts[index] for index in order], self.length) for order in orders])

    def test(self) -> np.ndarray:
        """Held-out rows, int32 (rows, length)."""
        return self.tokens.encode(self._corpus.test, self.length)


def check_sizes(name: str, length: int, vocabulary: int) -> None:
    """Refuse impossible sizes; InputError."""
    if length < 2:
        raise InputError(f"{name}: length must be at least 2 tokens, not {length}")
    if vocabulary <= BYTES:
        raise InputError(f"{name}: vocabulary must be more than the {BYTES} bytes, not {vocabulary}")


def split(texts: Sequence[str], held_out: int, name: str) -> Corpus:
    """Training and held-out texts of one source, in one fixed random order.

    Args:
        texts: all of them.
        held_out: how many are held out.
        name: of the data set, for the message.

    Raises:
        InputError: nothing would be left to train on.
    """
    if not 1 <= held_out < len(texts):
        raise InputError(f"{name}: held_out must be 1 to {len(texts) - 1}, since there are {len(texts)} texts")
    # Raw Philox words, because NumPy promises to keep those for ever.
    words = stream(0, 0, "data", "text", "split").bit_generator.random_raw(len(texts))
    order = np.argsort(words, kind="stable")
    return Corpus.of([texts[i] for i in order[held_out:]], [texts[i] for i in order[:held_out]])
