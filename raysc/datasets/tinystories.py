"""TinyStories: short stories in a small child's words, as Kazdan et al. 2024 pretrain language models on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.corpus import Corpus, files_of, read_texts
from raysc.datasets.token_rows import TokenRows
from raysc.errors import InputError
from raysc.hub import data_folder
from raysc.pool.tokens import Tokenizer

ID = "roneneldan/TinyStories"


@dataclass(frozen=True)
class TinyStories:
    """TinyStories (Eldan and Li 2023): a row is a story and the end token; held-out rows are its validation split.

    Rows are tokens, int32 (length,): see ``raysc.pool.tokens``.

    Attributes:
        path: a folder with Parquet files whose names begin with train and validation; None: they are fetched from the
            hub.
        tokenizer: of a model, by folder or hub id; None: a byte-level BPE tokenizer is trained on the training texts.
        vocabulary: tokens of a tokenizer that is trained here, at most.
        length: tokens of a row; longer texts are cut.
        rows: training rows per seed, each seed its own subset; None: all, shared by all seeds.

    Raises:
        InputError: impossible parameters.
    """

    path: str | None = None
    tokenizer: str | None = None
    vocabulary: int = 4096
    length: int = 512
    rows: int | None = None

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points", "text"]] = "text"
    labelled: ClassVar[bool] = False
    located: ClassVar[tuple[str, ...]] = ("path", "tokenizer")

    def __post_init__(self) -> None:
        if self.path is not None:
            object.__setattr__(self, "path", str(Path(self.path).expanduser().absolute()))
        _ = self._rows  # checks its sizes

    @cached_property
    def _rows(self) -> TokenRows:
        return TokenRows("tinystories", _Splits(self.path), self.tokenizer, self.vocabulary, self.length, self.rows)

    @property
    def tokens(self) -> Tokenizer:
        return self._rows.tokenizer

    @property
    def count(self) -> int:
        return self._rows.count

    @property
    def event(self) -> tuple[int, ...]:
        return (self.length,)

    def fingerprint(self) -> str:
        return self._rows.fingerprint

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, int32 (1, n, length), or (seeds, rows, length) if ``rows`` is set."""
        return self._rows.train(seeds)

    def test(self) -> np.ndarray:
        """Held-out rows, int32 (rows, length)."""
        return self._rows.test()


@dataclass(frozen=True)
class _Splits:
    path: str | None

    def corpus(self) -> Corpus:
        return Corpus.of(self._texts("train"), self._texts("validation"))

    def _texts(self, split: str) -> list[str]:
        folder = data_folder(ID, "data", [f"data/{split}-*.parquet"]) if self.path is None else Path(self.path)
        files = [file for file in files_of(folder) if file.name.startswith(split) and file.suffix == ".parquet"]
        if not files:
            raise InputError(f"tinystories: {folder} has no Parquet file whose name begins with {split}")
        return [text for file in files for text in read_texts(file, ("text",), itemgetter("text"))]
