"""Base of the data sets of texts from files: tokenizer, rows of tokens, subsets and fingerprint."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Literal

import numpy as np

from raysc.datasets.dataset import Kind
from raysc.datasets.subsets import seed_subset
from raysc.datasets.text.corpus import Corpus
from raysc.datasets.text.tokenizer import check_token_settings, load_or_train_tokenizer, trains_on_long_words
from raysc.errors import InputError
from raysc.pool.tokens import Tokenizer


@dataclass(frozen=True, kw_only=True)
class TokenizedTexts(ABC):
    """Texts as rows of tokens, int32 (length,), as in ``raysc.pool.tokens``; a subclass reads the texts.

    Attributes:
        tokenizer: folder or hub id of a model, for its tokenizer; None: a byte-level BPE tokenizer is trained on the
            training texts.
        vocabulary: maximum number of tokens of a tokenizer that is trained.
        length: tokens of a row, including the end token.
        long: longer texts are cut, and then have no end token, or dropped, training and held-out texts alike.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        name: name of the data set, for messages and random streams.

    A tokenizer is trained on the dropped texts, too.

    Raises:
        InputError: a parameter is out of its range.
    """

    tokenizer: str | None = None
    vocabulary: int = 4096
    length: int = 512
    long: Literal["cut", "drop"] = "cut"
    rows: int | None = None

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "text"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_token_settings(self.name, self.length, self.vocabulary)
        if self.rows is not None and self.rows < 1:
            raise InputError(f"{self.name}: rows must be at least 1, not {self.rows}")

    @abstractmethod
    def corpus(self) -> Corpus:
        """Read the texts; repeated calls are cheap."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle: with the tokenizer, without the texts."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_corpus", "_rows_of_texts")}

    @cached_property
    def _corpus(self) -> Corpus:
        corpus = self.corpus()
        if self.__dict__.get("_content", corpus.digest) != corpus.digest:
            raise InputError(f"{self.name}: its texts changed after the sweep was planned; run the same command again")
        self.__dict__["_content"] = corpus.digest
        return corpus

    @cached_property
    def _rows_of_texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the training and held-out texts that are rows, int64.

        Raises:
            InputError: there are fewer training texts than ``rows``, or all texts of a split are too long.
        """
        train, test = (self._fitting(texts) for texts in (self._corpus.train, self._corpus.test))
        if self.rows is not None and self.rows > len(train):
            short = "" if self.long == "cut" else f" of at most {self.length} tokens"
            raise InputError(f"{self.name} has {len(train)} training texts{short}: rows cannot be {self.rows}")
        return train, test

    def _fitting(self, texts: Sequence[str]) -> np.ndarray:
        if self.long == "cut":
            return np.arange(len(texts))
        fitting = np.flatnonzero(self.tokens.fits(texts, self.length))
        if not len(fitting):
            raise InputError(f"{self.name}: long: drop leaves no text of at most {self.length} tokens; raise length")
        return fitting

    @cached_property
    def count(self) -> int:
        train, _ = self._rows_of_texts
        return len(train) if self.rows is None else self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (self.length,)

    @cached_property
    def tokens(self) -> Tokenizer:
        """The model's tokenizer, or one that is trained on all training texts, independent of ``rows``."""
        return load_or_train_tokenizer(self.tokenizer, lambda: self._corpus.train, self.vocabulary)

    @cached_property
    def _digest(self) -> str:
        if self.tokenizer is not None:
            tokenizer = self.tokens.digest
        else:  # long words are cut since rule 2, which changes the tokenizer of these texts alone
            tokenizer = "words 2" if trains_on_long_words(self._corpus.train) else ""
        return sha256(f"{self._corpus.digest} {tokenizer}".encode()).hexdigest()

    def fingerprint(self) -> str:
        """Return a hash of the texts and of a model's tokenizer; the texts determine a trained one."""
        return self._digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, int32 (1, n, length), or (seeds, rows, length) if ``rows`` is set."""
        train, _ = self._rows_of_texts
        if self.rows is None:
            return self._encode(self._corpus.train, train)[None]
        subsets = [train[seed_subset(self.name, seed, len(train), self.rows)] for seed in seeds]
        return np.stack([self._encode(self._corpus.train, subset) for subset in subsets])

    def test(self) -> np.ndarray:
        """Return the held-out rows, int32 (rows, length)."""
        _, test = self._rows_of_texts
        return self._encode(self._corpus.test, test)

    def _encode(self, texts: Sequence[str], indices: np.ndarray) -> np.ndarray:
        return self.tokens.encode([texts[index] for index in indices], self.length)
