"""HelpSteer2: questions and answers, as Kazdan et al. 2024 finetune language models on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from raysc.datasets.corpus import Corpus, read_texts
from raysc.datasets.token_rows import TokenRows
from raysc.errors import InputError
from raysc.hub import data_folder
from raysc.pool.tokens import Tokenizer

ID = "nvidia/HelpSteer2"
COLUMNS = ("prompt", "response")


@dataclass(frozen=True)
class HelpSteer2:
    r"""NVIDIA's HelpSteer2: each row a prompt with one of its answers, "user: ...\nassistant: ..." and the end token.

    Held-out rows are the real validation split. Rows are tokens, int32 (length,): see ``raysc.pool.tokens``.

    Attributes:
        path: a folder with train.jsonl and validation.jsonl (or .jsonl.gz); None: they are fetched from the hub.
        tokenizer: of a model, by folder or hub id; None: a byte-level BPE tokenizer is trained on the training texts.
        vocabulary: tokens of a tokenizer that is trained here, at most.
        length: tokens of a row, 512 in the paper; longer texts are cut.
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
        return TokenRows("helpsteer2", _Splits(self.path), self.tokenizer, self.vocabulary, self.length, self.rows)

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
        names = [f"{split}.jsonl.gz", f"{split}.jsonl"]
        folder = data_folder(ID, "data", names) if self.path is None else Path(self.path)
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            raise InputError(f"helpsteer2: {folder} has neither {names[0]} nor {names[1]}")
        return read_texts(file, COLUMNS, conversation)


def conversation(record: Mapping[str, Any]) -> str:
    """The text of a prompt and its answer, as the paper's code puts them together."""
    return f"user: {record['prompt']}\nassistant: {record['response']}"
