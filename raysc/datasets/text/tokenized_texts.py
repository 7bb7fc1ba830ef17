"""Base of the data sets of texts from files: tokenizer, rows of tokens, subsets and fingerprint."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar

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
        length: tokens of a row, including the end token; longer texts are cut.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        name: name of the data set, for messages and random streams.

    Raises:
        InputError: a parameter is out of its range.
    """

    tokenizer: str | None = None
    vocabulary: int = 4096
    length: int = 512
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
        return {name: value for name, value in self.__dict__.items() if name != "_corpus"}

    @cached_property
    def _corpus(self) -> Corpus:
        corpus = self.corpus()
        if self.rows is not None and self.rows > len(corpus.train):
            raise InputError(f"{self.name} has {len(corpus.train)} training texts: rows cannot be {self.rows}")
        if self.__dict__.get("_content", corpus.digest) != corpus.digest:
            raise InputError(f"{self.name}: its texts changed after the sweep was planned; run the same command again")
        self.__dict__["_content"] = corpus.digest
        return corpus

    @cached_property
    def count(self) -> int:
        return len(self._corpus.train) if self.rows is None else self.rows

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
        texts = self._corpus.train
        if self.rows is None:
            return self.tokens.encode(texts, self.length)[None]
        subsets = [seed_subset(self.name, seed, len(texts), self.rows) for seed in seeds]
        return np.stack([self.tokens.encode([texts[index] for index in subset], self.length) for subset in subsets])

    def test(self) -> np.ndarray:
        """Return the held-out rows, int32 (rows, length)."""
        return self.tokens.encode(self._corpus.test, self.length)
