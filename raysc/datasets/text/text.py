"""Texts of a user, from files or from a data set on the Hugging Face hub."""

from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

from raysc.datasets.local_files import absolute_path
from raysc.datasets.text.corpus import ENDINGS, Corpus, list_files, read_texts
from raysc.datasets.text.tokenized_texts import TokenizedTexts
from raysc.errors import InputError
from raysc.libraries.hub import data_folder


@dataclass(frozen=True)
class Text(TokenizedTexts):
    """Texts as rows of tokens, int32 (length,), as in ``raysc.pool.tokens``; empty texts are dropped, long ones cut.

    Attributes:
        path: a .txt file (UTF-8, blank lines between texts), .jsonl, .jsonl.gz or .parquet, or a folder of such files.
            The path is in no key; the content is.
        hub: id of a data set on the hub, instead of ``path``; files with "train" in their names are read.
        column: the column of JSON Lines or Parquet that holds the text.
        held_out_from: source of the held-out texts: a path, or with ``hub`` a word in the names of their files, such as
            validation. None: ``held_out`` of the training texts are held out.
        held_out: number of held-out texts where ``held_out_from`` is not set.

    Raises:
        InputError: a parameter is out of its range, or not exactly one of path and hub is set.
    """

    path: str | None = None
    hub: str | None = None
    column: str = "text"
    held_out_from: str | None = None
    held_out: int = 500
    length: int = 128

    name: ClassVar[str] = "text"
    location_parameters: ClassVar[tuple[str, ...]] = ("path", "hub", "held_out_from", "tokenizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.path is None) == (self.hub is None):
            raise InputError("text: set exactly one of path and hub")
        if self.path is not None:
            object.__setattr__(self, "path", absolute_path(self.path))
            object.__setattr__(self, "held_out_from", absolute_path(self.held_out_from))

    def corpus(self) -> Corpus:
        train = self._read(self.path, "train")
        if self.held_out_from is None:
            return Corpus.split(train, self.held_out, "text")
        return Corpus.from_texts(train, self._read(self.held_out_from, self.held_out_from))

    def _read(self, path: str | None, word: str) -> list[str]:
        if self.hub is None:
            assert path is not None, "the constructor requires path or hub"
            return read_texts(Path(path), (self.column,), itemgetter(self.column))
        patterns = [f"*{word}*{ending}" for ending in ENDINGS]
        folder = data_folder(self.hub, "data.hub", patterns)
        files = [file for file in list_files(folder) if word in file.relative_to(folder).as_posix()]
        return [text for file in files for text in read_texts(file, (self.column,), itemgetter(self.column))]
