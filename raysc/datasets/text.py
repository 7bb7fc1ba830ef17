"""Texts of your own: from files, or from a data set on the Hugging Face hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.corpus import ENDINGS, Corpus, files_of, read_texts
from raysc.datasets.token_rows import TokenRows, split
from raysc.errors import InputError
from raysc.hub import data_folder
from raysc.pool.tokens import Tokenizer


@dataclass(frozen=True)
class Text:
    """Texts as rows of tokens, int32 (length,): see ``raysc.pool.tokens``. Empty texts are left out, long ones cut.

    Attributes:
        path: a file that ends in .txt (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder
            of such files; its content is what counts, not its place.
        hub: instead of ``path``: the id of a data set on the hub; the files whose names hold "train" are read.
        column: of JSON Lines and Parquet: which one is the text.
        held_out_from: held-out texts: a path, or with ``hub`` a word that the names of their files hold, such as
            validation. None: ``held_out`` of the training texts are held out.
        held_out: how many texts are held out where ``held_out_from`` is not set.
        tokenizer: of a model, by folder or hub id; None: a byte-level BPE tokenizer is trained on the training texts.
        vocabulary: tokens of a tokenizer that is trained here, at most.
        length: tokens of a row, its end token included; longer texts are cut.
        rows: training rows per seed, each seed its own subset; None: all, shared by all seeds.

    Raises:
        InputError: impossible parameters, or not exactly one of path and hub.
    """

    path: str | None = None
    hub: str | None = None
    column: str = "text"
    held_out_from: str | None = None
    held_out: int = 500
    tokenizer: str | None = None
    vocabulary: int = 4096
    length: int = 128
    rows: int | None = None

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points", "text"]] = "text"
    labelled: ClassVar[bool] = False
    located: ClassVar[tuple[str, ...]] = ("path", "hub", "held_out_from", "tokenizer")

    def __post_init__(self) -> None:
        if (self.path is None) == (self.hub is None):
            raise InputError("text: set exactly one of path and hub")
        for name in ("path", "held_out_from") if self.path is not None else ():
            if (value := getattr(self, name)) is not None:
                # Workers may run in other folders.
                object.__setattr__(self, name, str(Path(value).expanduser().absolute()))
        _ = self._rows  # checks its sizes

    @cached_property
    def _rows(self) -> TokenRows:
        return TokenRows(
            "text",
            _Texts(self.path, self.hub, self.column, self.held_out_from, self.held_out),
            self.tokenizer,
            self.vocabulary,
            self.length,
            self.rows,
        )

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
class _Texts:
    """The parameters of ``Text`` by which texts are found."""

    path: str | None
    hub: str | None
    column: str
    held_out_from: str | None
    held_out: int

    def corpus(self) -> Corpus:
        train = self._read(self.path, "train")
        if self.held_out_from is None:
            return split(train, self.held_out, "text")
        return Corpus.of(train, self._read(self.held_out_from, self.held_out_from))

    def _read(self, path: str | None, word: str) -> list[str]:
        if self.hub is None:
            assert path is not None, "one of path and hub is set"
            return read_texts(Path(path), (self.column,), itemgetter(self.column))
        patterns = [f"*{word}*{ending}" for ending in ENDINGS]
        folder = data_folder(self.hub, "data.hub", patterns)
        files = [file for file in files_of(folder) if word in file.relative_to(folder).as_posix()]
        return [text for file in files for text in read_texts(file, (self.column,), itemgetter(self.column))]
